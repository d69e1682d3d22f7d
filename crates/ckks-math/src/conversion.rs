//! Centred base conversion: the formula and its constants.
//!
//! With Q = q_0 .. q_{k-1} and y_i = x (Q/q_i)^-1 mod q_i,
//!
//! ```text
//! x = sum_i y_i Q/q_i - u Q,    u = round(sum_i y_i / q_i),    x in (-Q/2, Q/2)
//! ```
//!
//! so modulo a target prime x is a sum of k + 1 products. Fixed-point integers give u, identical in every backend.
//! With b the bits of q_i, each term is floor(floor(2^(b+51)/q_i) (2^(50-b) y_i) / 2^52). This is y_i/q_i in units of
//! 2^-49, too small by less than 2. The sum of k terms is too small by less than 2k 2^-49. So u is the rounded
//! quotient unless x/Q is within k 2^-48 of -1/2 (probability k 2^-48 for uniform x). Then u is one too small, and
//! the result is the other representative just beyond Q/2. In every case the result is congruent to x modulo Q and
//! below Q (1/2 + k 2^-48) in magnitude. A single prime is lifted exactly ([`crate::kernels::lift_centred`]).

use crate::{
    Modulus,
    modulus::{MAX_MODULUS_BITS, mul_high},
};

/// Fraction bits of the quotient u.
pub(crate) const FRACTION_BITS: u32 = MAX_MODULUS_BITS - 1;

/// Constants of one conversion.
pub(crate) struct Conversion {
    pub(crate) sources: Vec<Source>,
    pub(crate) targets: Vec<Target>,
}

pub(crate) struct Source {
    pub(crate) modulus: Modulus,
    /// (Q/q_i)^-1 mod q_i.
    pub(crate) cofactor_inverse: u64,
    /// 50 - b, with b the bits of q_i.
    pub(crate) shift: u32,
    /// floor(2^(b+51) / q_i), 52 bits.
    pub(crate) reciprocal: u64,
}

pub(crate) struct Target {
    pub(crate) modulus: Modulus,
    /// Q/q_i mod p for each source, then -Q mod p, the factor of u.
    pub(crate) factors: Vec<u64>,
    /// The factors times 2^52.
    pub(crate) montgomery_factors: Vec<u64>,
}

/// The result of a conversion.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Times {
    /// x itself.
    One,
    /// -x/Q, which a division by Q adds to x'/Q for the residue x' of a remaining prime.
    MinusInverse,
}

impl Conversion {
    pub(crate) fn new(sources: &[Modulus], targets: &[Modulus], times: Times) -> Self {
        let cofactor = |i: usize, m: &Modulus| {
            let others = sources.iter().enumerate().filter(|&(j, _)| j != i);
            others.fold(1, |acc, (_, q)| m.mul(acc, m.reduce(q.value())))
        };
        Self {
            sources: (0..sources.len())
                .map(|i| {
                    let m = sources[i];
                    Source {
                        modulus: m,
                        cofactor_inverse: m.inv(cofactor(i, &m)),
                        shift: MAX_MODULUS_BITS - m.bits(),
                        reciprocal: ((1u128 << (m.bits() + 51)) / u128::from(m.value())) as u64,
                    }
                })
                .collect(),
            targets: targets
                .iter()
                .map(|m| {
                    let q = cofactor(sources.len(), m);
                    let times = match times {
                        Times::One => 1,
                        Times::MinusInverse => m.neg(m.inv(q)),
                    };
                    let factors = (0..sources.len()).map(|i| cofactor(i, m)).chain([m.neg(q)]);
                    let factors: Vec<u64> = factors.map(|factor| m.mul(factor, times)).collect();
                    let montgomery_factors = factors.iter().map(|&f| m.mul(f, m.two_52())).collect();
                    Target { modulus: *m, factors, montgomery_factors }
                })
                .collect(),
        }
    }

    /// The quotient u of one coefficient.
    #[inline(always)]
    pub(crate) fn quotient(&self, y: impl Iterator<Item = u64>) -> u64 {
        // This is the upper 52 of 104 bits: one factor moves up by 12, and the upper 64 of 128 bits are taken.
        let terms = self.sources.iter().zip(y).map(|(s, y)| mul_high(y << s.shift, s.reciprocal << 12));
        (terms.sum::<u64>() + (1 << (FRACTION_BITS - 1))) >> FRACTION_BITS
    }
}
