//! Base conversion: for each target a sum of products with constants.
//!
//! The constants are kept times 2^52, so Montgomery's reduction of a sum is the sum itself. With k sources below 2^50 its
//! upper word is below k p/4 (a product y c is below 2^50 p; what the quotient adds brings no more than a carry), so
//! what comes out of the reduction is below (2 + k/4) p.

use std::arch::x86_64::*;

use super::vector::{LANES, Prime, V, add, cut, load, madd_hi, madd_lo, splat, store, vectors, vectors_mut};
use crate::rns::{Conversion, FRACTION_BITS, Target};

/// Vectors that are worked on side by side, to hide the latency of the multiplier.
const WIDE: usize = 8;

#[target_feature(enable = "avx512f,avx512ifma,avx512dq,avx512vl")]
pub(crate) fn quotients(conversion: &Conversion, sources: &[&[u64]], out: &mut [u8]) {
    let sources: Vec<&[[u64; LANES]]> = sources.iter().map(|s| vectors(s)).collect();
    let (wide, narrow) = out.as_chunks_mut::<LANES>().0.as_chunks_mut::<WIDE>();
    quotient_blocks(conversion, &sources, 0, wide);
    quotient_blocks(conversion, &sources, wide.len() * WIDE, narrow.as_chunks_mut::<1>().0);
}

/// [`Conversion::quotient`] of eight coefficients a vector.
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
pub(crate) fn combine(target: &Target, sources: &[&[u64]], quotients: &[u8], out: &mut [u64]) {
    let combination = Combination::new(target, sources);
    let quotients = quotients.as_chunks::<LANES>().0;
    let (wide, narrow) = vectors_mut(out).as_chunks_mut::<WIDE>();
    combination.blocks(0, quotients, wide);
    combination.blocks(wide.len() * WIDE, quotients, narrow.as_chunks_mut::<1>().0);
}

/// The conversion to one target.
struct Combination<'a> {
    p: Prime,
    sources: Vec<(&'a [[u64; LANES]], u64)>,
    quotient_factor: u64,
    /// Products of the quotient's factor with every quotient, where all are below the number of lanes: looked up instead of
    /// multiplied.
    multiples: Option<V>,
    /// Multiples of p that values are cut by, the largest first.
    cuts: Vec<u64>,
}

impl<'a> Combination<'a> {
    #[target_feature(enable = "avx512f,avx512ifma,avx512dq,avx512vl")]
    fn new(target: &'a Target, sources: &[&'a [u64]]) -> Self {
        // Sums of lower words have room for 2^12 products.
        assert!(sources.len() < 1 << 12);
        let m = &target.modulus;
        let [factors @ .., quotient_factor] = &target.montgomery_factors[..] else {
            unreachable!("a target has a factor for the quotient");
        };
        let multiples: [u64; LANES] = std::array::from_fn(|u| m.mul(u as u64, *quotient_factor));
        let cuts = (2 + sources.len().div_ceil(4)).next_power_of_two().trailing_zeros();
        Self {
            p: Prime::new(m),
            sources: sources.iter().map(|s| vectors(s)).zip(factors.iter().copied()).collect(),
            quotient_factor: *quotient_factor,
            multiples: (sources.len() < LANES).then(|| load(&multiples)),
            cuts: (0..cuts).rev().map(|halving| m.value() << halving).collect(),
        }
    }

    #[target_feature(enable = "avx512f,avx512ifma,avx512dq,avx512vl")]
    fn blocks<const W: usize>(&self, start: usize, quotients: &[[u8; LANES]], out: &mut [[[u64; LANES]; W]]) {
        let p = self.p;
        for (i, out) in out.iter_mut().enumerate() {
            let at = start + i * W;
            let (mut lo, mut hi) = ([p.zero; W], [p.zero; W]);
            for &(source, factor) in &self.sources {
                let (words, factor) = (&source[at..][..W], splat(factor));
                for v in 0..W {
                    let y = load(&words[v]);
                    lo[v] = madd_lo(lo[v], y, factor);
                    hi[v] = madd_hi(hi[v], y, factor);
                }
            }
            let quotients = &quotients[at..][..W];
            for v in 0..W {
                let u = _mm512_cvtepu8_epi64(_mm_cvtsi64_si128(i64::from_le_bytes(quotients[v])));
                if let Some(multiples) = self.multiples {
                    lo[v] = add(lo[v], _mm512_permutexvar_epi64(u, multiples));
                } else {
                    let factor = splat(self.quotient_factor);
                    lo[v] = madd_lo(lo[v], u, factor);
                    hi[v] = madd_hi(hi[v], u, factor);
                }
            }
            for v in 0..W {
                lo[v] = p.montgomery(lo[v], hi[v]);
            }
            for &multiple in &self.cuts {
                let multiple = splat(multiple);
                for value in &mut lo {
                    *value = cut(*value, multiple);
                }
            }
            for (out, value) in out.iter_mut().zip(lo) {
                store(out, value);
            }
        }
    }
}
