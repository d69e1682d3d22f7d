//! Sums of products, exactly, as pairs of doubles.
//!
//! `high` runs through [2^m, 2^(m+1)), so it is always a multiple of u = 2^(m-52). Adding a product to it rounds to such a
//! multiple; what that leaves of the product, at most u/2, is found exactly by one more multiply-add and goes to
//! `low`. With products below 2^(m-3) eight of them fit, and `low` stays within 8 u/2 = 2^(m-50): for m <= 103 that is at most
//! 2^53, so no sum here is ever rounded.

use super::vector::{Prime, V, add, mul, mul_add, mul_sub, round, splat, sub, sub_product};
use crate::Modulus;

/// Products that a [`Sum`] holds.
pub(super) const MAX_PRODUCTS: usize = 8;

/// Sums of up to [`MAX_PRODUCTS`] products.
#[derive(Clone, Copy)]
pub(super) struct Sum {
    high: V,
    low: V,
}

impl Sum {
    /// Zero.
    #[target_feature(enable = "avx2,fma")]
    #[inline]
    pub(super) fn new(reduction: &Reduction) -> Self {
        Self { high: reduction.base, low: splat(0.0) }
    }

    /// Adds `a b`.
    #[target_feature(enable = "avx2,fma")]
    #[inline]
    pub(super) fn accumulate(&mut self, a: V, b: V) {
        let high = mul_add(a, b, self.high);
        let rest = mul_sub(a, b, sub(high, self.high));
        *self = Self { high, low: add(self.low, rest) };
    }
}

/// From sums of products to residues.
pub(super) struct Reduction {
    pub(super) p: Prime,
    /// 2^m.
    base: V,
}

impl Reduction {
    /// For products below 2^bits, bits <= 100.
    #[target_feature(enable = "avx2,fma")]
    pub(super) fn new(m: &Modulus, bits: u32) -> Self {
        assert!(bits <= 100);
        let log_products = MAX_PRODUCTS.ilog2();
        Self { p: Prime::new(m), base: splat(power_of_two(bits + log_products)) }
    }

    /// `total + sum`, for a total within p/2 + 2, to the same bound.
    ///
    /// The upper sum is below 8 2^50 p, so its quotient is off by at most 2^53 2^-52 = 2 beyond its rounding, and what
    /// remains is within 5/2 p. The lower sum is reduced to p/2 + 2. Together with the total that is below 4p.
    #[target_feature(enable = "avx2,fma")]
    #[inline]
    pub(super) fn add(&self, total: V, sum: Sum) -> V {
        let high = sub(sum.high, self.base);
        let high = sub_product(high, round(mul(high, self.p.inverse)), self.p.p);
        self.p.reduce(add(total, add(high, self.p.reduce(sum.low))))
    }
}

/// 2^exponent, below 2^1024.
fn power_of_two(exponent: u32) -> f64 {
    f64::from_bits(u64::from(exponent + 1023) << 52)
}
