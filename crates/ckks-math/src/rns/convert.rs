//! Base conversion, centred.
//!
//! With Q = q_0 .. q_{k-1} and y_i = x (Q/q_i)^-1 mod q_i,
//!
//! ```text
//! x = sum_i y_i Q/q_i - u Q,    u = round(sum_i y_i / q_i),    x in (-Q/2, Q/2)
//! ```
//!
//! so modulo a target prime x is a sum of k + 1 products. u comes from fixed-point integers, the same in every
//! backend: each term is floor(floor(2^(b+51)/q_i) (2^(50-b) y_i) / 2^52), b the bits of q_i, which is y_i/q_i in units of
//! 2^-49 and too small by less than 2. The sum of k terms is too small by less than 2k 2^-49: u is the rounded
//! quotient unless x/Q is within k 2^-48 of -1/2 (probability k 2^-48 for uniform x), and then it is one too
//! small, so that the result is the other representative just beyond Q/2. In every case the result is congruent to x
//! modulo Q exactly, and below Q (1/2 + k 2^-48) in magnitude. One prime alone is lifted exactly
//! ([`crate::kernels::lift_centred`]).

use std::sync::Arc;

use rayon::prelude::*;

use crate::{
    Basis, Modulus, Ring, kernels,
    modulus::{MAX_MODULUS_BITS, mul_high},
    poly::Work,
};

/// Fraction bits of the quotient.
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
    /// 50 - b.
    pub(crate) shift: u32,
    /// floor(2^(b+51) / q_i), 52 bits.
    pub(crate) reciprocal: u64,
}

pub(crate) struct Target {
    pub(crate) modulus: Modulus,
    /// Q/q_i mod p for each source, then -Q mod p, the factor of u.
    pub(crate) factors: Vec<u64>,
    /// The same times 2^52.
    pub(crate) montgomery_factors: Vec<u64>,
}

impl Conversion {
    pub(crate) fn new(sources: &[Modulus], targets: &[Modulus]) -> Self {
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
                    let minus_q = m.neg(cofactor(sources.len(), m));
                    let factors: Vec<u64> =
                        (0..sources.len()).map(|i| cofactor(i, m)).chain([minus_q]).collect();
                    let montgomery_factors = factors.iter().map(|&f| m.mul(f, m.two_52())).collect();
                    Target { modulus: *m, factors, montgomery_factors }
                })
                .collect(),
        }
    }

    /// u of one coefficient.
    #[inline(always)]
    pub(crate) fn quotient(&self, y: impl Iterator<Item = u64>) -> u64 {
        // The upper 52 of 104 bits: the upper 64 of 128 when one factor moves up by 12.
        let terms = self.sources.iter().zip(y).map(|(s, y)| mul_high(y << s.shift, s.reciprocal << 12));
        (terms.sum::<u64>() + (1 << (FRACTION_BITS - 1))) >> FRACTION_BITS
    }
}

/// Words that one task converts.
const TILE: usize = 2048;

/// Converts whole limbs: `digits` holds one limb for each source prime, as coefficients times its
/// [`Source::cofactor_inverse`]; `out(j)` receive the centred value modulo the j-th target.
pub(crate) fn convert_limbs(ring: &Ring, conversion: &Conversion, digits: &[u64], mut out: Vec<&mut [u64]>) {
    let len = ring.limb_len();
    if out.is_empty() {
        return;
    }
    if let ([source], true) = (&conversion.sources[..], digits.len() == len) {
        let run = |(limb, target): (&mut &mut [u64], &Target)| {
            kernels::lift_centred(ring.backend(), &target.modulus, limb, &source.modulus, digits);
        };
        if Work::Heavy.is_parallel(out.len() * len) {
            out.par_iter_mut().zip(&conversion.targets).for_each(run);
        } else {
            out.iter_mut().zip(&conversion.targets).for_each(run);
        }
        return;
    }
    // Tiles across all limbs: sources are read once, and two threads share even one target.
    let mut tiles: Vec<Vec<&mut [u64]>> = Vec::new();
    tiles.resize_with(len.div_ceil(TILE), || Vec::with_capacity(conversion.targets.len()));
    for limb in out {
        for (tile, words) in tiles.iter_mut().zip(limb.chunks_mut(TILE)) {
            tile.push(words);
        }
    }
    let run = |(i, mut tile): (usize, Vec<&mut [u64]>)| {
        let (start, end) = (i * TILE, len.min((i + 1) * TILE));
        let sources: Vec<&[u64]> = digits.chunks_exact(len).map(|limb| &limb[start..end]).collect();
        kernels::convert(ring.backend(), conversion, &sources, &mut tile);
    };
    if Work::Heavy.is_parallel(conversion.targets.len() * len) {
        tiles.into_par_iter().enumerate().for_each(run);
    } else {
        tiles.into_iter().enumerate().for_each(run);
    }
}

/// The conversion between primes given by their indices among all of the ring's.
pub(crate) fn between(ring: &Ring, sources: &[usize], targets: &[usize]) -> Arc<Conversion> {
    ring.conversion(sources, targets)
}

/// Indices of `basis` that are not in `sources`.
pub(crate) fn others(ring: &Ring, basis: Basis, sources: &[usize]) -> Vec<usize> {
    ring.prime_indices(basis).into_iter().filter(|i| !sources.contains(i)).collect()
}
