//! Base conversion: for each target a sum of products with constants.
//!
//! The constants are kept times 2^52, so Montgomery's reduction of a sum is the sum itself. With k sources below 2^50 its
//! upper word is below k p/4 (a product y c is below 2^50 p; the last one, with u <= k, adds nothing but its
//! carry), so what comes out of the reduction is below (2 + k/4) p.

use std::arch::x86_64::*;

use super::vector::{LANES, Prime, V, cut, load, madd_hi, madd_lo, splat, store, vectors, vectors_mut};
use crate::rns::{Conversion, FRACTION_BITS, Target};

/// Vectors of one target summed side by side.
const WIDE: usize = 8;

/// Vectors converted to all targets before the next ones: sources and quotients stay in the level-one cache.
const STRIP: usize = 4 * WIDE;

#[target_feature(enable = "avx512f,avx512ifma,avx512dq,avx512vl")]
pub(crate) fn convert(conversion: &Conversion, sources: &[&[u64]], targets: &mut [&mut [u64]]) {
    // Sums of lower words have room for 2^12 products.
    assert!(sources.len() < 1 << 12);
    let sources: Vec<&[[u64; LANES]]> = sources.iter().map(|s| vectors(s)).collect();
    let len = sources.first().map_or(0, |s| s.len());
    let cuts = (2 + sources.len().div_ceil(4)).next_power_of_two().trailing_zeros();
    let mut quotients = [[0; LANES]; STRIP];
    for start in (0..len).step_by(STRIP) {
        let end = len.min(start + STRIP);
        for (u, at) in quotients.iter_mut().zip(start..end) {
            store(u, quotient(conversion, &sources, at));
        }
        for (target, out) in conversion.targets.iter().zip(&mut *targets) {
            let (wide, narrow) = vectors_mut(out)[start..end].as_chunks_mut::<WIDE>();
            let middle = wide.len() * WIDE;
            combine(target, cuts, &sources, start, &quotients, wide);
            let narrow = narrow.as_chunks_mut::<1>().0;
            combine(target, cuts, &sources, start + middle, &quotients[middle..], narrow);
        }
    }
}

/// [`Conversion::quotient`] of eight coefficients.
#[target_feature(enable = "avx512f,avx512ifma,avx512dq,avx512vl")]
#[inline]
fn quotient(conversion: &Conversion, sources: &[&[[u64; LANES]]], at: usize) -> V {
    let mut sum = splat(1 << (FRACTION_BITS - 1));
    for (constants, source) in conversion.sources.iter().zip(sources) {
        let shifted = _mm512_sllv_epi64(load(&source[at]), splat(u64::from(constants.shift)));
        sum = madd_hi(sum, shifted, splat(constants.reciprocal));
    }
    _mm512_srli_epi64::<FRACTION_BITS>(sum)
}

#[target_feature(enable = "avx512f,avx512ifma,avx512dq,avx512vl")]
#[inline]
fn combine<const W: usize>(
    target: &Target,
    cuts: u32,
    sources: &[&[[u64; LANES]]],
    start: usize,
    quotients: &[[u64; LANES]],
    out: &mut [[[u64; LANES]; W]],
) {
    let p = Prime::new(&target.modulus);
    let [source_factors @ .., quotient_factor] = &target.montgomery_factors[..] else {
        unreachable!("a target has a factor for the quotient");
    };
    for (i, out) in out.iter_mut().enumerate() {
        let (mut lo, mut hi) = ([p.zero; W], [p.zero; W]);
        for (source, &factor) in sources.iter().zip(source_factors) {
            accumulate(&mut lo, &mut hi, &source[start + i * W..], factor);
        }
        accumulate(&mut lo, &mut hi, &quotients[i * W..], *quotient_factor);
        for v in 0..W {
            lo[v] = p.montgomery(lo[v], hi[v]);
        }
        for halving in (0..cuts).rev() {
            let multiple = splat(target.modulus.value() << halving);
            for value in &mut lo {
                *value = cut(*value, multiple);
            }
        }
        for (out, value) in out.iter_mut().zip(lo) {
            store(out, value);
        }
    }
}

#[target_feature(enable = "avx512f,avx512ifma,avx512dq,avx512vl")]
#[inline]
fn accumulate<const W: usize>(lo: &mut [V; W], hi: &mut [V; W], words: &[[u64; LANES]], factor: u64) {
    let factor = splat(factor);
    let words = &words[..W];
    for v in 0..W {
        let y = load(&words[v]);
        lo[v] = madd_lo(lo[v], y, factor);
        hi[v] = madd_hi(hi[v], y, factor);
    }
}
