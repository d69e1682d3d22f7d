//! Division by a product of primes of the basis, with rounding.
//!
//! round(x / D) = (x - [x]_D) / D with [x]_D the centred residue: dropped limbs are converted to those kept,
//! subtracted, and the difference, a multiple of D, is divided exactly. Ties cannot occur, D is odd.

use std::sync::Arc;

use crate::{
    Basis, Ntt, Poly, kernels,
    poly::{Work, for_each_limb},
    rns::convert,
};

impl Poly<Ntt> {
    /// Divides by the last prime of Q with exact rounding: from basis `{q, 0}` to `{q - 1, 0}`.
    ///
    /// # Panics
    /// If there are special primes, or fewer than two primes of Q.
    #[must_use]
    pub fn rescale(&self) -> Self {
        let basis = self.basis();
        assert!(basis.p == 0 && basis.q >= 2, "rescale needs {{q >= 2, p: 0}}, got {basis:?}");
        self.divide_by(&[basis.q - 1], Basis::of_q(basis.q - 1))
    }

    /// Divides by the special primes with rounding: from basis `{q, p}` to `{q, 0}`.
    ///
    /// The result differs from the exact rounding by one with probability below p 2^-48 for each coefficient, and
    /// then only where both neighbours are within (1/2 + p 2^-48) of the quotient.
    ///
    /// # Panics
    /// If there are no special primes.
    #[must_use]
    pub fn mod_down(&self) -> Self {
        let basis = self.basis();
        assert!(basis.p > 0 && basis.q > 0, "mod_down needs special primes, got {basis:?}");
        self.divide_by(&self.special_primes(), Basis::of_q(basis.q))
    }

    /// [`Poly::mod_down`] and [`Poly::rescale`] in one conversion and one rounding: from `{q, p}` to `{q - 1, 0}`.
    ///
    /// # Panics
    /// If there are no special primes, or fewer than two primes of Q.
    #[must_use]
    pub fn mod_down_rescale(&self) -> Self {
        let basis = self.basis();
        assert!(basis.p > 0 && basis.q >= 2, "mod_down_rescale needs {{q >= 2, p >= 1}}, got {basis:?}");
        let mut dropped = vec![basis.q - 1];
        dropped.extend(self.special_primes());
        self.divide_by(&dropped, Basis::of_q(basis.q - 1))
    }

    /// Indices of this polynomial's special primes among all primes of the ring.
    fn special_primes(&self) -> Vec<usize> {
        let first = self.ring().q().len();
        (first..first + self.basis().p).collect()
    }

    /// Divides by the primes `dropped`, given by their indices in the ring, to the basis `kept`.
    fn divide_by(&self, dropped: &[usize], kept: Basis) -> Self {
        let ring = Arc::clone(self.ring());
        let basis = self.basis();
        let conversion = convert::between(&ring, dropped, &ring.prime_indices(kept));
        let limb_of = |prime: usize| if prime < basis.q { prime } else { basis.q + prime - ring.q().len() };

        let mut digits = ring.take_buffer(dropped.len());
        for_each_limb(Work::Heavy, digits.words_mut(), ring.limb_len(), |i, digit| {
            digit.copy_from_slice(self.limb(limb_of(dropped[i])));
            ring.inverse(dropped[i], digit, conversion.sources[i].cofactor_inverse);
        });

        let mut out = Self::stale(&ring, kept);
        let limbs = out.words_mut().chunks_exact_mut(ring.limb_len()).collect();
        convert::convert_limbs(&ring, &conversion, digits.words(), limbs);
        out.map_limbs(Work::Heavy, |i, m, limb| {
            let divisor = dropped.iter().fold(1, |acc, &d| m.mul(acc, m.reduce(ring.moduli()[d].value())));
            ring.forward(i, limb);
            kernels::sub_from_mul_scalar(ring.backend(), m, limb, self.limb(i), m.inv(divisor));
        });
        out
    }
}
