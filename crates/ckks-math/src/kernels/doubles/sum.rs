//! Exact sums of products, as pairs of doubles.
//!
//! `high` stays in [2^m, 2^(m+1)), so it is always a multiple of u = 2^(m-52). Adding a product rounds to such a
//! multiple. One more multiply-add computes the rest of the product exactly, at most u/2, and adds it to `low`. With
//! products below 2^(m-3) a sum holds eight of them, and `low` stays within 8 u/2 = 2^(m-50). For m <= 103 that is at
//! most 2^53, so no sum is ever rounded.

use super::{
    isa::{Doubles, Isa},
    prime::Prime,
};
use crate::Modulus;

/// The number of products that a [`Sum`] holds.
pub(super) const MAX_PRODUCTS: usize = 8;

/// Sums of up to [`MAX_PRODUCTS`] products.
#[derive(Clone, Copy)]
pub(super) struct Sum<S: Isa> {
    high: S::Doubles,
    low: S::Doubles,
}

impl<S: Isa> Sum<S> {
    /// Zero.
    #[inline(always)]
    pub(super) fn new(reduction: &Reduction<S>) -> Self {
        Self { high: reduction.base, low: reduction.zero }
    }

    /// Adds `a b`.
    #[inline(always)]
    pub(super) fn accumulate(&mut self, a: S::Doubles, b: S::Doubles) {
        let high = a.mul_add(b, self.high);
        let rest = a.mul_sub(b, high - self.high);
        *self = Self { high, low: self.low + rest };
    }
}

/// Reduces sums of products to residues.
pub(super) struct Reduction<S: Isa> {
    pub(super) p: Prime<S>,
    /// 2^m.
    base: S::Doubles,
    pub(super) zero: S::Doubles,
}

impl<S: Isa> Reduction<S> {
    /// A reduction for products below 2^bits, bits <= 100.
    #[inline(always)]
    pub(super) fn new(isa: S, m: &Modulus, bits: u32) -> Self {
        assert!(bits <= 100);
        let log_products = MAX_PRODUCTS.ilog2();
        Self {
            p: Prime::new(isa, m),
            base: isa.splat(power_of_two(bits + log_products)),
            zero: isa.splat(0.0),
        }
    }

    /// `total += sum` for vectors side by side.
    #[inline(always)]
    pub(super) fn add_to<const W: usize>(&self, total: &mut [S::Doubles; W], sum: &[Sum<S>; W]) {
        for v in 0..W {
            total[v] = self.added(total[v], sum[v]);
        }
    }

    /// `total + sum`, for a total within p/2 + 1, with the same bound.
    ///
    /// The upper sum is below 8 2^50 p, so its quotient is off by at most 2^53 2^-52 = 2 beyond its rounding, and the
    /// rest is within 5/2 p. The lower sum is reduced to p/2 + 1. Together with the total this is below 4p.
    #[inline(always)]
    fn added(&self, total: S::Doubles, sum: Sum<S>) -> S::Doubles {
        let high = sum.high - self.base;
        let high = high.less_product((high * self.p.inverse).round(), self.p.p);
        self.p.reduce(total + (high + self.p.reduce(sum.low)))
    }
}

/// 2^exponent, below 2^1024.
fn power_of_two(exponent: u32) -> f64 {
    f64::from_bits(u64::from(exponent + 1023) << 52)
}
