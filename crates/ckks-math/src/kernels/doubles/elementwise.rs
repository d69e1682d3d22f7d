//! Operations word by word.

use super::{
    isa::{Isa, Words},
    prime::{Factor, Prime},
};
use crate::{
    Modulus,
    kernels::lanes::{vectors, vectors_mut},
};

/// Sets `out[i] = value`, an expression in the words `out[i]` and those of up to two other buffers.
macro_rules! each {
    ($isa:ident, $out:expr, |$o:ident| $value:expr) => {
        for slot in vectors_mut($out) {
            let $o = $isa.load_words(slot);
            $value.store(slot);
        }
    };
    ($isa:ident, $out:expr, $a:expr, |$o:ident, $x:ident| $value:expr) => {
        for (slot, a) in vectors_mut($out).iter_mut().zip(vectors($a)) {
            let ($o, $x) = ($isa.load_words(slot), $isa.load_words(a));
            $value.store(slot);
        }
    };
    ($isa:ident, $out:expr, $a:expr, $b:expr, |$o:ident, $x:ident, $y:ident| $value:expr) => {
        for ((slot, a), b) in vectors_mut($out).iter_mut().zip(vectors($a)).zip(vectors($b)) {
            let ($o, $x, $y) = ($isa.load_words(slot), $isa.load_words(a), $isa.load_words(b));
            $value.store(slot);
        }
    };
}

#[inline(always)]
pub(crate) fn add_assign<S: Isa>(isa: S, m: &Modulus, a: &mut [u64], b: &[u64]) {
    let p = Prime::new(isa, m);
    each!(isa, a, b, |x, y| p.add_words(x, y));
}

#[inline(always)]
pub(crate) fn sub_assign<S: Isa>(isa: S, m: &Modulus, a: &mut [u64], b: &[u64]) {
    let p = Prime::new(isa, m);
    each!(isa, a, b, |x, y| p.sub_words(x, y));
}

#[inline(always)]
pub(crate) fn neg_assign<S: Isa>(isa: S, m: &Modulus, a: &mut [u64]) {
    let p = Prime::new(isa, m);
    each!(isa, a, |x| p.sub_words(isa.splat_word(0), x));
}

#[inline(always)]
pub(crate) fn add<S: Isa>(isa: S, m: &Modulus, out: &mut [u64], a: &[u64], b: &[u64]) {
    let p = Prime::new(isa, m);
    each!(isa, out, a, b, |_o, x, y| p.add_words(x, y));
}

#[inline(always)]
pub(crate) fn sub<S: Isa>(isa: S, m: &Modulus, out: &mut [u64], a: &[u64], b: &[u64]) {
    let p = Prime::new(isa, m);
    each!(isa, out, a, b, |_o, x, y| p.sub_words(x, y));
}

#[inline(always)]
pub(crate) fn mul_assign<S: Isa>(isa: S, m: &Modulus, a: &mut [u64], b: &[u64]) {
    let p = Prime::new(isa, m);
    each!(isa, a, b, |x, y| p.residue_words(p.mul_residues(x.to_doubles(), y.to_doubles())));
}

#[inline(always)]
pub(crate) fn mul<S: Isa>(isa: S, m: &Modulus, out: &mut [u64], a: &[u64], b: &[u64]) {
    let p = Prime::new(isa, m);
    each!(isa, out, a, b, |_o, x, y| p.residue_words(p.mul_residues(x.to_doubles(), y.to_doubles())));
}

#[inline(always)]
pub(crate) fn mul_add_assign<S: Isa>(isa: S, m: &Modulus, acc: &mut [u64], a: &[u64], b: &[u64]) {
    let p = Prime::new(isa, m);
    each!(isa, acc, a, b, |o, x, y| p
        .add_words(o, p.residue_words(p.mul_residues(x.to_doubles(), y.to_doubles()))));
}

// A product of a residue and a constant is within (1/2 + 2^-4) p.

#[inline(always)]
pub(crate) fn mul_scalar_assign<S: Isa>(isa: S, m: &Modulus, a: &mut [u64], c: u64) {
    let (p, c) = (Prime::new(isa, m), Factor::new(m, c).splat(isa));
    each!(isa, a, |x| p.residue_words(p.mul(x.to_doubles(), c)));
}

#[inline(always)]
pub(crate) fn mul_scalar<S: Isa>(isa: S, m: &Modulus, out: &mut [u64], a: &[u64], c: u64) {
    let (p, c) = (Prime::new(isa, m), Factor::new(m, c).splat(isa));
    each!(isa, out, a, |_o, x| p.residue_words(p.mul(x.to_doubles(), c)));
}

#[inline(always)]
pub(crate) fn mul_scalar_add<S: Isa>(isa: S, m: &Modulus, out: &mut [u64], a: &[u64], c: u64) {
    let (p, c) = (Prime::new(isa, m), Factor::new(m, c).splat(isa));
    each!(isa, out, a, |o, x| p.add_words(o, p.residue_words(p.mul(x.to_doubles(), c))));
}

#[inline(always)]
pub(crate) fn lift_centred<S: Isa>(isa: S, m: &Modulus, out: &mut [u64], from: &Modulus, x: &[u64], c: u64) {
    let (p, c) = (Prime::new(isa, m), Factor::new(m, c).splat(isa));
    let (half, wrap) = (isa.splat_word(from.value() >> 1), isa.splat(from.value() as f64));
    each!(isa, out, x, |_o, x| {
        let upper = x.where_above(half, wrap);
        // Within 2^49, so this product is within (1/2 + 2^-4) p as well.
        p.residue_words(p.mul(x.to_doubles() - upper, c))
    });
}
