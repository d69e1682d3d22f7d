//! The public encryption key.

use ckks_math::{Basis, Ntt, Poly};

use super::KeyId;
use crate::params::Parameters;

/// An encryption of zero, `b = -a s + e`, over all ciphertext primes and the first special prime, which absorbs the noise of an
/// encryption. Anyone can encrypt with it.
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
        let a = Self::public_half(parameters, &seed);
        Self { parameters: parameters.clone(), key_id, seed, b, a }
    }

    /// The primes of its polynomials.
    #[must_use]
    pub fn basis(parameters: &Parameters) -> Basis {
        Basis { q: parameters.max_level() + 1, p: 1 }
    }

    /// The half that a seed stands for, `a`, over [`basis`](Self::basis).
    #[must_use]
    pub fn public_half(parameters: &Parameters, seed: &[u8; 32]) -> Poly<Ntt> {
        ckks_math::sample::uniform(parameters.ring(), Self::basis(parameters), seed, b"public key a")
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

impl std::fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "PublicKey({}, {})", self.parameters.name(), self.key_id)
    }
}
