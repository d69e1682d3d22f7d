//! Sums of products of residues, reduced after every [`MAX_PRODUCTS`] products.

use super::{
    elementwise::{add_assign, mul_scalar_add},
    isa::{Doubles, Isa, Words, each_block},
    prime::{Factor, Root},
    sum::{MAX_PRODUCTS, Reduction, Sum},
};
use crate::{
    Modulus,
    kernels::{
        lanes::{LANES, ask_for, vectors, vectors_mut},
        packed::Packed,
        terms::{KeyTerm, Plus, TensorTerm},
    },
};

type Vectors<'a> = &'a [[u64; LANES]];
type VectorsMut<'a> = &'a mut [[u64; LANES]];

#[inline(always)]
pub(crate) fn dot<S: Isa>(isa: S, m: &Modulus, out: &mut [u64], terms: &[(&[u64], &[u64])]) {
    let reduction = Reduction::new(isa, m, 2 * m.bits());
    let (out, terms) = (vectors_mut(out), terms.iter().map(|(a, b)| (vectors(a), vectors(b))));
    let terms: Vec<_> = terms.collect();
    each_block!(S, out.len(), 4 or 2, |at, W| dot_block::<S, W>(isa, &reduction, at, out, &terms));
}

#[inline(always)]
fn dot_block<S: Isa, const W: usize>(
    isa: S,
    reduction: &Reduction<S>,
    at: usize,
    out: VectorsMut<'_>,
    terms: &[(Vectors<'_>, Vectors<'_>)],
) {
    let mut total = [reduction.zero; W];
    for terms in terms.chunks(MAX_PRODUCTS) {
        let mut sum = [Sum::new(reduction); W];
        for (a, b) in terms {
            let (a, b) = (&a[at..][..W], &b[at..][..W]);
            for v in 0..W {
                sum[v].accumulate(isa.load_residues(&a[v]), isa.load_residues(&b[v]));
            }
        }
        reduction.add_to(&mut total, &sum);
    }
    store(reduction, total, &mut out[at..]);
}

/// Terms of a key switch, as vectors.
type Terms<'a> = &'a [(Vectors<'a>, Packed<'a>)];

