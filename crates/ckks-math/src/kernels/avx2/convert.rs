//! Base conversion: for each target a sum of products with constants.

use super::{
    sum::{MAX_PRODUCTS, Reduction, Sum},
    vector::{
        LANES, V, is_negative, load_residues, load_words, mul_add, mul_sub, splat, splat_word, store_words,
        sub, vectors, vectors_mut,
    },
};
use crate::rns::{Conversion, FRACTION_BITS, Target};

/// Vectors of one target summed side by side.
const WIDE: usize = 2;

/// Vectors converted to all targets before the next ones: as doubles, sources and quotients stay in the level-one cache.
const STRIP: usize = 32;

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

/// [`Conversion::quotient`] of eight coefficients.
#[target_feature(enable = "avx2,fma")]
#[inline]
fn quotient(conversion: &Conversion, sources: &[&[[u64; LANES]]], at: usize) -> V {
    // y r < 2^50 in units of 2^52: adding 2^52 rounds it to an integer, behind that number's exponent. The rest is exact; where
    // it is negative, the floor is one less.
    let two_52 = splat((1u64 << 52) as f64);
    let mut sum = splat_word(1 << (FRACTION_BITS - 1));
    for (constants, source) in conversion.sources.iter().zip(sources) {
        let y = load_words(&source[at]).shift_left(constants.shift).to_doubles();
        let r = splat(constants.reciprocal as f64 / (1u64 << 52) as f64);
        let rounded = mul_add(y, r, two_52);
        let rest = mul_sub(y, r, sub(rounded, two_52));
        let fraction = rounded.bits_as_words().xor(two_52.bits_as_words());
        sum = sum.add(fraction).add(is_negative(rest));
    }
    sum.shift_right::<{ FRACTION_BITS as i32 }>().to_doubles()
}

/// One target: digits and quotients, in the last column, times their factors.
#[target_feature(enable = "avx2,fma")]
#[inline]
fn combine(target: &Target, columns: &[[V; STRIP]], out: &mut [[u64; LANES]]) {
    // Digits are below 2^50, factors below 2^bits.
    let reduction = Reduction::new(&target.modulus, 50 + target.modulus.bits());
    for (i, out) in out.chunks_mut(WIDE).enumerate() {
        let mut total = [splat(0.0); WIDE];
        for (columns, factors) in columns.chunks(MAX_PRODUCTS).zip(target.factors.chunks(MAX_PRODUCTS)) {
            let mut sums = [Sum::new(&reduction); WIDE];
            for (column, &factor) in columns.iter().zip(factors) {
                let factor = splat(factor as f64);
                let digits = &column.as_chunks::<WIDE>().0[i];
                for (sum, &digit) in sums.iter_mut().zip(digits) {
                    sum.accumulate(digit, factor);
                }
            }
            for (total, sum) in total.iter_mut().zip(sums) {
                *total = reduction.add(*total, sum);
            }
        }
        for (out, value) in out.iter_mut().zip(total) {
            store_words(out, reduction.p.residue_words(value));
        }
    }
}
