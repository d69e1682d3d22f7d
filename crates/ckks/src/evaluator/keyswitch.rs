//! Hybrid key switching: decompose, take the inner product with the key, divide by the special primes.

use ckks_math::{AutomorphismTable, KeySwitch, Ntt, Poly, Switched};

use super::Evaluator;
use crate::keys::SwitchingKey;
use crate::params::KeyShape;

/// What a key switch does besides the inner product.
#[derive(Clone, Copy, Default)]
pub(super) struct Around<'a> {
    /// Added to the two halves.
    pub(super) plus: [Option<&'a Poly<Ntt>>; 2],
    /// Whether the division covers the last ciphertext prime as well as the special primes.
    pub(super) rescale: bool,
    /// The automorphism applied to the sum.
    pub(super) table: Option<&'a AutomorphismTable>,
}

impl Evaluator {
    /// The digits of `c` for keys of this shape, each raised to the ciphertext primes of `c` and the special primes.
    ///
    /// All switches of one polynomial can share its digits: hoisting (Halevi, Shoup, CRYPTO 2018).
    #[must_use]
    pub fn decompose(&self, c: &Poly<Ntt>, shape: KeyShape) -> Vec<Poly<Ntt>> {
        let ranges: Vec<_> = shape.digits.ranges(c.basis().q - 1).collect();
        c.decompose_at(&ranges, shape.special)
    }

    /// `<digits, key> / P`: both halves, over the ciphertext primes.
    #[must_use]
    pub fn switch(&self, digits: &[Poly<Ntt>], key: &SwitchingKey) -> [Poly<Ntt>; 2] {
        switch_digits(digits, key, Around::default())
    }

    /// `plus + <digits of c, key> / P`: both halves, over the ciphertext primes. The digits are never in memory as a
    /// whole.
    #[must_use]
    pub fn switch_polynomial(
        &self,
        c: &Poly<Ntt>,
        key: &SwitchingKey,
        plus: [Option<&Poly<Ntt>>; 2],
    ) -> [Poly<Ntt>; 2] {
        switch_polynomial(c, key, Around { plus, ..Around::default() })
    }

    /// `(plus + <digits of c, key> / P) / q`, with `q` the last prime of `c` and a single rounding.
    ///
    /// # Panics
    /// If `c` is at level 0.
    #[must_use]
    pub fn switch_polynomial_rescale(
        &self,
        c: &Poly<Ntt>,
        key: &SwitchingKey,
        plus: [Option<&Poly<Ntt>>; 2],
    ) -> [Poly<Ntt>; 2] {
        switch_polynomial(c, key, Around { plus, rescale: true, ..Around::default() })
    }
}

/// [`Evaluator::switch_polynomial`] with all options.
pub(super) fn switch_polynomial(c: &Poly<Ntt>, key: &SwitchingKey, around: Around<'_>) -> [Poly<Ntt>; 2] {
    let ranges: Vec<_> = key.shape.digits.ranges(c.basis().q - 1).collect();
    switch(Switched::Poly(c, &ranges), key, around)
}

/// [`Evaluator::switch`] with all options. The digits must be those of the key's shape.
pub(super) fn switch_digits(digits: &[Poly<Ntt>], key: &SwitchingKey, around: Around<'_>) -> [Poly<Ntt>; 2] {
    switch(Switched::Digits(digits), key, around)
}

fn switch(switched: Switched<'_>, key: &SwitchingKey, around: Around<'_>) -> [Poly<Ntt>; 2] {
    let Around { plus, rescale, table } = around;
    let (special, key) = (key.shape.special, &key.digits[..]);
    Poly::key_switch(&KeySwitch { switched, key, special, plus, rescale, table })
}
