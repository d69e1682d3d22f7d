//! Portable kernels.

pub(crate) mod ntt;
pub(crate) mod permute;

use crate::{
    Modulus,
    conversion::{Conversion, Target},
    kernels::terms::{KeyTerm, Plus, TensorTerm},
};

pub(crate) fn add_assign(m: &Modulus, a: &mut [u64], b: &[u64]) {
    a.iter_mut().zip(b).for_each(|(a, &b)| *a = m.add(*a, b));
}

pub(crate) fn sub_assign(m: &Modulus, a: &mut [u64], b: &[u64]) {
    a.iter_mut().zip(b).for_each(|(a, &b)| *a = m.sub(*a, b));
}

pub(crate) fn neg_assign(m: &Modulus, a: &mut [u64]) {
    a.iter_mut().for_each(|a| *a = m.neg(*a));
}

pub(crate) fn add(m: &Modulus, out: &mut [u64], a: &[u64], b: &[u64]) {
    out.iter_mut().zip(a).zip(b).for_each(|((o, &a), &b)| *o = m.add(a, b));
}

pub(crate) fn sub(m: &Modulus, out: &mut [u64], a: &[u64], b: &[u64]) {
    out.iter_mut().zip(a).zip(b).for_each(|((o, &a), &b)| *o = m.sub(a, b));
}

pub(crate) fn mul_assign(m: &Modulus, a: &mut [u64], b: &[u64]) {
    a.iter_mut().zip(b).for_each(|(a, &b)| *a = m.mul(*a, b));
}

pub(crate) fn mul(m: &Modulus, out: &mut [u64], a: &[u64], b: &[u64]) {
    out.iter_mut().zip(a).zip(b).for_each(|((o, &a), &b)| *o = m.mul(a, b));
}

pub(crate) fn mul_add_assign(m: &Modulus, acc: &mut [u64], a: &[u64], b: &[u64]) {
    acc.iter_mut().zip(a).zip(b).for_each(|((o, &a), &b)| *o = m.add(*o, m.mul(a, b)));
}

pub(crate) fn mul_scalar_assign(m: &Modulus, a: &mut [u64], c: u64) {
    let shoup = m.shoup(c);
    a.iter_mut().for_each(|a| *a = m.mul_shoup(*a, c, shoup));
}

pub(crate) fn mul_scalar(m: &Modulus, out: &mut [u64], a: &[u64], c: u64) {
    let shoup = m.shoup(c);
    out.iter_mut().zip(a).for_each(|(o, &a)| *o = m.mul_shoup(a, c, shoup));
}

pub(crate) fn mul_scalar_add(m: &Modulus, out: &mut [u64], a: &[u64], c: u64) {
    let shoup = m.shoup(c);
    out.iter_mut().zip(a).for_each(|(o, &a)| *o = m.add(*o, m.mul_shoup(a, c, shoup)));
}

pub(crate) fn lift_centred(m: &Modulus, out: &mut [u64], from: &Modulus, x: &[u64], c: u64) {
    let half = from.value() >> 1;
    let (wrap, shoup) = (m.mul(m.reduce(from.value()), c), m.shoup(c));
    out.iter_mut().zip(x).for_each(|(o, &x)| {
        let upper = u64::from(x > half).wrapping_neg();
        *o = m.sub(m.mul_shoup(x, c, shoup), wrap & upper);
    });
}

/// Words summed at a time in wide accumulators. These stay in the level-one cache.
const BLOCK: usize = 64;

/// A product of two residues is below 2^100, so 2^28 of them fit 128 bits.
const MAX_TERMS: usize = 1 << 28;

pub(crate) fn dot(m: &Modulus, out: &mut [u64], terms: &[(&[u64], &[u64])]) {
    assert!(terms.len() <= MAX_TERMS);
    for (start, out) in blocks(out) {
        let mut sums = [0u128; BLOCK];
        for (a, b) in terms {
            accumulate(&mut sums, &a[start..], &b[start..]);
        }
        finish(m, out, &sums);
    }
}

