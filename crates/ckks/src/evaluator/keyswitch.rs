//! Hybrid key switching: decompose, inner product with the key, divide by the special primes.

use ckks_math::{Ntt, Poly};

use super::Evaluator;
use crate::keys::SwitchingKey;
use crate::params::KeyShape;

impl Evaluator {
    /// The digits of `c` for keys of that shape, each raised to the primes up to its level and the special primes.
    ///
    /// Everything that switches the same polynomial shares them: hoisting (Halevi, Shoup, CRYPTO 2018).
    #[must_use]
    pub fn decompose(&self, c: &Poly<Ntt>, shape: KeyShape) -> Vec<Poly<Ntt>> {
        let ranges: Vec<_> = shape.digits.ranges(c.basis().q - 1).collect();
        c.decompose_at(&ranges, shape.special)
    }

    /// `<digits, key>`: both halves, still times `P`, over the ciphertext primes and the special primes.
    #[must_use]
    pub fn switch_raised(&self, digits: &[Poly<Ntt>], key: &SwitchingKey) -> [Poly<Ntt>; 2] {
        Poly::dot2(digits, &key.b[..digits.len()], &key.a[..digits.len()])
    }

    /// `<digits, key> / P`: both halves over the ciphertext primes.
    #[must_use]
    pub fn switch(&self, digits: &[Poly<Ntt>], key: &SwitchingKey) -> [Poly<Ntt>; 2] {
        self.switch_raised(digits, key).map(|half| half.mod_down())
    }
}

/// `raised += P * c` on the ciphertext primes: joins an unswitched part to a switched one before the common division.
pub(super) fn add_raised(raised: &mut Poly<Ntt>, c: &Poly<Ntt>) {
    raised.add_times_special(c);
}
