//! A prime modulus below 2^50, and arithmetic on its residues.

use crate::{Error, primality::is_prime};

/// Largest bit length of a modulus. Four times a prime then fits the 52-bit multipliers.
pub(crate) const MAX_MODULUS_BITS: u32 = 50;

/// An odd prime p < 2^50 with the constants of its Barrett reductions.
///
/// Residues are fully reduced, in `[0, p)`, as operands and as results. No operation branches on its operands.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Modulus {
    value: u64,
    bits: u32,
    /// floor(2^64 / p)
    barrett_64: u64,
    /// floor(2^(2 bits) / p)
    barrett_product: u64,
    /// 2^64 mod p
    two_64: u64,
    /// 2^52 mod p
    two_52: u64,
    /// p^-1 mod 2^52
    inverse_52: u64,
}

impl std::fmt::Debug for Modulus {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Modulus({})", self.value)
    }
}

impl Modulus {
    /// A modulus from an odd prime below 2^50.
    ///
    /// # Errors
    /// [`Error::Modulus`] if `value` is even, too large, or not prime.
    pub fn new(value: u64) -> Result<Self, Error> {
        if value & 1 == 0 || value >> MAX_MODULUS_BITS != 0 || !is_prime(value) {
            return Err(Error::Modulus { got: value });
        }
        let bits = 64 - value.leading_zeros();
        Ok(Self {
            value,
            bits,
            barrett_64: ((1u128 << 64) / u128::from(value)) as u64,
            barrett_product: ((1u128 << (2 * bits)) / u128::from(value)) as u64,
            two_64: ((1u128 << 64) % u128::from(value)) as u64,
            two_52: (1 << 52) % value,
            inverse_52: inverse_of_odd(value) & ((1 << 52) - 1),
        })
    }

    /// The prime itself.
    #[inline(always)]
    pub fn value(&self) -> u64 {
        self.value
    }

    /// Its length in bits.
    #[inline(always)]
    pub fn bits(&self) -> u32 {
        self.bits
    }

    /// 2^52 mod p.
    #[inline(always)]
    pub(crate) fn two_52(&self) -> u64 {
        self.two_52
    }

    /// p^-1 mod 2^52.
    #[inline(always)]
    pub(crate) fn inverse_52(&self) -> u64 {
        self.inverse_52
    }

    /// Subtracts p once if `x >= p`: maps `[0, 2p)` to `[0, p)`.
    #[inline(always)]
    pub(crate) fn reduce_once(&self, x: u64) -> u64 {
        x.min(x.wrapping_sub(self.value))
    }

    /// `x mod p` for any word.
    #[inline(always)]
    pub fn reduce(&self, x: u64) -> u64 {
        // floor(x * floor(2^64/p) / 2^64) is the quotient or one less, since x * (2^64/p - floor) < 2^64.
        let q = mul_high(x, self.barrett_64);
        self.reduce_once(x.wrapping_sub(q.wrapping_mul(self.value)))
    }

    /// `x mod p` for any double word.
    #[inline(always)]
    pub(crate) fn reduce_u128(&self, x: u128) -> u64 {
        let high = self.reduce((x >> 64) as u64);
        // high * (2^64 mod p) is a product of residues. Its residue and one more reduced word add up to less than 2
        // p.
        self.add(self.mul(high, self.two_64), self.reduce(x as u64))
    }

    /// `x mod p` in `[0, p)` for any signed word.
    #[inline(always)]
    pub fn reduce_i64(&self, x: i64) -> u64 {
        let magnitude = self.reduce(x.unsigned_abs());
        self.negate_if(magnitude, (x >> 63) as u64)
    }

    /// `x mod p` in `[0, p)` for any signed double word.
    #[inline(always)]
    pub fn reduce_i128(&self, x: i128) -> u64 {
        let magnitude = self.reduce_u128(x.unsigned_abs());
        self.negate_if(magnitude, (x >> 127) as u64)
    }

    /// `-a` where `mask` is all ones, `a` where it is zero.
    #[inline(always)]
    fn negate_if(&self, a: u64, mask: u64) -> u64 {
        (a & !mask) | (self.neg(a) & mask)
    }

    /// `a + b`.
    #[inline(always)]
    pub fn add(&self, a: u64, b: u64) -> u64 {
        self.reduce_once(a + b)
    }

    /// `a - b`.
    #[inline(always)]
    pub fn sub(&self, a: u64, b: u64) -> u64 {
        // A negative difference wraps to near 2^64, and then the sum with p is smaller.
        let d = a.wrapping_sub(b);
        d.min(d.wrapping_add(self.value))
    }

    /// `-a`.
    #[inline(always)]
    pub fn neg(&self, a: u64) -> u64 {
        self.sub(0, a)
    }

    /// `a * b`.
    #[inline(always)]
    pub fn mul(&self, a: u64, b: u64) -> u64 {
        self.reduce_product(u128::from(a) * u128::from(b))
    }

