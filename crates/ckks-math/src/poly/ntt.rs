//! Polynomials by their evaluations, with pointwise products.

use super::{Coeff, Ntt, Poly, Work};
use crate::{AutomorphismTable, Modulus, kernels};

impl Poly<Ntt> {
    /// Transforms to coefficients.
    pub fn into_coeff(mut self) -> Poly<Coeff> {
        let (ring, basis) = (self.ring.clone(), self.basis);
        self.map_limbs(Work::Heavy, |i, _, limb| ring.inverse(ring.prime_index(basis, i), limb, 1));
        self.into_domain()
    }

    /// `self *= other`.
    pub fn mul_assign(&mut self, other: &Self) {
        self.zip_assign(other, kernels::mul_assign);
    }

    /// `self * other`, over the basis of `self`.
    #[must_use]
    pub fn mul(&self, other: &Self) -> Self {
        self.zip(other, kernels::mul)
    }

    /// `self += a * b`.
    pub fn mul_add_assign(&mut self, a: &Self, b: &Self) {
        a.assert_covers(self);
        b.assert_covers(self);
        let (backend, basis) = (self.ring.backend(), self.basis);
        self.map_limbs(Work::Light, |i, m, limb| {
            kernels::mul_add_assign(backend, m, limb, a.limb_over(basis, i), b.limb_over(basis, i));
        });
    }

    /// Multiplies by X^(N/2), which multiplies each slot of a ciphertext by the imaginary unit.
    pub fn mul_i_assign(&mut self) {
        let (ring, basis) = (self.ring.clone(), self.basis);
        let half = ring.layout().limb_len() / 2;
        self.map_limbs(Work::Light, |i, m, limb| {
            // At psi^(2k+1) the monomial is I (-1)^k with I = psi^(N/2). The parity of k is the highest bit of the
            // place in bit-reversed order, so each half of the limb has one sign.
            let unit = m.pow(ring.psi(basis, i), ring.degree() as u64 / 2);
            let middle = if ring.layout().rows() == 1 { ring.row_len() / 2 } else { half };
            let (even, odd) = limb.split_at_mut(middle);
            kernels::mul_scalar_assign(ring.backend(), m, even, unit);
            kernels::mul_scalar_assign(ring.backend(), m, odd, m.neg(unit));
        });
    }

    /// Adds an integer, as the same residue at every evaluation.
    pub fn add_integer_assign(&mut self, integer: i128) {
        let (len, stride) = (self.ring.row_len(), self.ring.layout().row_stride());
        self.map_limbs(Work::Light, |_, m, limb| {
            let residue = m.reduce_i128(integer);
            for row in limb.chunks_exact_mut(stride) {
                row[..len].iter_mut().for_each(|word| *word = m.add(*word, residue));
            }
        });
    }

    /// f(X^g) for the g of the table, as a permutation of the evaluations.
    #[must_use]
    pub fn automorphism(&self, table: &AutomorphismTable) -> Self {
        let mut out = self.stale_like(self.basis);
        out.map_limbs(Work::Light, |i, _, limb| table.permute(limb, self.limb(i)));
        out
    }

    /// `P * self` over `{q, p}` for a polynomial over `{q, 0}`, with P the product of the first `p` special primes.
    /// [`Poly::mod_down`] divides by P again.
    #[must_use]
    pub fn times_special(&self, p: usize) -> Self {
        let basis = crate::Basis { q: self.basis.q, p };
        assert_eq!(self.basis.p, 0, "expected a polynomial without special primes, got {:?}", self.basis);
        let mut out = Self::stale(&self.ring, basis);
        let ring = &self.ring;
        out.map_limbs(Work::Light, |i, m, limb| {
            if i < basis.q {
                let product = product_mod(&ring.p()[..p], m);
                kernels::mul_scalar(ring.backend(), m, limb, self.limb(i), product);
            } else {
                limb.fill(0);
            }
        });
        out
    }
}

/// The product of `primes` modulo `m`.
pub(crate) fn product_mod(primes: &[Modulus], m: &Modulus) -> u64 {
    primes.iter().fold(1, |acc, prime| m.mul(acc, m.reduce(prime.value())))
}
