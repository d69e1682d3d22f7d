//! Sums of products of residues, reduced once every [`MAX_PRODUCTS`].

use super::{
    super::{KeyTerm, TensorTerm},
    isa::{Isa, Words},
    prime::Factor,
    sum::{MAX_PRODUCTS, Reduction, Sum},
};
use crate::{
    Modulus,
    kernels::lanes::{vectors, vectors_mut},
};

#[inline(always)]
pub(crate) fn dot<S: Isa>(isa: S, m: &Modulus, out: &mut [u64], terms: &[(&[u64], &[u64])]) {
    let reduction = Reduction::new(isa, m, 2 * m.bits());
    let terms: Vec<_> = terms.iter().map(|(a, b)| (vectors(a), vectors(b))).collect();
    for (at, out) in vectors_mut(out).iter_mut().enumerate() {
        let mut total = reduction.zero;
        for terms in terms.chunks(MAX_PRODUCTS) {
            let mut sum = Sum::new(&reduction);
            for (a, b) in terms {
                sum.accumulate(isa.load_residues(&a[at]), isa.load_residues(&b[at]));
            }
            total = reduction.add(total, sum);
        }
        reduction.p.residue_words(total).store(out);
    }
}

#[inline(always)]
pub(crate) fn dot2<S: Isa>(isa: S, m: &Modulus, out: [&mut [u64]; 2], terms: &[KeyTerm<'_>]) {
    key_sums::<S, false>(isa, m, out, terms, 1);
}

#[inline(always)]
pub(crate) fn dot2_add<S: Isa>(isa: S, m: &Modulus, out: [&mut [u64]; 2], terms: &[KeyTerm<'_>], c: u64) {
    key_sums::<S, true>(isa, m, out, terms, c);
}

/// Both sums, or with `ADD` what is there and `c` times both sums.
#[inline(always)]
fn key_sums<S: Isa, const ADD: bool>(
    isa: S,
    m: &Modulus,
    [out_b, out_a]: [&mut [u64]; 2],
    terms: &[KeyTerm<'_>],
    c: u64,
) {
    let reduction = Reduction::new(isa, m, 2 * m.bits());
    let (p, c) = (reduction.p, Factor::new(m, c).splat(isa));
    let unpack = isa.unpack(m.bits() as usize);
    let terms: Vec<_> = terms.iter().map(|(d, key)| (vectors(d), key)).collect();
    for (at, out) in vectors_mut(out_b).iter_mut().zip(vectors_mut(out_a)).enumerate() {
        let mut total = [reduction.zero; 2];
        for terms in terms.chunks(MAX_PRODUCTS) {
            let mut sums = [Sum::new(&reduction); 2];
            for (d, key) in terms {
                let (d, [b, a]) = (isa.load_residues(&d[at]), key.windows(at));
                sums[0].accumulate(d, isa.unpacked(&unpack, b).to_doubles());
                sums[1].accumulate(d, isa.unpacked(&unpack, a).to_doubles());
            }
            total = [reduction.add(total[0], sums[0]), reduction.add(total[1], sums[1])];
        }
        if ADD {
            // A total is within p/2 + 1, the product as near zero as one with a residue.
            let products = [p.mul(total[0], c), p.mul(total[1], c)];
            p.add_words(isa.load_words(out.0), p.residue_words(products[0])).store(out.0);
            p.add_words(isa.load_words(out.1), p.residue_words(products[1])).store(out.1);
        } else {
            p.residue_words(total[0]).store(out.0);
            p.residue_words(total[1]).store(out.1);
        }
    }
}

#[inline(always)]
pub(crate) fn tensor_dot<S: Isa>(
    isa: S,
    m: &Modulus,
    [out_0, out_1, out_2]: [&mut [u64]; 3],
    terms: &[TensorTerm<'_>],
) {
    let reduction = Reduction::new(isa, m, 2 * m.bits());
    let terms: Vec<_> = terms.iter().map(|(a, b)| (a.map(vectors), b.map(vectors))).collect();
    let outs = vectors_mut(out_0).iter_mut().zip(vectors_mut(out_1)).zip(vectors_mut(out_2));
    for (at, ((out_0, out_1), out_2)) in outs.enumerate() {
        let mut total = [reduction.zero; 3];
        // The middle sum takes two products a term.
        for terms in terms.chunks(MAX_PRODUCTS / 2) {
            let mut sums = [Sum::new(&reduction); 3];
            for ([a0, a1], [b0, b1]) in terms {
                let (a0, a1) = (isa.load_residues(&a0[at]), isa.load_residues(&a1[at]));
                let (b0, b1) = (isa.load_residues(&b0[at]), isa.load_residues(&b1[at]));
                sums[0].accumulate(a0, b0);
                sums[1].accumulate(a0, b1);
                sums[1].accumulate(a1, b0);
                sums[2].accumulate(a1, b1);
            }
            for i in 0..3 {
                total[i] = reduction.add(total[i], sums[i]);
            }
        }
        reduction.p.residue_words(total[0]).store(out_0);
        reduction.p.residue_words(total[1]).store(out_1);
        reduction.p.residue_words(total[2]).store(out_2);
    }
}
