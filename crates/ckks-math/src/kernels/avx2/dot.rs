//! Sums of products of residues, reduced once every [`MAX_PRODUCTS`].

use super::{
    super::TensorTerm,
    sum::{MAX_PRODUCTS, Reduction, Sum},
    vector::{LANES, V, load_residues, splat, store_words, vectors, vectors_mut},
};
use crate::Modulus;

/// Vectors of each output that are summed side by side, to hide the latency of the multiplier: one cache line.
const WIDE: usize = 2;

type Block = [[u64; LANES]; WIDE];

/// A limb, or part of one, in cache lines.
fn blocks(words: &[u64]) -> &[Block] {
    let (blocks, rest) = vectors(words).as_chunks();
    assert!(rest.is_empty(), "{} words are no whole cache lines", words.len());
    blocks
}

/// As [`blocks`], to write.
fn blocks_mut(words: &mut [u64]) -> &mut [Block] {
    let (blocks, rest) = vectors_mut(words).as_chunks_mut();
    assert!(rest.is_empty(), "a limb is whole cache lines");
    blocks
}

#[target_feature(enable = "avx2,fma")]
pub(crate) fn dot(m: &Modulus, out: &mut [u64], terms: &[(&[u64], &[u64])]) {
    let reduction = Reduction::new(m, 2 * m.bits());
    let terms: Vec<_> = terms.iter().map(|(a, b)| (blocks(a), blocks(b))).collect();
    for (at, out) in blocks_mut(out).iter_mut().enumerate() {
        let mut total = [splat(0.0); WIDE];
        for terms in terms.chunks(MAX_PRODUCTS) {
            let mut sum = Sum::new(&reduction);
            for (a, b) in terms {
                for v in 0..WIDE {
                    sum.accumulate(v, load_residues(&a[at][v]), load_residues(&b[at][v]));
                }
            }
            reduction.add_to(&mut total, &sum);
        }
        store_block(&reduction, out, &total);
    }
}

#[target_feature(enable = "avx2,fma")]
pub(crate) fn dot2(m: &Modulus, [out_b, out_a]: [&mut [u64]; 2], terms: &[(&[u64], &[u64], &[u64])]) {
    let reduction = Reduction::new(m, 2 * m.bits());
    let terms: Vec<_> = terms.iter().map(|(d, b, a)| (blocks(d), blocks(b), blocks(a))).collect();
    for (at, (out_b, out_a)) in blocks_mut(out_b).iter_mut().zip(blocks_mut(out_a)).enumerate() {
        let mut total = [[splat(0.0); WIDE]; 2];
        for terms in terms.chunks(MAX_PRODUCTS) {
            let (mut sum_b, mut sum_a) = (Sum::new(&reduction), Sum::new(&reduction));
            for (d, b, a) in terms {
                for v in 0..WIDE {
                    let d = load_residues(&d[at][v]);
                    sum_b.accumulate(v, d, load_residues(&b[at][v]));
                    sum_a.accumulate(v, d, load_residues(&a[at][v]));
                }
            }
            reduction.add_to(&mut total[0], &sum_b);
            reduction.add_to(&mut total[1], &sum_a);
        }
        store_block(&reduction, out_b, &total[0]);
        store_block(&reduction, out_a, &total[1]);
    }
}

#[target_feature(enable = "avx2,fma")]
pub(crate) fn tensor_dot(m: &Modulus, [out_0, out_1, out_2]: [&mut [u64]; 3], terms: &[TensorTerm<'_>]) {
    let reduction = Reduction::new(m, 2 * m.bits());
    let terms: Vec<_> = terms.iter().map(|(a, b)| (a.map(blocks), b.map(blocks))).collect();
    let outs = blocks_mut(out_0).iter_mut().zip(blocks_mut(out_1)).zip(blocks_mut(out_2));
    for (at, ((out_0, out_1), out_2)) in outs.enumerate() {
        for v in 0..WIDE {
            let mut total = [[splat(0.0); 1]; 3];
            // The middle sum takes two products a term.
            for terms in terms.chunks(MAX_PRODUCTS / 2) {
                let mut sums = [Sum::<1>::new(&reduction); 3];
                for ([a0, a1], [b0, b1]) in terms {
                    let (a0, a1) = (load_residues(&a0[at][v]), load_residues(&a1[at][v]));
                    let (b0, b1) = (load_residues(&b0[at][v]), load_residues(&b1[at][v]));
                    sums[0].accumulate(0, a0, b0);
                    sums[1].accumulate(0, a0, b1);
                    sums[1].accumulate(0, a1, b0);
                    sums[2].accumulate(0, a1, b1);
                }
                for (total, sum) in total.iter_mut().zip(&sums) {
                    reduction.add_to(total, sum);
                }
            }
            store_words(&mut out_0[v], reduction.p.residue_words(total[0][0]));
            store_words(&mut out_1[v], reduction.p.residue_words(total[1][0]));
            store_words(&mut out_2[v], reduction.p.residue_words(total[2][0]));
        }
    }
}

#[target_feature(enable = "avx2,fma")]
#[inline]
fn store_block(reduction: &Reduction, out: &mut Block, total: &[V; WIDE]) {
    for (out, &value) in out.iter_mut().zip(total) {
        store_words(out, reduction.p.residue_words(value));
    }
}
