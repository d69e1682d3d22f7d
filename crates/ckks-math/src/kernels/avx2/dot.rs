//! Sums of products of residues, reduced once every [`MAX_PRODUCTS`].

use super::{
    super::{KeyTerm, TensorTerm},
    sum::{MAX_PRODUCTS, Reduction, Sum},
    vector::{
        Factor, LANES, Prime, Unpack, V, load_residues, load_words, splat, store_words, vectors, vectors_mut,
    },
};
use crate::Modulus;

#[target_feature(enable = "avx2,fma")]
pub(crate) fn dot(m: &Modulus, out: &mut [u64], terms: &[(&[u64], &[u64])]) {
    let reduction = Reduction::new(m, 2 * m.bits());
    let terms: Vec<_> = terms.iter().map(|(a, b)| (vectors(a), vectors(b))).collect();
    for (at, out) in vectors_mut(out).iter_mut().enumerate() {
        let mut total = splat(0.0);
        for terms in terms.chunks(MAX_PRODUCTS) {
            let mut sum = Sum::new(&reduction);
            for (a, b) in terms {
                sum.accumulate(load_residues(&a[at]), load_residues(&b[at]));
            }
            total = reduction.add(total, sum);
        }
        store_words(out, reduction.p.residue_words(total));
    }
}

#[target_feature(enable = "avx2,fma")]
pub(crate) fn dot2(m: &Modulus, out: [&mut [u64]; 2], terms: &[KeyTerm<'_>]) {
    key_sums(m, out, terms, |p, out, total| store_words(out, p.residue_words(total)));
}

#[target_feature(enable = "avx2,fma")]
pub(crate) fn dot2_add(m: &Modulus, out: [&mut [u64]; 2], terms: &[KeyTerm<'_>], c: u64) {
    let c = Factor::new(m, c).splat();
    key_sums(m, out, terms, |p, out, total| {
        // a total is within p/2 + 2, the product as near zero as one with a residue
        let product = p.residue_words(p.mul(total, c));
        store_words(out, p.add_words(load_words(out), product));
    });
}

/// Both sums of every vector, within p/2 + 2, to `put` beside their place.
#[target_feature(enable = "avx2,fma")]
#[inline]
fn key_sums(
    m: &Modulus,
    [out_b, out_a]: [&mut [u64]; 2],
    terms: &[KeyTerm<'_>],
    put: impl Fn(&Prime, &mut [u64; LANES], V),
) {
    let reduction = Reduction::new(m, 2 * m.bits());
    let unpack = Unpack::new(m.bits() as usize);
    let terms: Vec<_> = terms.iter().map(|(d, key)| (vectors(d), key)).collect();
    for (at, (out_b, out_a)) in vectors_mut(out_b).iter_mut().zip(vectors_mut(out_a)).enumerate() {
        let mut total = [splat(0.0); 2];
        for terms in terms.chunks(MAX_PRODUCTS) {
            let mut sums = [Sum::new(&reduction); 2];
            for (d, key) in terms {
                let (d, [b, a]) = (load_residues(&d[at]), key.windows(at));
                sums[0].accumulate(d, unpack.residues(b));
                sums[1].accumulate(d, unpack.residues(a));
            }
            total = [reduction.add(total[0], sums[0]), reduction.add(total[1], sums[1])];
        }
        put(&reduction.p, out_b, total[0]);
        put(&reduction.p, out_a, total[1]);
    }
}

#[target_feature(enable = "avx2,fma")]
pub(crate) fn tensor_dot(m: &Modulus, [out_0, out_1, out_2]: [&mut [u64]; 3], terms: &[TensorTerm<'_>]) {
    let reduction = Reduction::new(m, 2 * m.bits());
    let terms: Vec<_> = terms.iter().map(|(a, b)| (a.map(vectors), b.map(vectors))).collect();
    let outs = vectors_mut(out_0).iter_mut().zip(vectors_mut(out_1)).zip(vectors_mut(out_2));
    for (at, ((out_0, out_1), out_2)) in outs.enumerate() {
        let mut total = [splat(0.0); 3];
        // The middle sum takes two products a term.
        for terms in terms.chunks(MAX_PRODUCTS / 2) {
            let mut sums = [Sum::new(&reduction); 3];
            for ([a0, a1], [b0, b1]) in terms {
                let (a0, a1) = (load_residues(&a0[at]), load_residues(&a1[at]));
                let (b0, b1) = (load_residues(&b0[at]), load_residues(&b1[at]));
                sums[0].accumulate(a0, b0);
                sums[1].accumulate(a0, b1);
                sums[1].accumulate(a1, b0);
                sums[2].accumulate(a1, b1);
            }
            for (total, sum) in total.iter_mut().zip(sums) {
                *total = reduction.add(*total, sum);
            }
        }
        store_words(out_0, reduction.p.residue_words(total[0]));
        store_words(out_1, reduction.p.residue_words(total[1]));
        store_words(out_2, reduction.p.residue_words(total[2]));
    }
}
