//! Polynomials in a power of X. Their evaluations repeat and are stored once.
//!
//! At psi^(2k + 1) the value of a polynomial in X^G, G a power of two, depends only on k modulo N / G, the high bits
//! of the place in bit-reversed order. Runs of G evaluations are equal there. For G >= 16, a group of 128 words, in
//! which eight runs of 16 are transposed, is thus one pattern of eight words, sixteen times.

use std::sync::Arc;

use super::{Ntt, Poly};
use crate::{
    Basis, Ring,
    layout::{GROUP, PATTERN},
};

/// The evaluations of a polynomial in X^16, in a sixteenth of the words.
#[derive(Clone)]
pub struct PeriodicPoly {
    ring: Arc<Ring>,
    basis: Basis,
    words: Vec<u64>,
}

impl Poly<Ntt> {
    /// The same polynomial with repeated evaluations stored once, or `None` if it is not a polynomial in X^16.
    #[must_use]
    pub fn to_periodic(&self) -> Option<PeriodicPoly> {
        let limbs = 0..self.basis.limbs();
        let groups = limbs.flat_map(|i| self.rows(i).flat_map(|row| row.chunks_exact(GROUP)));
        let mut words = Vec::with_capacity(self.basis.limbs() * self.ring.degree() / (GROUP / PATTERN));
        for group in groups {
            let pattern = &group[..PATTERN];
            if group.chunks_exact(PATTERN).any(|words| words != pattern) {
                return None;
            }
            words.extend_from_slice(pattern);
        }
        Some(PeriodicPoly { ring: Arc::clone(&self.ring), basis: self.basis, words })
    }
}

impl PeriodicPoly {
    /// The primes of the polynomial.
    pub fn basis(&self) -> Basis {
        self.basis
    }

    /// The patterns, group by group, in the limb of the prime of limb `i` over `basis`.
    pub(crate) fn limb_over(&self, basis: Basis, i: usize) -> &[u64] {
        let i = if i < basis.q { i } else { self.basis.q + i - basis.q };
        let len = self.ring.degree() / (GROUP / PATTERN);
        &self.words[i * len..(i + 1) * len]
    }

    pub(crate) fn assert_covers_basis(&self, ring: &Arc<Ring>, basis: Basis) {
        assert!(self.ring.same(ring), "operands of different rings");
        assert!(self.basis.contains(basis), "operand over {:?}, needed over {basis:?}", self.basis);
    }
}

impl std::fmt::Debug for PeriodicPoly {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "PeriodicPoly(degree {}, {:?})", self.ring.degree(), self.basis)
    }
}
