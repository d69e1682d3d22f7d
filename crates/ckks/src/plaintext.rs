//! Encoded vectors.

use ckks_math::{Ntt, Poly};

use crate::scale::Scale;

/// A polynomial that encodes a vector at a scale.
#[derive(Clone, Debug)]
pub struct Plaintext {
    pub(crate) poly: Poly<Ntt>,
    pub(crate) scale: Scale,
}

impl Plaintext {
    /// Takes `poly` as the encoding of a vector at `scale`.
    #[must_use]
    pub fn from_poly(poly: Poly<Ntt>, scale: Scale) -> Self {
        Self { poly, scale }
    }

    /// The polynomial.
    #[must_use]
    pub fn poly(&self) -> &Poly<Ntt> {
        &self.poly
    }

    /// The scale.
    #[must_use]
    pub fn scale(&self) -> &Scale {
        &self.scale
    }

    /// Level: number of ciphertext primes minus one.
    #[must_use]
    pub fn level(&self) -> usize {
        self.poly.basis().q - 1
    }
}
