//! Parameter sets. A literal is checked once, and all code runs on checked values.

mod check;
mod key_shape;
mod objects;

pub use key_shape::KeyShape;
pub use objects::ObjectSecurity;

use std::fmt;
use std::sync::Arc;

use ckks_math::{Basis, Modulus, Ring};

use crate::error::Error;
use crate::scale::Scale;
use crate::security::SecretDistribution;

/// Standard deviation of the error polynomials.
pub const ERROR_STD: f64 = 3.2;

/// Whether a parameter set must lie within the security table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SecurityLevel {
    /// 128 classical bits by [`crate::security::TABLE`].
    Bits128,
    /// No claim. For tests; the command line refuses such a set.
    Insecure,
}

/// A parameter set as written down, not yet [checked](Self::check).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParametersLiteral {
    /// Name of the set, part of its identity.
    pub name: String,
    /// `log2` of the ring degree, 10 to 16.
    pub log_n: u32,
    /// Bit sizes of the ciphertext primes `q_0, q_1, ..` (level 0 first), each 20 to 50.
    pub log_q: Vec<u32>,
    /// Bit sizes of the special primes of key switching, each 20 to 50. Those beyond the first `special` serve keys
    /// of low levels, where the modulus leaves room.
    pub log_p: Vec<u32>,
    /// Special primes of a key of the top level.
    pub special: usize,
    /// Ciphertext primes in one digit of a key of the top level.
    pub digit_limbs: usize,
    /// `log2` of the default scale of vectors.
    pub log_scale: i32,
    /// Distribution of the secret key.
    pub secret: SecretDistribution,
    /// Hamming weight of the ephemeral secret under which the bootstrap encapsulates `q_0`. `None` for sets without
    /// bootstrap.
    pub ephemeral_weight: Option<u32>,
    /// The primes of ciphertexts that a bootstrap has raised. `None` for sets without bootstrap.
    pub raised: Option<RaisedLiteral>,
    /// The security claim that [`check`](Self::check) verifies.
    pub security: SecurityLevel,
}

/// The chain of ciphertexts within a bootstrap, from ModRaise to EvalMod: primes of their own, as large as they can be, since the scale of
/// the application need not divide them. Fields as in [`ParametersLiteral`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RaisedLiteral {
    /// Bit sizes of the ciphertext primes, from the last that the bootstrap uses up.
    pub log_q: Vec<u32>,
    /// Bit sizes of the special primes.
    pub log_p: Vec<u32>,
    /// Special primes of a key of the top level.
    pub special: usize,
    /// Ciphertext primes in one digit of a key of the top level.
    pub digit_limbs: usize,
}

/// A checked parameter set. Cheap to clone.
#[derive(Clone)]
pub struct Parameters(Arc<Inner>);

struct Inner {
    literal: ParametersLiteral,
    ring: Arc<Ring>,
    hash: [u8; 32],
    chain: Chain,
}

/// Whether a set is a whole one, or the raised chain of another.
enum Chain {
    Whole(Option<Parameters>),
    Raised,
}

impl Parameters {
    /// The literal of this set.
    #[must_use]
    pub fn literal(&self) -> &ParametersLiteral {
        &self.0.literal
    }

    /// The set's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.0.literal.name
    }

    /// The polynomial ring with all primes.
    #[must_use]
    pub fn ring(&self) -> &Arc<Ring> {
        &self.0.ring
    }

    /// The same ring, secrets and claim over the primes of ciphertexts that a bootstrap has raised. `None` for sets without bootstrap, and
    /// for such a chain itself.
    #[must_use]
    pub fn raised(&self) -> Option<&Parameters> {
        match &self.0.chain {
            Chain::Whole(raised) => raised.as_ref(),
            Chain::Raised => None,
        }
    }

    /// Whether this is the [raised](Self::raised) chain of another set.
    #[must_use]
    pub fn is_raised(&self) -> bool {
        matches!(self.0.chain, Chain::Raised)
    }

    /// Ring degree `N`.
    #[must_use]
    pub fn degree(&self) -> usize {
        1 << self.0.literal.log_n
    }

    /// Number of slots, `N/2`.
    #[must_use]
    pub fn slots(&self) -> usize {
        self.degree() / 2
    }

    /// Level of a ciphertext with all primes: their number minus one.
    #[must_use]
    pub fn max_level(&self) -> usize {
        self.ring().q().len() - 1
    }

    /// The prime that a rescaling at `level` divides by.
    #[must_use]
    pub fn q(&self, level: usize) -> Modulus {
        self.ring().q()[level]
    }

    /// Basis of a ciphertext at `level`.
    #[must_use]
    pub fn basis(&self, level: usize) -> Basis {
        Basis::of_q(level + 1)
    }

    /// The default scale of vectors.
    #[must_use]
    pub fn default_scale(&self) -> Scale {
        Scale::power_of_two(self.0.literal.log_scale)
    }

    /// The prime that a rescaling at `level` divides by, as a scale. A factor encoded at this scale leaves the scale
    /// of the rescaled product unchanged.
    #[must_use]
    pub fn rescale_factor(&self, level: usize) -> Scale {
        Scale::prime(self.q(level).value())
    }

    /// Hash of everything that defines the set. Files carry it.
    #[must_use]
    pub fn hash(&self) -> &[u8; 32] {
        &self.0.hash
    }

    /// `log2` of the modulus of a key of the top level: all ciphertext primes and its special primes. Of the [raised](Self::raised) chain,
    /// if it has more bits.
    #[must_use]
    pub fn log_qp(&self) -> f64 {
        let raised = self.raised().map_or(0.0, |raised| raised.log2_basis(raised.top_basis()));
        self.log2_basis(self.top_basis()).max(raised)
    }

    /// Bits of a prime of a key of the top level, on average.
    #[must_use]
    pub fn mean_prime_bits(&self) -> f64 {
        self.log2_basis(self.top_basis()) / self.top_basis().limbs() as f64
    }

    fn top_basis(&self) -> Basis {
        Basis { q: self.ring().q().len(), p: self.literal().special }
    }

    /// `log2` of the product of the ciphertext primes up to `level`.
    #[must_use]
    pub fn log_q(&self, level: usize) -> f64 {
        self.log2_basis(self.basis(level))
    }

    /// Claimed security in bits: 128, or 0 for an insecure test set.
    #[must_use]
    pub fn security_bits(&self) -> u32 {
        match self.0.literal.security {
            SecurityLevel::Bits128 => 128,
            SecurityLevel::Insecure => 0,
        }
    }

    pub(crate) fn no_bootstrap(&self) -> Error {
        Error::InvalidParameters(format!("{} does not bootstrap", self.name()))
    }

    fn log2_basis(&self, basis: Basis) -> f64 {
        let ring = self.ring();
        log2_moduli(&ring.q()[..basis.q]) + log2_moduli(&ring.p()[..basis.p])
    }
}

impl PartialEq for Parameters {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || self.0.hash == other.0.hash
    }
}

impl Eq for Parameters {}

impl fmt::Debug for Parameters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let literal = self.literal();
        write!(
            f,
            "{}: N = 2^{}, {} levels, log2(QP) = {:.1}",
            literal.name,
            literal.log_n,
            self.max_level(),
            self.log_qp()
        )
    }
}

fn log2_moduli(moduli: &[Modulus]) -> f64 {
    moduli.iter().map(|m| (m.value() as f64).log2()).sum()
}
