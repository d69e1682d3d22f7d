//! Encrypted vectors, and products of them before relinearisation.

use ckks_math::{Ntt, Poly};

use crate::error::Error;
use crate::keys::KeyId;
use crate::params::Parameters;
use crate::scale::Scale;

/// An encrypted vector: `c0 + c1 s = scale * message + noise` modulo the ciphertext primes up to its level.
#[derive(Clone)]
pub struct Ciphertext {
    pub(crate) parameters: Parameters,
    pub(crate) key_id: KeyId,
    pub(crate) c: [Poly<Ntt>; 2],
    pub(crate) scale: Scale,
}

/// A product of ciphertexts or a sum of such products, before relinearisation: `c0 + c1 s + c2 s^2`. Relinearise
/// once, after the last addition.
#[derive(Clone)]
pub struct Tensor {
    pub(crate) parameters: Parameters,
    pub(crate) key_id: KeyId,
    pub(crate) c: [Poly<Ntt>; 3],
    pub(crate) scale: Scale,
}

impl Ciphertext {
    /// Makes a ciphertext of two polynomials.
    ///
    /// # Errors
    /// [`Error::WrongParameters`] if their bases differ, are empty or contain special primes.
    pub fn from_parts(
        parameters: &Parameters,
        key_id: KeyId,
        c: [Poly<Ntt>; 2],
        scale: Scale,
    ) -> Result<Self, Error> {
        expect_one_basis("ciphertext from parts", &c)?;
        Ok(Self { parameters: parameters.clone(), key_id, c, scale })
    }

    /// The parameter set.
    #[must_use]
    pub fn parameters(&self) -> &Parameters {
        &self.parameters
    }

    /// The id of the secret key that this is encrypted under.
    #[must_use]
    pub fn key_id(&self) -> KeyId {
        self.key_id
    }

    /// Level: number of ciphertext primes less one.
    #[must_use]
    pub fn level(&self) -> usize {
        self.c[0].basis().q - 1
    }

    /// The scale.
    #[must_use]
    pub fn scale(&self) -> &Scale {
        &self.scale
    }

    /// The polynomials `c0`, `c1`.
    #[must_use]
    pub fn polys(&self) -> &[Poly<Ntt>; 2] {
        &self.c
    }

    /// The same polynomials read at another scale, without any computation. This multiplies the message by
    /// `self.scale / scale`.
    #[must_use]
    pub fn with_scale(mut self, scale: Scale) -> Self {
        self.scale = scale;
        self
    }

    /// A ciphertext under the same key with the given polynomials and scale.
    pub(crate) fn with(&self, c: [Poly<Ntt>; 2], scale: Scale) -> Self {
        Self { parameters: self.parameters.clone(), key_id: self.key_id, c, scale }
    }

    /// Bytes of the polynomials in memory.
    #[must_use]
    pub fn memory_bytes(&self) -> usize {
        2 * (self.level() + 1) * self.parameters.ring().limb_len() * size_of::<u64>()
    }
}

impl Tensor {
    /// Makes a product of three polynomials.
    ///
    /// # Errors
    /// [`Error::WrongParameters`] if their bases differ, are empty or contain special primes.
    pub fn from_parts(
        parameters: &Parameters,
        key_id: KeyId,
        c: [Poly<Ntt>; 3],
        scale: Scale,
    ) -> Result<Self, Error> {
        expect_one_basis("product from parts", &c)?;
        Ok(Self { parameters: parameters.clone(), key_id, c, scale })
    }

    /// Level: number of ciphertext primes less one.
    #[must_use]
    pub fn level(&self) -> usize {
        self.c[0].basis().q - 1
    }

    /// The scale: the product of the factors' scales.
    #[must_use]
    pub fn scale(&self) -> &Scale {
        &self.scale
    }

    /// The polynomials `c0`, `c1`, `c2`.
    #[must_use]
    pub fn polys(&self) -> &[Poly<Ntt>; 3] {
        &self.c
    }
}

/// Checks that polynomials are over the same ciphertext primes, at least one, and no special primes.
fn expect_one_basis(operation: &'static str, c: &[Poly<Ntt>]) -> Result<(), Error> {
    let bases: Vec<_> = c.iter().map(Poly::basis).collect();
    if bases.iter().all(|basis| *basis == bases[0] && basis.p == 0 && basis.q > 0) {
        return Ok(());
    }
    Err(Error::WrongParameters {
        operation,
        expected: "polynomials over the same ciphertext primes".into(),
        got: format!("{bases:?}"),
    })
}

impl std::fmt::Debug for Ciphertext {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Ciphertext({}, level {}, scale {})", self.parameters.name(), self.level(), self.scale)
    }
}

impl std::fmt::Debug for Tensor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Tensor({}, level {}, scale {})", self.parameters.name(), self.level(), self.scale)
    }
}
