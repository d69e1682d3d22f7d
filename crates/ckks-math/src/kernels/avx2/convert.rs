//! Base conversion: for each target a sum of products with constants.

use super::{
    sum::{MAX_PRODUCTS, Reduction, Sum},
    vector::{
        LANES, Words, is_negative, load_residues, load_words, mul_add, mul_sub, splat, splat_word,
        store_words, sub, vectors, vectors_mut,
    },
};
use crate::rns::{Conversion, FRACTION_BITS, Target};

/// Vectors summed side by side.
const WIDE: usize = 2;

#[target_feature(enable = "avx2,fma")]
pub(crate) fn quotients(conversion: &Conversion, sources: &[&[u64]], out: &mut [u8]) {
    let sources: Vec<&[[u64; LANES]]> = sources.iter().map(|s| vectors(s)).collect();
    for (at, out) in out.as_chunks_mut::<LANES>().0.iter_mut().enumerate() {
        let mut words = [0; LANES];
        store_words(&mut words, quotient(conversion, &sources, at));
        *out = words.map(|u| u as u8);
    }
}

/// [`Conversion::quotient`] of eight coefficients.
#[target_feature(enable = "avx2,fma")]
#[inline]
fn quotient(conversion: &Conversion, sources: &[&[[u64; LANES]]], at: usize) -> Words {
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
    sum.shift_right::<{ FRACTION_BITS as i32 }>()
}

#[target_feature(enable = "avx2,fma")]
pub(crate) fn combine(target: &Target, sources: &[&[u64]], quotients: &[u8], out: &mut [u64]) {
    let sources: Vec<&[[u64; LANES]]> = sources.iter().map(|s| vectors(s)).collect();
    let quotients = quotients.as_chunks::<LANES>().0;
    let [factors @ .., quotient_factor] = &target.factors[..] else {
        unreachable!("a target has a factor for the quotient");
    };
    // Digits are below 2^50, factors below 2^bits.
    let reduction = Reduction::new(&target.modulus, 50 + target.modulus.bits());
    for (i, out) in vectors_mut(out).chunks_mut(WIDE).enumerate() {
        let at = i * WIDE;
        let mut total = [splat(0.0); WIDE];
        // the quotient's product is the last one: it fits beside fewer than all that a sum holds
        let mut groups = sources.chunks(MAX_PRODUCTS - 1).zip(factors.chunks(MAX_PRODUCTS - 1)).peekable();
        while let Some((sources, factors)) = groups.next() {
            let mut sums = [Sum::new(&reduction); WIDE];
            for (source, &factor) in sources.iter().zip(factors) {
                let factor = splat(factor as f64);
                for (sum, words) in sums.iter_mut().zip(&source[at..]) {
                    sum.accumulate(load_residues(words), factor);
                }
            }
            if groups.peek().is_none() {
                let factor = splat(*quotient_factor as f64);
                for (sum, bytes) in sums.iter_mut().zip(&quotients[at..]) {
                    sum.accumulate(load_residues(&bytes.map(u64::from)), factor);
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
