//! Base conversion: a sum of products with constants for each target.
//!
//! The constants are stored times 2^52, so a Montgomery reduction of a sum gives the sum itself. For k sources below
//! 2^50 the upper word is below k p/4: a product y c is below 2^50 p, and the quotient's product adds at most a
//! carry. The reduced sum is below (2 + k/4) p.

use std::arch::x86_64::*;

use super::{
    dot::{Block, Vectors, block},
    vector::{LANES, Prime, add, cut, load, madd_hi, madd_lo, splat, store, vectors, vectors_mut},
};
use crate::{
    Modulus,
    conversion::{Conversion, FRACTION_BITS, Target},
};

/// Vectors processed side by side, to hide the latency of the multiplier.
const WIDE: usize = 8;

#[target_feature(enable = "avx512f,avx512ifma,avx512dq,avx512vl")]
pub(crate) fn quotients(conversion: &Conversion, sources: &[&[u64]], out: &mut [u8]) {
    let sources: Vec<&[[u64; LANES]]> = sources.iter().map(|s| vectors(s)).collect();
    let (wide, narrow) = out.as_chunks_mut::<LANES>().0.as_chunks_mut::<WIDE>();
    quotient_blocks(conversion, &sources, 0, wide);
    quotient_blocks(conversion, &sources, wide.len() * WIDE, narrow.as_chunks_mut::<1>().0);
}

/// [`Conversion::quotient`] for vectors of eight coefficients.
#[target_feature(enable = "avx512f,avx512ifma,avx512dq,avx512vl")]
fn quotient_blocks<const W: usize>(
    conversion: &Conversion,
    sources: &[&[[u64; LANES]]],
    start: usize,
    out: &mut [[[u8; LANES]; W]],
) {
    for (i, out) in out.iter_mut().enumerate() {
        let mut sums = [splat(1 << (FRACTION_BITS - 1)); W];
        for (constants, source) in conversion.sources.iter().zip(sources) {
            let (shift, reciprocal) = (splat(u64::from(constants.shift)), splat(constants.reciprocal));
            let words = &source[start + i * W..][..W];
            for v in 0..W {
                sums[v] = madd_hi(sums[v], _mm512_sllv_epi64(load(&words[v]), shift), reciprocal);
            }
        }
        for (out, sum) in out.iter_mut().zip(sums) {
            let bytes = _mm512_cvtepi64_epi8(_mm512_srli_epi64::<FRACTION_BITS>(sum));
            *out = _mm_cvtsi128_si64(bytes).to_le_bytes();
        }
    }
}

#[target_feature(enable = "avx512f,avx512ifma,avx512dq,avx512vl")]
pub(crate) fn combine(targets: &[&Target], sources: &[&[u64]], quotients: &[u8], mut outs: Vec<&mut [u64]>) {
    // Sums of lower words have room for 2^12 products.
    assert!(sources.len() < 1 << 12);
    let sources: Vec<_> = sources.iter().map(|s| vectors(s)).collect();
    let quotients = quotients.as_chunks::<LANES>().0;
    for targets in targets.chunks(TARGETS) {
        let outs = outs.drain(..targets.len());
        match targets.len() {
            1 => combine_for::<1, 8>(targets, &sources, quotients, outs),
            2 => combine_for::<2, 4>(targets, &sources, quotients, outs),
            3 => combine_for::<3, 2>(targets, &sources, quotients, outs),
            _ => combine_for::<TARGETS, 2>(targets, &sources, quotients, outs),
        }
    }
}

/// Targets for which a source is read once. Reading takes longer than the arithmetic for one target.
const TARGETS: usize = 4;

