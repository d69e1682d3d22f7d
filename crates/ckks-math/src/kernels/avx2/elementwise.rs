//! Word by word.

use super::vector::{self, Factor, Prime, load_words, splat, splat_word, store_words, vectors, vectors_mut};
use crate::Modulus;

/// `out[i] = value` for an expression over the words `out[i]` and those of up to two other buffers.
macro_rules! each {
    ($out:expr, |$o:ident| $value:expr) => {
        for slot in vectors_mut($out) {
            let $o = load_words(slot);
            store_words(slot, $value);
        }
    };
    ($out:expr, $a:expr, |$o:ident, $x:ident| $value:expr) => {
        for (slot, a) in vectors_mut($out).iter_mut().zip(vectors($a)) {
            let ($o, $x) = (load_words(slot), load_words(a));
            store_words(slot, $value);
        }
    };
    ($out:expr, $a:expr, $b:expr, |$o:ident, $x:ident, $y:ident| $value:expr) => {
        for ((slot, a), b) in vectors_mut($out).iter_mut().zip(vectors($a)).zip(vectors($b)) {
            let ($o, $x, $y) = (load_words(slot), load_words(a), load_words(b));
            store_words(slot, $value);
        }
    };
}

#[target_feature(enable = "avx2,fma")]
pub(crate) fn add_assign(m: &Modulus, a: &mut [u64], b: &[u64]) {
    let p = Prime::new(m);
    each!(a, b, |x, y| p.add_words(x, y));
}

#[target_feature(enable = "avx2,fma")]
pub(crate) fn sub_assign(m: &Modulus, a: &mut [u64], b: &[u64]) {
    let p = Prime::new(m);
    each!(a, b, |x, y| p.sub_words(x, y));
}

#[target_feature(enable = "avx2,fma")]
pub(crate) fn neg_assign(m: &Modulus, a: &mut [u64]) {
    let p = Prime::new(m);
    each!(a, |x| p.sub_words(splat_word(0), x));
}

#[target_feature(enable = "avx2,fma")]
pub(crate) fn add(m: &Modulus, out: &mut [u64], a: &[u64], b: &[u64]) {
    let p = Prime::new(m);
    each!(out, a, b, |_o, x, y| p.add_words(x, y));
}

#[target_feature(enable = "avx2,fma")]
pub(crate) fn sub(m: &Modulus, out: &mut [u64], a: &[u64], b: &[u64]) {
    let p = Prime::new(m);
    each!(out, a, b, |_o, x, y| p.sub_words(x, y));
}

#[target_feature(enable = "avx2,fma")]
pub(crate) fn mul_assign(m: &Modulus, a: &mut [u64], b: &[u64]) {
    let p = Prime::new(m);
    each!(a, b, |x, y| p.residue_words(p.mul_residues(x.to_doubles(), y.to_doubles())));
}

#[target_feature(enable = "avx2,fma")]
pub(crate) fn mul(m: &Modulus, out: &mut [u64], a: &[u64], b: &[u64]) {
    let p = Prime::new(m);
    each!(out, a, b, |_o, x, y| p.residue_words(p.mul_residues(x.to_doubles(), y.to_doubles())));
}

#[target_feature(enable = "avx2,fma")]
pub(crate) fn mul_add_assign(m: &Modulus, acc: &mut [u64], a: &[u64], b: &[u64]) {
    let p = Prime::new(m);
    each!(acc, a, b, |o, x, y| p
        .add_words(o, p.residue_words(p.mul_residues(x.to_doubles(), y.to_doubles()))));
}

// A product of a residue and a constant is within (1/2 + 2^-3) p.

#[target_feature(enable = "avx2,fma")]
pub(crate) fn mul_scalar_assign(m: &Modulus, a: &mut [u64], c: u64) {
    let (p, c) = (Prime::new(m), Factor::new(m, c).splat());
    each!(a, |x| p.residue_words(p.mul(x.to_doubles(), c)));
}

#[target_feature(enable = "avx2,fma")]
pub(crate) fn mul_scalar(m: &Modulus, out: &mut [u64], a: &[u64], c: u64) {
    let (p, c) = (Prime::new(m), Factor::new(m, c).splat());
    each!(out, a, |_o, x| p.residue_words(p.mul(x.to_doubles(), c)));
}

#[target_feature(enable = "avx2,fma")]
pub(crate) fn mul_scalar_add(m: &Modulus, out: &mut [u64], a: &[u64], c: u64) {
    let (p, c) = (Prime::new(m), Factor::new(m, c).splat());
    each!(out, a, |o, x| p.add_words(o, p.residue_words(p.mul(x.to_doubles(), c))));
}

#[target_feature(enable = "avx2,fma")]
pub(crate) fn lift_centred(m: &Modulus, out: &mut [u64], from: &Modulus, x: &[u64], c: u64) {
    let (p, c) = (Prime::new(m), Factor::new(m, c).splat());
    let (half, wrap) = (splat_word(from.value() >> 1), splat(from.value() as f64));
    each!(out, x, |_o, x| {
        let upper = x.where_above(half, wrap);
        // within 2^49: the product is within (1/2 + 2^-3) p, too
        p.residue_words(p.mul(vector::sub(x.to_doubles(), upper), c))
    });
}