#[inline(always)]
pub(crate) fn dot2<S: Isa>(
    isa: S,
    m: &Modulus,
    [out_b, out_a]: [&mut [u64]; 2],
    terms: &[KeyTerm<'_>],
    plus: Plus<'_>,
) {
    let reduction = Reduction::new(isa, m, 2 * m.bits());
    let unpack = isa.unpack(m.bits() as usize);
    let terms: Vec<_> = terms.iter().map(|(d, key)| (vectors(d), *key)).collect();
    let (vectors_b, vectors_a) = (vectors_mut(out_b), vectors_mut(out_a));
    each_block!(S, vectors_b.len(), 4 or 1, |at, W| {
        let [b, a] = key_sums::<S, W>(isa, &reduction, &unpack, at, &terms);
        store(&reduction, b, &mut vectors_b[at..]);
        store(&reduction, a, &mut vectors_a[at..]);
    });
    add_plus(isa, m, [out_b, out_a], plus, 1);
}

#[inline(always)]
pub(crate) fn dot2_add<S: Isa>(
    isa: S,
    m: &Modulus,
    [out_b, out_a]: [&mut [u64]; 2],
    terms: &[KeyTerm<'_>],
    c: u64,
    plus: Plus<'_>,
) {
    let reduction = Reduction::new(isa, m, 2 * m.bits());
    let (unpack, factor) = (isa.unpack(m.bits() as usize), Factor::new(m, c).splat(isa));
    let terms: Vec<_> = terms.iter().map(|(d, key)| (vectors(d), *key)).collect();
    let (vectors_b, vectors_a) = (vectors_mut(out_b), vectors_mut(out_a));
    each_block!(S, vectors_b.len(), 4 or 1, |at, W| {
        let [b, a] = key_sums::<S, W>(isa, &reduction, &unpack, at, &terms);
        add_times(isa, &reduction, b, factor, &mut vectors_b[at..]);
        add_times(isa, &reduction, a, factor, &mut vectors_a[at..]);
    });
    add_plus(isa, m, [out_b, out_a], plus, c);
}

/// `out += c plus`.
#[inline(always)]
fn add_plus<S: Isa>(isa: S, m: &Modulus, out: [&mut [u64]; 2], plus: Plus<'_>, c: u64) {
    let factor = m.mul(plus.factor, c);
    for (out, limb) in out.into_iter().zip(plus.limbs) {
        match limb {
            Some(limb) if factor == 1 => add_assign(isa, m, out, limb),
            Some(limb) => mul_scalar_add(isa, m, out, limb, factor),
            None => {}
        }
    }
}

/// Both sums for the vectors from `at` on.
#[inline(always)]
fn key_sums<S: Isa, const W: usize>(
    isa: S,
    reduction: &Reduction<S>,
    unpack: &S::Unpack,
    at: usize,
    terms: Terms<'_>,
) -> [[S::Doubles; W]; 2] {
    let mut total = [[reduction.zero; W]; 2];
    for terms in terms.chunks(MAX_PRODUCTS) {
        let mut sums = [[Sum::new(reduction); W]; 2];
        for (d, key) in terms {
            let d = &d[at..][..W];
            for v in 0..W {
                let (d, [b, a]) = (isa.load_residues(&d[v]), key.windows(at + v));
                sums[0][v].accumulate(d, isa.unpacked(unpack, b).to_doubles());
                sums[1][v].accumulate(d, isa.unpacked(unpack, a).to_doubles());
            }
        }
        reduction.add_to(&mut total[0], &sums[0]);
        reduction.add_to(&mut total[1], &sums[1]);
    }
    total
}

/// Terms of a tensor product, as vectors.
type TensorVectors<'a> = ([Vectors<'a>; 2], [Vectors<'a>; 2]);

/// Vectors of a tile, one page.
const TILE: usize = 64;

/// Number of terms whose products fit a [`Sum`]: the middle sum takes two products per term.
const TENSORS: usize = MAX_PRODUCTS / 2;

/// Most terms come from memory. A pass over all terms, vector by vector, would defeat the prefetchers. So a few terms
/// at a time are summed over a page of each. Meanwhile the totals wait as doubles in their place in `out`, and the
/// next terms' pages are prefetched.
#[inline(always)]
pub(crate) fn tensor_dot<S: Isa>(isa: S, m: &Modulus, out: [&mut [u64]; 3], terms: &[TensorTerm<'_>]) {
    let reduction = Reduction::new(isa, m, 2 * m.bits());
    let terms: Vec<_> = terms.iter().map(|(a, b)| (a.map(vectors), b.map(vectors))).collect();
    let mut out = out.map(vectors_mut);
    let mut start = 0;
    while start < out[0].len() {
        let tile = TILE.min(out[0].len() - start);
        let mut done = 0;
        // Runs once even if there is no term.
        loop {
            let (few, rest) = terms[done..].split_at(TENSORS.min(terms.len() - done));
            let next = &rest[..TENSORS.min(rest.len())];
            each_block!(S, tile, 2 or 1, |i, W| {
                ask_for_vectors::<W>(next, start + i);
                let mut totals = [[reduction.zero; W]; 3];
                if done > 0 {
                    totals = load_totals(isa, &out, start + i);
                }
                add_tensors(isa, &reduction, &mut totals, start + i, few);
                if rest.is_empty() {
                    for k in 0..3 {
                        store(&reduction, totals[k], &mut out[k][start + i..]);
                    }
                } else {
                    store_totals(totals, &mut out, start + i);
                }
            });
            done += few.len();
            if rest.is_empty() {
                break;
            }
        }
        start += tile;
    }
}

/// Adds the products of a few terms to the three totals for the vectors from `at` on.
#[inline(always)]
fn add_tensors<S: Isa, const W: usize>(
    isa: S,
    reduction: &Reduction<S>,
    totals: &mut [[S::Doubles; W]; 3],
    at: usize,
    terms: &[TensorVectors<'_>],
) {
    let mut sums = [[Sum::new(reduction); W]; 3];
    for ([a0, a1], [b0, b1]) in terms {
        let (a0, a1) = (&a0[at..][..W], &a1[at..][..W]);
        let (b0, b1) = (&b0[at..][..W], &b1[at..][..W]);
        for v in 0..W {
            let (a0, a1) = (isa.load_residues(&a0[v]), isa.load_residues(&a1[v]));
            let (b0, b1) = (isa.load_residues(&b0[v]), isa.load_residues(&b1[v]));
            sums[0][v].accumulate(a0, b0);
            sums[1][v].accumulate(a0, b1);
            sums[1][v].accumulate(a1, b0);
            sums[2][v].accumulate(a1, b1);
        }
    }
    for k in 0..3 {
        reduction.add_to(&mut totals[k], &sums[k]);
    }
}

#[inline(always)]
fn load_totals<S: Isa, const W: usize>(isa: S, out: &[VectorsMut<'_>; 3], at: usize) -> [[S::Doubles; W]; 3] {
    let [x, y, z] = [&out[0][at..][..W], &out[1][at..][..W], &out[2][at..][..W]];
    [
        std::array::from_fn(|v| isa.load_bits(&x[v])),
        std::array::from_fn(|v| isa.load_bits(&y[v])),
        std::array::from_fn(|v| isa.load_bits(&z[v])),
    ]
}

#[inline(always)]
fn store_totals<D: Doubles, const W: usize>(totals: [[D; W]; 3], out: &mut [VectorsMut<'_>; 3], at: usize) {
    for k in 0..3 {
        let out = &mut out[k][at..][..W];
        for v in 0..W {
            totals[k][v].store_bits(&mut out[v]);
        }
    }
}

/// Prefetches vectors of each operand.
#[inline(always)]
fn ask_for_vectors<const W: usize>(terms: &[TensorVectors<'_>], at: usize) {
    for ([a0, a1], [b0, b1]) in terms {
        for poly in [a0, a1, b0, b1] {
            for vector in &poly[at..][..W] {
                ask_for(vector);
            }
        }
    }
}

/// `out = totals`.
#[inline(always)]
fn store<S: Isa, const W: usize>(reduction: &Reduction<S>, totals: [S::Doubles; W], out: VectorsMut<'_>) {
    let out = &mut out[..W];
    for v in 0..W {
        reduction.p.residue_words(totals[v]).store(&mut out[v]);
    }
}

/// `out += c totals`. A total is within p/2 + 1, and its product is as small as that with a residue.
#[inline(always)]
fn add_times<S: Isa, const W: usize>(
    isa: S,
    reduction: &Reduction<S>,
    totals: [S::Doubles; W],
    c: Root<S>,
    out: VectorsMut<'_>,
) {
    let (p, out) = (reduction.p, &mut out[..W]);
    for v in 0..W {
        let product = p.residue_words(p.mul(totals[v], c));
        p.add_words(isa.load_words(&out[v]), product).store(&mut out[v]);
    }
}