pub(crate) fn dot2(m: &Modulus, mut out: [&mut [u64]; 2], terms: &[KeyTerm<'_>], plus: Plus<'_>) {
    let [out_b, out_a] = &mut out;
    for ((start, out_b), (_, out_a)) in blocks(out_b).zip(blocks(out_a)) {
        let sums = key_sums(start, terms);
        finish(m, out_b, &sums[0]);
        finish(m, out_a, &sums[1]);
    }
    add_plus(m, out, plus, 1);
}

pub(crate) fn dot2_add(m: &Modulus, mut out: [&mut [u64]; 2], terms: &[KeyTerm<'_>], c: u64, plus: Plus<'_>) {
    let [out_b, out_a] = &mut out;
    let mut products = [0; BLOCK];
    for ((start, out_b), (_, out_a)) in blocks(out_b).zip(blocks(out_a)) {
        let sums = key_sums(start, terms);
        for (out, sums) in [out_b, out_a].into_iter().zip(&sums) {
            let products = &mut products[..out.len()];
            finish(m, products, sums);
            mul_scalar_add(m, out, products, c);
        }
    }
    add_plus(m, out, plus, c);
}

/// `out += c plus`.
fn add_plus(m: &Modulus, out: [&mut [u64]; 2], plus: Plus<'_>, c: u64) {
    let factor = m.mul(plus.factor, c);
    for (out, limb) in out.into_iter().zip(plus.limbs) {
        if let Some(limb) = limb {
            mul_scalar_add(m, out, limb, factor);
        }
    }
}

/// The sums of one block, for both halves.
fn key_sums(start: usize, terms: &[KeyTerm<'_>]) -> [[u128; BLOCK]; 2] {
    assert!(terms.len() <= MAX_TERMS);
    let mut sums = [[0u128; BLOCK]; 2];
    let [sums_b, sums_a] = &mut sums;
    for (d, key) in terms {
        let sums = sums_b.iter_mut().zip(sums_a.iter_mut());
        for (i, ((sum_b, sum_a), &d)) in (start..).zip(sums.zip(&d[start..])) {
            let [b, a] = key.word(i);
            *sum_b += u128::from(d) * u128::from(b);
            *sum_a += u128::from(d) * u128::from(a);
        }
    }
    sums
}

pub(crate) fn tensor_dot(m: &Modulus, out: [&mut [u64]; 3], terms: &[TensorTerm<'_>]) {
    assert!(terms.len() <= MAX_TERMS / 2);
    let [out_0, out_1, out_2] = out;
    for (((start, out_0), (_, out_1)), (_, out_2)) in blocks(out_0).zip(blocks(out_1)).zip(blocks(out_2)) {
        let mut sums = [[0u128; BLOCK]; 3];
        for ([a0, a1], [b0, b1]) in terms {
            accumulate(&mut sums[0], &a0[start..], &b0[start..]);
            accumulate(&mut sums[1], &a0[start..], &b1[start..]);
            accumulate(&mut sums[1], &a1[start..], &b0[start..]);
            accumulate(&mut sums[2], &a1[start..], &b1[start..]);
        }
        finish(m, out_0, &sums[0]);
        finish(m, out_1, &sums[1]);
        finish(m, out_2, &sums[2]);
    }
}

pub(crate) fn quotients(conversion: &Conversion, sources: &[&[u64]], out: &mut [u8]) {
    for (k, u) in out.iter_mut().enumerate() {
        *u = conversion.quotient(sources.iter().map(|s| s[k])) as u8;
    }
}

pub(crate) fn combine(targets: &[&Target], sources: &[&[u64]], quotients: &[u8], outs: Vec<&mut [u64]>) {
    for (target, out) in targets.iter().zip(outs) {
        combine_one(target, sources, quotients, out);
    }
}

fn combine_one(target: &Target, sources: &[&[u64]], quotients: &[u8], out: &mut [u64]) {
    let [factors @ .., quotient_factor] = &target.factors[..] else {
        unreachable!("a target has a factor for the quotient");
    };
    for (start, out) in blocks(out) {
        let mut sums = [0u128; BLOCK];
        for (sum, &u) in sums.iter_mut().zip(&quotients[start..]) {
            *sum = u128::from(u) * u128::from(*quotient_factor);
        }
        for (source, &factor) in sources.iter().zip(factors) {
            let terms = sums.iter_mut().zip(&source[start..]);
            terms.for_each(|(sum, &y)| *sum += u128::from(y) * u128::from(factor));
        }
        finish(&target.modulus, out, &sums);
    }
}

fn blocks(out: &mut [u64]) -> impl Iterator<Item = (usize, &mut [u64])> {
    out.chunks_mut(BLOCK).enumerate().map(|(i, chunk)| (i * BLOCK, chunk))
}

fn accumulate(sums: &mut [u128; BLOCK], a: &[u64], b: &[u64]) {
    sums.iter_mut().zip(a).zip(b).for_each(|((s, &a), &b)| *s += u128::from(a) * u128::from(b));
}

fn finish(m: &Modulus, out: &mut [u64], sums: &[u128; BLOCK]) {
    out.iter_mut().zip(sums).for_each(|(o, &s)| *o = m.reduce_u128(s));
}
