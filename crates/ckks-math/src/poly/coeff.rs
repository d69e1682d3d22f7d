//! Polynomials by their coefficients.

use std::sync::Arc;

use super::{Coeff, Ntt, Poly, Work};
use crate::{Basis, Modulus, Ring};

impl Poly<Coeff> {
    /// Transforms to evaluations.
    pub fn into_ntt(mut self) -> Poly<Ntt> {
        let (ring, basis) = (self.ring.clone(), self.basis);
        self.map_limbs(Work::Heavy, |i, _, limb| ring.forward(ring.prime_index(basis, i), limb));
        self.into_domain()
    }

    /// The polynomial with these signed coefficients in order of rising powers, at most N of them; further ones are
    /// zero. The running time does not depend on the values.
    pub fn from_signed(ring: &Arc<Ring>, basis: Basis, coefficients: &[i64]) -> Self {
        Self::from_integers(ring, basis, coefficients, Modulus::reduce_i64)
    }

    /// [`Poly::from_signed`] for wider integers.
    pub fn from_i128(ring: &Arc<Ring>, basis: Basis, coefficients: &[i128]) -> Self {
        Self::from_integers(ring, basis, coefficients, Modulus::reduce_i128)
    }

    fn from_integers<T: Copy + Sync>(
        ring: &Arc<Ring>,
        basis: Basis,
        coefficients: &[T],
        reduce: impl Fn(&Modulus, T) -> u64 + Sync,
    ) -> Self {
        assert!(coefficients.len() <= ring.degree(), "{} coefficients in {ring:?}", coefficients.len());
        let mut out = Self::zero(ring, basis);
        let (row_len, stride) = (ring.row_len(), ring.layout().row_stride());
        out.map_limbs(Work::Heavy, |_, m, limb| {
            for (row, values) in limb.chunks_exact_mut(stride).zip(coefficients.chunks(row_len)) {
                row.iter_mut().zip(values).for_each(|(word, &value)| *word = reduce(m, value));
            }
        });
        out
    }

    /// The residues of limb `i` in order of rising powers, without padding.
    pub fn coefficients(&self, i: usize) -> impl Iterator<Item = u64> {
        self.rows(i).flatten().copied()
    }
}
