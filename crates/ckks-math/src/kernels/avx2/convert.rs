//! Base conversion: for each target a sum of products with constants.

use std::arch::x86_64::*;

use super::{
    sum::{MAX_PRODUCTS, Reduction, Sum},
    vector::{
        LANES, V, load_residues, load_words, mul_add, mul_sub, splat, splat_word, store_words, sub,
        to_doubles, vectors, vectors_mut,
    },
};
use crate::rns::{Conversion, FRACTION_BITS, Target};

/// Vectors of one target summed side by side.
const WIDE: usize = 4;

/// Vectors converted to all targets before the next ones: as doubles, sources and quotients stay in the level-one cache.
const STRIP: usize = 16;

#[target_feature(enable = "avx2,fma")]
pub(crate) fn convert(conversion: &Conversion, sources: &[&[u64]], targets: &mut [&mut [u64]]) {
    let sources: Vec<&[[u64; LANES]]> = sources.iter().map(|s| vectors(s)).collect();
    let len = sources.first().map_or(0, |s| s.len());
    let mut columns = vec![[splat(0.0); STRIP]; sources.len() + 1];
    for start in (0..len).step_by(STRIP) {
        let end = len.min(start + STRIP);
        if let [digits @ .., quotients] = &mut columns[..] {
            for (digits, source) in digits.iter_mut().zip(&sources) {
                for (digit, words) in digits.iter_mut().zip(&source[start..end]) {
                    *digit = load_residues(words);
                }
            }
            for (u, at) in quotients.iter_mut().zip(start..end) {
                *u = quotient(conversion, &sources, at);
            }
        }
        for (target, out) in conversion.targets.iter().zip(&mut *targets) {
            combine(target, &columns, &mut vectors_mut(out)[start..end]);
        }
    }
}

/// [`Conversion::quotient`] of four coefficients.
#[target_feature(enable = "avx2,fma")]
#[inline]
fn quotient(conversion: &Conversion, sources: &[&[[u64; LANES]]], at: usize) -> V {
    // y r < 2^50 in units of 2^52: adding 2^52 rounds it to an integer, behind that number's exponent. The rest is exact; where
    // it is negative, the floor is one less.
    let two_52 = splat((1u64 << 52) as f64);
    let mut sum = splat_word(1 << (FRACTION_BITS - 1));
    for (constants, source) in conversion.sources.iter().zip(sources) {
        let shift = _mm_cvtsi32_si128(constants.shift as i32);
        let y = to_doubles(_mm256_sll_epi64(load_words(&source[at]), shift));
        let r = splat(constants.reciprocal as f64 / (1u64 << 52) as f64);
        let rounded = mul_add(y, r, two_52);
        let rest = mul_sub(y, r, sub(rounded, two_52));
        let floor = _mm256_castpd_si256(_mm256_cmp_pd::<_CMP_LT_OQ>(rest, splat(0.0)));
        let fraction = _mm256_xor_si256(_mm256_castpd_si256(rounded), _mm256_castpd_si256(two_52));
        sum = _mm256_add_epi64(sum, _mm256_add_epi64(fraction, floor));
    }
    to_doubles(_mm256_srli_epi64::<{ FRACTION_BITS as i32 }>(sum))
}

/// One target: digits and quotients, in the last column, times their factors.
#[target_feature(enable = "avx2,fma")]
#[inline]
fn combine(target: &Target, columns: &[[V; STRIP]], out: &mut [[u64; LANES]]) {
    // Digits are below 2^50, factors below 2^bits.
    let reduction = Reduction::new(&target.modulus, 50 + target.modulus.bits());
    for start in (0..out.len()).step_by(WIDE) {
        let mut total = [splat(0.0); WIDE];
        for (columns, factors) in columns.chunks(MAX_PRODUCTS).zip(target.factors.chunks(MAX_PRODUCTS)) {
            let mut sum = Sum::new(&reduction);
            for (column, &factor) in columns.iter().zip(factors) {
                let factor = splat(factor as f64);
                for v in 0..WIDE {
                    sum.accumulate(v, column[start + v], factor);
                }
            }
            reduction.add_to(&mut total, &sum);
        }
        for (out, value) in out[start..].iter_mut().zip(total) {
            store_words(out, reduction.p.residue_words(value));
        }
    }
}
