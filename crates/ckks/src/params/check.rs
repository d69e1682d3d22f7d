//! From a literal to a checked parameter set.

use std::sync::Arc;

use ckks_math::{Ring, primes};

use super::{Chain, Inner, Parameters, ParametersLiteral};
use crate::digits::Digits;
use crate::error::Error;
use crate::security::{MOST_PARTIES, SecretDistribution};

impl ParametersLiteral {
    /// Finds the primes and checks the set.
    ///
    /// # Errors
    /// [`Error::InvalidParameters`] if sizes are out of range or a key-switch digit exceeds the special primes;
    /// [`Error::Insecure`] if 128 bits are claimed and an object lies outside the security table.
    pub fn check(self) -> Result<Parameters, Error> {
        self.check_apart_from(&[], false)
    }

    /// As [`check`](Self::check), with primes other than those `taken`. `raised` says whether this is the raised chain of another set.
    fn check_apart_from(self, taken: &[u64], raised: bool) -> Result<Parameters, Error> {
        let invalid = |reason: String| Err(Error::InvalidParameters(format!("{}: {reason}", self.name)));
        if !(10..=16).contains(&self.log_n) {
            return invalid(format!("log2(N) = {} is not in 10..=16", self.log_n));
        }
        if self.log_q.is_empty() || self.special == 0 || self.digit_limbs == 0 {
            return invalid("at least one ciphertext prime, special prime and digit limb are needed".into());
        }
        if self.log_q.len() > Digits::MAX_LIMBS {
            return invalid(format!(
                "{} ciphertext primes, more than {}",
                self.log_q.len(),
                Digits::MAX_LIMBS
            ));
        }
        if let SecretDistribution::TernarySum(parties) = self.secret
            && !(2..=MOST_PARTIES).contains(&parties)
        {
            return invalid(format!("{parties} parties, where 2 to {MOST_PARTIES} can share a secret"));
        }
        if self.special > self.log_p.len() {
            return invalid(format!("{} special primes of {}", self.special, self.log_p.len()));
        }
        if let Some(bits) = self.log_q.iter().chain(&self.log_p).find(|bits| !(20..=50).contains(*bits)) {
            return invalid(format!("a prime of {bits} bits is not in 20..=50"));
        }
        let (q, p) = find_primes(self.log_n, &self.log_q, &self.log_p, taken)?;
        let log_p = log2_product(&p[..self.special]);
        if let Some(digit) = q.chunks(self.digit_limbs).find(|digit| log2_product(digit) > log_p) {
            let bits = log2_product(digit);
            return invalid(format!("a digit of {bits:.1} bits exceeds the special primes' {log_p:.1} bits"));
        }
        let chain = match raised {
            true => Chain::Raised,
            // a modulus is switched between the two chains, so they have no prime in common
            false => {
                Chain::Whole(self.raised_chain().map(|chain| chain.check_apart_from(&q, true)).transpose()?)
            }
        };
        let ring = Ring::new(self.log_n, &q, &p)?;
        let hash = hash(&self, &q, &p, &chain);
        let parameters = Parameters(Arc::new(Inner { literal: self, ring, hash, chain }));
        parameters.check_security()?;
        Ok(parameters)
    }

    /// The raised chain as a set of its own.
    fn raised_chain(&self) -> Option<Self> {
        let raised = self.raised.clone()?;
        Some(Self {
            name: format!("{} raised", self.name),
            log_q: raised.log_q,
            log_p: raised.log_p,
            special: raised.special,
            digit_limbs: raised.digit_limbs,
            raised: None,
            ..self.clone()
        })
    }
}

/// The primes closest to each size, all distinct and none of those `taken`. Special primes are assigned first, then the ciphertext primes from
/// level 0 up, so the assignment depends on the literal alone.
fn find_primes(
    log_n: u32,
    log_q: &[u32],
    log_p: &[u32],
    taken: &[u64],
) -> Result<(Vec<u64>, Vec<u64>), Error> {
    let mut taken = taken.to_vec();
    let mut next = |bits: u32| -> Result<u64, Error> {
        let found = primes::ntt_primes(log_n + 1, bits, 1, &taken)?;
        taken.push(found[0]);
        Ok(found[0])
    };
    let p = log_p.iter().map(|&bits| next(bits)).collect::<Result<Vec<_>, _>>()?;
    let q = log_q.iter().map(|&bits| next(bits)).collect::<Result<Vec<_>, _>>()?;
    Ok((q, p))
}

fn log2_product(primes: &[u64]) -> f64 {
    primes.iter().map(|&p| (p as f64).log2()).sum()
}

fn hash(literal: &ParametersLiteral, q: &[u64], p: &[u64], chain: &Chain) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new_derive_key("ckks parameter set v1");
    hasher.update(&literal.log_n.to_le_bytes());
    for chain in [q, p] {
        hasher.update(&(chain.len() as u64).to_le_bytes());
        chain.iter().for_each(|prime| {
            hasher.update(&prime.to_le_bytes());
        });
    }
    hasher.update(&(literal.special as u64).to_le_bytes());
    hasher.update(&(literal.digit_limbs as u64).to_le_bytes());
    hasher.update(&literal.log_scale.to_le_bytes());
    let weight = |secret| match secret {
        SecretDistribution::Ternary | SecretDistribution::TernarySum(_) => 0u32,
        SecretDistribution::SparseTernary(weight) => weight,
    };
    hasher.update(&weight(literal.secret).to_le_bytes());
    hasher.update(&literal.ephemeral_weight.unwrap_or(0).to_le_bytes());
    if let SecretDistribution::TernarySum(parties) = literal.secret {
        hasher.update(b"parties").update(&parties.to_le_bytes());
    }
    match chain {
        Chain::Whole(None) => {}
        Chain::Whole(Some(raised)) => {
            hasher.update(b"raised").update(raised.hash());
        }
        Chain::Raised => {
            hasher.update(b"of a bootstrap");
        }
    }
    *hasher.finalize().as_bytes()
}
