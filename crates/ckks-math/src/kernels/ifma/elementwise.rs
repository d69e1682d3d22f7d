//! Operations word by word.

use std::arch::x86_64::*;

use super::vector::{self, Factor, Prime, V, load, madd_hi, madd_lo, splat, store, vectors, vectors_mut};
use crate::Modulus;

/// Sets `out[i] = value`, an expression in `out[i]` and the words of up to two other buffers.
macro_rules! each {
    ($out:expr, |$o:ident| $value:expr) => {
        for slot in vectors_mut($out) {
            let $o = load(slot);
            store(slot, $value);
        }
    };
    ($out:expr, $a:expr, |$o:ident, $x:ident| $value:expr) => {
        for (slot, a) in vectors_mut($out).iter_mut().zip(vectors($a)) {
            let ($o, $x) = (load(slot), load(a));
            store(slot, $value);
        }
    };
    ($out:expr, $a:expr, $b:expr, |$o:ident, $x:ident, $y:ident| $value:expr) => {
        for ((slot, a), b) in vectors_mut($out).iter_mut().zip(vectors($a)).zip(vectors($b)) {
            let ($o, $x, $y) = (load(slot), load(a), load(b));
            store(slot, $value);
        }
    };
}

#[target_feature(enable = "avx512f,avx512ifma,avx512dq,avx512vl")]
pub(crate) fn add_assign(m: &Modulus, a: &mut [u64], b: &[u64]) {
    let p = Prime::new(m);
    each!(a, b, |x, y| p.add(x, y));
}

#[target_feature(enable = "avx512f,avx512ifma,avx512dq,avx512vl")]
pub(crate) fn sub_assign(m: &Modulus, a: &mut [u64], b: &[u64]) {
    let p = Prime::new(m);
    each!(a, b, |x, y| p.sub(x, y));
}

#[target_feature(enable = "avx512f,avx512ifma,avx512dq,avx512vl")]
pub(crate) fn neg_assign(m: &Modulus, a: &mut [u64]) {
    let p = Prime::new(m);
    each!(a, |x| p.sub(p.zero, x));
}

#[target_feature(enable = "avx512f,avx512ifma,avx512dq,avx512vl")]
pub(crate) fn add(m: &Modulus, out: &mut [u64], a: &[u64], b: &[u64]) {
    let p = Prime::new(m);
    each!(out, a, b, |_o, x, y| p.add(x, y));
}

#[target_feature(enable = "avx512f,avx512ifma,avx512dq,avx512vl")]
pub(crate) fn sub(m: &Modulus, out: &mut [u64], a: &[u64], b: &[u64]) {
    let p = Prime::new(m);
    each!(out, a, b, |_o, x, y| p.sub(x, y));
}

#[target_feature(enable = "avx512f,avx512ifma,avx512dq,avx512vl")]
pub(crate) fn mul_assign(m: &Modulus, a: &mut [u64], b: &[u64]) {
    let product = Multiplier::new(m);
    each!(a, b, |x, y| product.mul(x, y));
}

#[target_feature(enable = "avx512f,avx512ifma,avx512dq,avx512vl")]
pub(crate) fn mul(m: &Modulus, out: &mut [u64], a: &[u64], b: &[u64]) {
    let product = Multiplier::new(m);
    each!(out, a, b, |_o, x, y| product.mul(x, y));
}

#[target_feature(enable = "avx512f,avx512ifma,avx512dq,avx512vl")]
pub(crate) fn mul_add_assign(m: &Modulus, acc: &mut [u64], a: &[u64], b: &[u64]) {
    let product = Multiplier::new(m);
    each!(acc, a, b, |o, x, y| product.p.add(o, product.mul(x, y)));
}

#[target_feature(enable = "avx512f,avx512ifma,avx512dq,avx512vl")]
pub(crate) fn mul_scalar_assign(m: &Modulus, a: &mut [u64], c: u64) {
    let (p, (w, quotient)) = (Prime::new(m), Factor::new(m, c).splat());
    each!(a, |x| p.mul(x, w, quotient));
}

#[target_feature(enable = "avx512f,avx512ifma,avx512dq,avx512vl")]
pub(crate) fn mul_scalar(m: &Modulus, out: &mut [u64], a: &[u64], c: u64) {
    let (p, (w, quotient)) = (Prime::new(m), Factor::new(m, c).splat());
    each!(out, a, |_o, x| p.mul(x, w, quotient));
}

#[target_feature(enable = "avx512f,avx512ifma,avx512dq,avx512vl")]
pub(crate) fn mul_scalar_add(m: &Modulus, out: &mut [u64], a: &[u64], c: u64) {
    let (p, (w, quotient)) = (Prime::new(m), Factor::new(m, c).splat());
    each!(out, a, |o, x| p.add(o, p.mul(x, w, quotient)));
}

#[target_feature(enable = "avx512f,avx512ifma,avx512dq,avx512vl")]
pub(crate) fn lift_centred(m: &Modulus, out: &mut [u64], from: &Modulus, x: &[u64], c: u64) {
    let (p, (w, quotient)) = (Prime::new(m), Factor::new(m, c).splat());
    let (half, wrap) = (splat(from.value() >> 1), splat(m.mul(m.reduce(from.value()), c)));
    each!(out, x, |_o, x| {
        let upper = _mm512_cmpgt_epu64_mask(x, half);
        p.sub(p.mul(x, w, quotient), _mm512_maskz_mov_epi64(upper, wrap))
    });
}

/// Products of residues: a Montgomery reduction of the double word, then a product that restores the factor 2^52.
#[derive(Clone, Copy)]
struct Multiplier {
    p: Prime,
    two_52: (V, V),
}

impl Multiplier {
    #[target_feature(enable = "avx512f,avx512ifma,avx512dq,avx512vl")]
    #[inline]
    fn new(m: &Modulus) -> Self {
        Self { p: Prime::new(m), two_52: Factor::new(m, m.two_52()).splat() }
    }

    /// `x y` in [0, p).
    #[target_feature(enable = "avx512f,avx512ifma,avx512dq,avx512vl")]
    #[inline]
    fn mul(&self, x: V, y: V) -> V {
        // x y < 2^100, so its upper word is below 2^48 and the reduced one below p + 2^48 < 2^52.
        let (lo, hi) = (madd_lo(self.p.zero, x, y), madd_hi(self.p.p, x, y));
        let q = madd_lo(self.p.zero, lo, self.p.inverse);
        let reduced = vector::sub(hi, madd_hi(self.p.zero, q, self.p.p));
        self.p.mul(reduced, self.two_52.0, self.two_52.1)
    }
}
