//! Sums of products with one reduction at the end.

use std::sync::Arc;

use super::{Ntt, Poly, Work, for_each_limb_pair, for_each_limb_triple};
use crate::{Basis, Ring, kernels};

impl Poly<Ntt> {
    /// `sum of a * b` over all terms, over the basis of the first term's `a`; the others may have larger ones.
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
        out.map_limbs(Work::Heavy, |i, m, limb| {
            let columns: Vec<_> =
                terms.iter().map(|(a, b)| (a.limb_over(basis, i), b.limb_over(basis, i))).collect();
            kernels::dot(ring.backend(), m, limb, &columns);
        });
        out
    }

    /// `[sum of d_j * b_j, sum of d_j * a_j]`: decomposed digits times the two halves of a switching key, each
    /// digit loaded once. Over the basis of the first digit; key polynomials may have larger ones.
    ///
    /// # Panics
    /// If there is no digit, or fewer key polynomials than digits.
    #[must_use]
    pub fn dot2(digits: &[Self], key_b: &[Self], key_a: &[Self]) -> [Self; 2] {
        let (ring, basis) = shape(digits.first());
        assert!(
            key_b.len() >= digits.len() && key_a.len() >= digits.len(),
            "a key polynomial for each digit"
        );
        for poly in digits.iter().chain(&key_b[..digits.len()]).chain(&key_a[..digits.len()]) {
            poly.assert_covers_basis(ring, basis);
        }
        let mut out = [Self::stale(ring, basis), Self::stale(ring, basis)];
        let words = out.each_mut().map(Self::words_mut);
        for_each_limb_pair(Work::Heavy, words, ring.limb_len(), |i, limbs| {
            let columns: Vec<_> = digits
                .iter()
                .zip(key_b.iter().zip(key_a))
                .map(|(d, (b, a))| (d.limb_over(basis, i), b.limb_over(basis, i), a.limb_over(basis, i)))
                .collect();
            kernels::dot2(ring.backend(), ring.modulus(basis, i), limbs, &columns);
        });
        out
    }

    /// `(a0 b0, a0 b1 + a1 b0, a1 b1)` summed over all terms `([a0, a1], [b0, b1])`: products of ciphertexts of
    /// two polynomials, not yet relinearised. Over the basis of the first term's `a0`.
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
        for_each_limb_triple(Work::Heavy, words, ring.limb_len(), |i, limbs| {
            let columns: Vec<kernels::TensorTerm<'_>> = terms
                .iter()
                .map(|(a, b)| (a.map(|x| x.limb_over(basis, i)), b.map(|x| x.limb_over(basis, i))))
                .collect();
            kernels::tensor_dot(ring.backend(), ring.modulus(basis, i), limbs, &columns);
        });
        out
    }
}

fn shape(first: Option<&Poly<Ntt>>) -> (&Arc<Ring>, Basis) {
    let first = first.unwrap_or_else(|| panic!("a sum of products needs at least one term"));
    (first.ring(), first.basis())
}
