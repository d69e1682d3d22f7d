//! A party's shares of decryptions. The noise of a share is a function of the share of the secret and of the release, so that the same
//! release gives the same share: from a copied ledger, or after a lost one, nothing new comes.

use ckks_math::{Ntt, Poly};
use zeroize::Zeroizing;

use crate::decryption::{DecryptionShare, shown};
use crate::error::{Error, Result};
use crate::release::{Ledger, Release};
use crate::secret::SecretShare;

impl SecretShare {
    /// This party's share of a release by all parties: `s_i c_1` and noise, for the coefficients that are shown. The release stands in
    /// the ledger afterwards; keep the ledger before the share is sent.
    ///
    /// # Errors
    /// [`Error::Budget`] if the budget is used up, or not all parties decrypt ([`crate::ThresholdShare::decryption_share`]);
    /// [`Error::OtherSession`].
    pub fn decryption_share(&self, release: &Release, ledger: &mut Ledger) -> Result<DecryptionShare> {
        if release.session().threshold() != release.session().parties() {
            return Err(Error::Budget("some of the parties decrypt: with their threshold shares".into()));
        }
        let basis = release.session().parameters().basis(release.budget().level);
        self.flooded(release, ledger, &self.key.poly().truncated(basis), &[])
    }

    /// `secret * c_1`, with noise and masks.
    pub(crate) fn flooded(
        &self,
        release: &Release,
        ledger: &mut Ledger,
        secret: &Poly<Ntt>,
        masks: &[Mask],
    ) -> Result<DecryptionShare> {
        if release.session().tag() != self.session.tag() {
            return Err(Error::OtherSession { what: "release".into(), party: self.party });
        }
        ledger.enter(release)?;
        let parameters = self.session.parameters();
        let flooding = release.budget().check(parameters)?;
        let primes = &parameters.ring().q()[..=release.budget().level];
        let one = |(position, (a, n)): (usize, &(ckks::Ciphertext, usize))| {
            let mut product = secret.clone().into_secret();
            product.mul_assign(&a.polys()[1]);
            let mut residues = shown(release, &product.into_coeff(), *n);
            let label = [&b"ckks-threshold flooding"[..], &(position as u64).to_le_bytes()].concat();
            let mut rng = self.key.function_of(&label, release.digest());
            let noise = flooding.noise(&mut rng, 2 * n);
            for (i, (limb, prime)) in residues.iter_mut().zip(primes).enumerate() {
                for (word, &noise) in limb.iter_mut().zip(noise.iter()) {
                    *word = prime.add(*word, prime.reduce_i128(noise));
                }
                for mask in masks {
                    mask.apply(release, (position, i), prime, limb);
                }
            }
            residues
        };
        let residues = release.ciphertexts().iter().enumerate().map(one).collect();
        Ok(DecryptionShare { sender: self.sender(), release: *release.digest(), residues })
    }
}

/// A mask that two parties share: one adds it, the other subtracts it. With it, the shares of two sets of parties for one ciphertext have
/// nothing to do with each other.
pub(crate) struct Mask {
    pub(crate) key: Zeroizing<[u8; 32]>,
    pub(crate) subtract: bool,
}

impl Mask {
    fn apply(
        &self,
        release: &Release,
        (position, limb): (usize, usize),
        prime: &ckks_math::Modulus,
        words: &mut [u64],
    ) {
        let mut hasher = blake3::Hasher::new_keyed(&self.key);
        hasher.update(b"ckks-threshold mask").update(release.digest());
        hasher.update(&(position as u64).to_le_bytes()).update(&(limb as u64).to_le_bytes());
        let mut stream = hasher.finalize_xof();
        for word in words {
            // 128 bits modulo a prime below 2^50 are uniform up to 2^-78
            let mut bytes = [0; 16];
            stream.fill(&mut bytes);
            let mask = prime.reduce_i128(i128::from_le_bytes(bytes));
            *word = if self.subtract { prime.sub(*word, mask) } else { prime.add(*word, mask) };
        }
    }
}
