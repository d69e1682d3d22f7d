//! Sums of products with one reduction at the end.

use std::ops::Range;
use std::sync::Arc;

use super::{Ntt, PackedPair, Poly, Work, for_each_limb, for_each_limb_pair, for_each_limb_triple};
use crate::{Basis, Modulus, Ring, kernels};

impl Poly<Ntt> {
    /// `sum of a * b` over all terms, over the basis of the first term's `a`. The other polynomials may have larger
    /// bases.
    ///
    /// # Panics
    /// If there is no term.
    #[must_use]
    pub fn dot(terms: &[(&Self, &Self)]) -> Self {
        let (ring, basis) = shape(terms.first().map(|t| t.0));
        for (a, b) in terms {
            a.assert_covers_basis(ring, basis);
            b.assert_covers_basis(ring, basis);
        }
        let mut out = Self::stale(ring, basis);
        for_each_limb(Work::Heavy, out.words_mut(), ring.layout().part_len(), |i, part| {
            let (modulus, of) = part_of(ring, basis, i);
            let columns: Vec<_> = terms.iter().map(|(a, b)| (of(a), of(b))).collect();
            kernels::dot(ring.backend(), modulus, part, &columns);
        });
        out
    }

    /// `[sum of d_j * b_j, sum of d_j * a_j]`: decomposed digits times the two halves of a switching key, with each
    /// digit loaded once. The basis is that of the first digit; key polynomials may have larger ones.
    ///
    /// # Panics
    /// If there is no digit, or there are fewer key polynomials than digits.
    #[must_use]
    pub fn dot2(digits: &[Self], key: &[PackedPair]) -> [Self; 2] {
        let (ring, basis) = shape(digits.first());
        assert!(key.len() >= digits.len(), "a key for each digit");
        digits.iter().for_each(|digit| digit.assert_covers_basis(ring, basis));
        key[..digits.len()].iter().for_each(|key| key.assert_covers_basis(ring, basis));
        let mut out = [Self::stale(ring, basis), Self::stale(ring, basis)];
        let words = out.each_mut().map(Self::words_mut);
        for_each_limb_pair(Work::Heavy, words, ring.layout().part_len(), |i, parts| {
            let (limb, part) = place_of(ring, i);
            let modulus = ring.modulus(basis, limb);
            let columns = digits.iter().zip(key).map(|(d, key)| {
                (&d.limb_over(basis, limb)[part.clone()], key.part_over(basis, limb, part.clone()))
            });
            let columns: Vec<_> = columns.collect();
            kernels::dot2(ring.backend(), modulus, parts, &columns, kernels::Plus::NONE);
        });
        out
    }

    /// The sum of `(a0 b0, a0 b1 + a1 b0, a1 b1)` over all terms `([a0, a1], [b0, b1])`: products of two-polynomial
    /// ciphertexts, not yet relinearised. The basis is that of the first term's `a0`.
    ///
    /// # Panics
    /// If there is no term.
    #[must_use]
    pub fn tensor_dot(terms: &[([&Self; 2], [&Self; 2])]) -> [Self; 3] {
        let (ring, basis) = shape(terms.first().map(|t| t.0[0]));
        for poly in terms.iter().flat_map(|(a, b)| a.iter().chain(b)) {
            poly.assert_covers_basis(ring, basis);
        }
        let mut out = [Self::stale(ring, basis), Self::stale(ring, basis), Self::stale(ring, basis)];
        let words = out.each_mut().map(Self::words_mut);
        for_each_limb_triple(Work::Heavy, words, ring.layout().part_len(), |i, parts| {
            let (modulus, of) = part_of(ring, basis, i);
            let columns: Vec<kernels::TensorTerm<'_>> =
                terms.iter().map(|(a, b)| (a.map(&of), b.map(&of))).collect();
            kernels::tensor_dot(ring.backend(), modulus, parts, &columns);
        });
        out
    }
}

/// The modulus of part number `i` of a polynomial over `basis`, and a function that takes this part of an operand.
fn part_of(ring: &Ring, basis: Basis, i: usize) -> (&Modulus, impl for<'a> Fn(&'a Poly<Ntt>) -> &'a [u64]) {
    let (limb, part) = place_of(ring, i);
    (ring.modulus(basis, limb), move |poly: &Poly<Ntt>| &poly.limb_over(basis, limb)[part.clone()])
}

/// The limb of part number `i`, and the words of the part in it.
pub(super) fn place_of(ring: &Ring, i: usize) -> (usize, Range<usize>) {
    let len = ring.layout().part_len();
    let parts = ring.limb_len() / len;
    let start = i % parts * len;
    (i / parts, start..start + len)
}

fn shape(first: Option<&Poly<Ntt>>) -> (&Arc<Ring>, Basis) {
    let first = first.unwrap_or_else(|| panic!("a sum of products needs at least one term"));
    (first.ring(), first.basis())
}
