//! The public encryption key.

use ckks_math::{Ntt, Poly};

use super::KeyId;
use crate::params::Parameters;

/// An encryption of zero, `b = -a s + e`, over all ciphertext primes. Anyone can encrypt with it.
#[derive(Clone)]
pub struct PublicKey {
    pub(crate) parameters: Parameters,
    pub(crate) key_id: KeyId,
    pub(crate) seed: [u8; 32],
    pub(crate) b: Poly<Ntt>,
    pub(crate) a: Poly<Ntt>,
}

impl PublicKey {
    /// Rebuilds a key from its `b` half and the seed of its `a` half.
    #[must_use]
    pub fn from_parts(parameters: &Parameters, key_id: KeyId, seed: [u8; 32], b: Poly<Ntt>) -> Self {
        let a = public_half(parameters, &seed);
        Self { parameters: parameters.clone(), key_id, seed, b, a }
    }

    /// The parameter set.
    #[must_use]
    pub fn parameters(&self) -> &Parameters {
        &self.parameters
    }

    /// The id of the secret key that this belongs to.
    #[must_use]
    pub fn key_id(&self) -> KeyId {
        self.key_id
    }

    /// The seed of the `a` half.
    #[must_use]
    pub fn seed(&self) -> &[u8; 32] {
        &self.seed
    }

    /// The `b` half.
    #[must_use]
    pub fn b(&self) -> &Poly<Ntt> {
        &self.b
    }
}

pub(crate) fn public_half(parameters: &Parameters, seed: &[u8; 32]) -> Poly<Ntt> {
    ckks_math::sample::uniform(
        parameters.ring(),
        parameters.basis(parameters.max_level()),
        seed,
        b"public key a",
    )
}

impl std::fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "PublicKey({}, {})", self.parameters.name(), self.key_id)
    }
}