    /// `x mod p` for `x < 2^(2 bits)`, which covers any product of two residues.
    #[inline(always)]
    pub(crate) fn reduce_product(&self, x: u128) -> u64 {
        // Barrett (HAC 14.42 with base 2): the estimate is at most 2 below the quotient.
        let top = u128::from((x >> (self.bits - 1)) as u64);
        let estimate = ((top * u128::from(self.barrett_product)) >> (self.bits + 1)) as u64;
        let r = (x as u64).wrapping_sub(estimate.wrapping_mul(self.value));
        self.reduce_once(self.reduce_once(r))
    }

    /// `base ^ exponent`.
    pub fn pow(&self, base: u64, mut exponent: u64) -> u64 {
        let mut base = self.reduce(base);
        let mut acc = 1;
        while exponent != 0 {
            if exponent & 1 == 1 {
                acc = self.mul(acc, base);
            }
            base = self.mul(base, base);
            exponent >>= 1;
        }
        acc
    }

    /// `a^-1`.
    ///
    /// # Panics
    /// If `a` is zero.
    pub fn inv(&self, a: u64) -> u64 {
        assert!(a != 0, "zero has no inverse modulo {}", self.value);
        self.pow(a, self.value - 2)
    }

    /// `floor(w 2^64 / p)`, Shoup's constant for [`Modulus::mul_shoup_lazy`].
    #[inline(always)]
    pub(crate) fn shoup(&self, w: u64) -> u64 {
        ((u128::from(w) << 64) / u128::from(self.value)) as u64
    }

    /// `y * w` in `[0, 2p)` for any word `y` and a residue `w` with its Shoup constant.
    #[inline(always)]
    pub(crate) fn mul_shoup_lazy(&self, y: u64, w: u64, w_shoup: u64) -> u64 {
        let q = mul_high(y, w_shoup);
        y.wrapping_mul(w).wrapping_sub(q.wrapping_mul(self.value))
    }

    /// `y * w` in `[0, p)` for any word `y`.
    #[inline(always)]
    pub(crate) fn mul_shoup(&self, y: u64, w: u64, w_shoup: u64) -> u64 {
        self.reduce_once(self.mul_shoup_lazy(y, w, w_shoup))
    }
}

/// `odd^-1 mod 2^64`.
fn inverse_of_odd(odd: u64) -> u64 {
    // odd is its own inverse modulo 8. Each Newton step doubles the correct bits: 3, 6, 12, 24, 48, 96.
    (0..5).fold(odd, |x, _| x.wrapping_mul(2u64.wrapping_sub(odd.wrapping_mul(x))))
}

/// The upper word of a product.
#[inline(always)]
pub(crate) fn mul_high(a: u64, b: u64) -> u64 {
    ((u128::from(a) * u128::from(b)) >> 64) as u64
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    fn moduli() -> Vec<Modulus> {
        let mut out: Vec<_> = [3, 5, 65_537].map(|p| Modulus::new(p).unwrap()).to_vec();
        for bits in [20, 28, 36, 46, 49, 50] {
            let p = crate::primes::ntt_primes(11, bits, 1, &[]).unwrap()[0];
            out.push(Modulus::new(p).unwrap());
        }
        out
    }

    #[test]
    fn refuses_what_is_no_prime_below_2_50() {
        for bad in [0, 1, 2, 9, 561, (1 << 50) + 1, u64::MAX] {
            assert_eq!(Modulus::new(bad), Err(Error::Modulus { got: bad }));
        }
    }

    #[test]
    fn inverse_and_power() {
        for m in moduli() {
            for a in [1, 2, m.value() - 1, m.value() / 2] {
                assert_eq!(m.mul(a, m.inv(a)), 1);
            }
            assert_eq!(m.pow(m.value() - 1, 3), m.value() - 1);
            assert_eq!(m.value().wrapping_mul(m.inverse_52()) << 12, 1 << 12);
        }
    }

    proptest! {
        #[test]
        fn agrees_with_wide_arithmetic(x: u128, a: u64, b: u64) {
            for m in moduli() {
                let p = m.value();
                let wide = u128::from(p);
                prop_assert_eq!(u128::from(m.reduce(a)), u128::from(a) % wide);
                prop_assert_eq!(u128::from(m.reduce_u128(x)), x % wide);
                prop_assert_eq!(i128::from(m.reduce_i64(a as i64)), i128::from(a as i64).rem_euclid(i128::from(p)));
                prop_assert_eq!(i128::from(m.reduce_i128(x as i128)), (x as i128).rem_euclid(i128::from(p)));
                for (a, b) in [(a % p, b % p), (p - 1, p - 1), (0, p - 1), (0, 0)] {
                    prop_assert_eq!(u128::from(m.mul(a, b)), u128::from(a) * u128::from(b) % wide);
                    prop_assert_eq!(m.add(a, b), (a + b) % p);
                    prop_assert_eq!(m.sub(a, b), (a + p - b) % p);
                    prop_assert_eq!(m.neg(a), (p - a) % p);
                    prop_assert_eq!(m.mul_shoup(b, a, m.shoup(a)), m.mul(a, b));
                }
            }
        }
    }
}