/// Converts to `T` targets, `W` vectors of each side by side: T W sums hide the latency of the multiplier.
#[target_feature(enable = "avx512f,avx512ifma,avx512dq,avx512vl")]
fn combine_for<'a, const T: usize, const W: usize>(
    targets: &[&Target],
    sources: &[Vectors<'_>],
    quotients: &[[u8; LANES]],
    mut outs: impl Iterator<Item = &'a mut [u64]>,
) {
    let mut wide: [&mut [Block<W>]; T] = std::array::from_fn(|_| &mut [][..]);
    let mut narrow: [&mut [Block<1>]; T] = std::array::from_fn(|_| &mut [][..]);
    for (wide, narrow) in wide.iter_mut().zip(&mut narrow) {
        let Some(out) = outs.next() else { unreachable!("an output for each target") };
        let (blocks, rest) = vectors_mut(out).as_chunks_mut::<W>();
        (*wide, *narrow) = (blocks, rest.as_chunks_mut().0);
    }
    let combinations: [Combination<'_>; T] = std::array::from_fn(|t| Combination::new(targets[t]));
    let done = wide[0].len() * W;
    combine_blocks(&combinations, sources, quotients, 0, &mut wide);
    combine_blocks(&combinations, sources, quotients, done, &mut narrow);
}

/// The conversion to one target.
struct Combination<'a> {
    modulus: Modulus,
    factors: &'a [u64],
    quotient_factor: u64,
    /// The factor of the quotient times every quotient below the number of lanes.
    multiples: [u64; LANES],
}

impl<'a> Combination<'a> {
    fn new(target: &'a Target) -> Self {
        let m = &target.modulus;
        let [factors @ .., quotient_factor] = &target.montgomery_factors[..] else {
            unreachable!("a target has a factor for the quotient");
        };
        let multiples = std::array::from_fn(|u| m.mul(u as u64, *quotient_factor));
        Self { modulus: *m, factors, quotient_factor: *quotient_factor, multiples }
    }
}

#[target_feature(enable = "avx512f,avx512ifma,avx512dq,avx512vl")]
#[inline]
fn combine_blocks<const T: usize, const W: usize>(
    combinations: &[Combination<'_>; T],
    sources: &[Vectors<'_>],
    quotients: &[[u8; LANES]],
    start: usize,
    outs: &mut [&mut [Block<W>]; T],
) {
    // Quotients below the number of lanes are looked up instead of multiplied.
    let looked_up = sources.len() < LANES;
    let cuts = (2 + sources.len().div_ceil(4)).next_power_of_two().trailing_zeros();
    for i in 0..outs[0].len() {
        let at = start + i * W;
        let (mut lo, mut hi) = ([[splat(0); W]; T], [[splat(0); W]; T]);
        for (s, source) in sources.iter().enumerate() {
            let words = block::<W>(source, at);
            for v in 0..W {
                let y = load(&words[v]);
                for t in 0..T {
                    let factor = splat(combinations[t].factors[s]);
                    lo[t][v] = madd_lo(lo[t][v], y, factor);
                    hi[t][v] = madd_hi(hi[t][v], y, factor);
                }
            }
        }
        let quotients = &quotients[at..][..W];
        for v in 0..W {
            let u = _mm512_cvtepu8_epi64(_mm_cvtsi64_si128(i64::from_le_bytes(quotients[v])));
            for t in 0..T {
                if looked_up {
                    let multiples = load(&combinations[t].multiples);
                    lo[t][v] = add(lo[t][v], _mm512_permutexvar_epi64(u, multiples));
                } else {
                    let factor = splat(combinations[t].quotient_factor);
                    lo[t][v] = madd_lo(lo[t][v], u, factor);
                    hi[t][v] = madd_hi(hi[t][v], u, factor);
                }
            }
        }
        for t in 0..T {
            let p = Prime::new(&combinations[t].modulus);
            for v in 0..W {
                let mut value = p.montgomery(lo[t][v], hi[t][v]);
                // Multiples of p, the largest first.
                for halving in (0..cuts).rev() {
                    value = cut(value, p.times(1 << halving));
                }
                store(&mut outs[t][i][v], value);
            }
        }
    }
}
