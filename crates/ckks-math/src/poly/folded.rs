//! Sums of weighted rotations of one digit, with keys that include weight and automorphism.
//!
//! `w sigma(plus + d k)` is `w sigma(plus) + sigma(d) (w sigma(k))`. With `w sigma(k)` precomputed in place of k, the
//! products of all rotations with their keys are one sum, reduced once. The automorphism then permutes the digit and
//! the addend instead of both halves of a product. The residues are the same.

use std::sync::Arc;

use super::rotations::{Place, row_by_row};
use super::{Ntt, PackedPair, Poly, Rotation, Weight};
use crate::{AutomorphismTable, Basis, Ring, kernels};

/// `weight * sigma(plus + digit * key)` with a [folded](PackedPair::folded) key.
#[derive(Clone, Copy)]
pub struct FoldedRotation<'a> {
    /// `weight * sigma(key)`.
    pub key: &'a PackedPair,
    /// The weight of the rotation.
    pub weight: Weight<'a>,
    /// The automorphism `sigma`.
    pub table: &'a AutomorphismTable,
}

/// Rotations for which a row of the digit and of the addend is held at once: half a megabyte, which fits the cache of
/// one core.
const CHUNK: usize = 8;

impl PackedPair {
    /// `weight * sigma(self)`.
    ///
    /// # Panics
    /// If the weight lacks residues or an operand belongs to another ring.
    #[must_use]
    pub fn folded(&self, ring: &Arc<Ring>, table: &AutomorphismTable, weight: Weight<'_>) -> Self {
        let halves = [0, 1].map(|half| self.to_poly(half));
        let plus = halves.each_ref().map(Some);
        let rotation = Rotation { digits: &[], key: &[], plus, table: Some(table) };
        let sums = Poly::rotation_sums(ring, self.basis(), &[rotation], &[vec![(0, weight)]]);
        Self::new(sums[0].each_ref())
    }
}

impl Poly<Ntt> {
    /// The sum, over `basis`, of rotations of one digit, with `plus` added to the first half of each: two
    /// polynomials.
    ///
    /// The bits are those of [`Poly::rotation_sums`] with the original keys.
    ///
    /// # Panics
    /// If there is no rotation, or a polynomial lacks residues of `basis`.
    #[must_use]
    pub fn folded_sum(
        basis: Basis,
        digit: &Self,
        plus: &Self,
        rotations: &[FoldedRotation<'_>],
    ) -> [Self; 2] {
        let ring = digit.ring();
        assert!(!rotations.is_empty(), "a sum of rotations");
        for poly in [digit, plus] {
            poly.assert_covers_basis(ring, basis);
        }
        for rotation in rotations {
            rotation.key.assert_covers_basis(ring, basis);
            rotation.weight.assert_covers_basis(ring, basis);
        }
        let task = Task { ring, digit, plus, rotations };
        let mut sums = row_by_row(ring, basis, 1, |place, mut out| match &mut out[..] {
            [b, a] => task.row(place, [b, a]),
            _ => unreachable!("both halves of a sum"),
        });
        sums.remove(0)
    }
}

struct Task<'a> {
    ring: &'a Arc<Ring>,
    digit: &'a Poly<Ntt>,
    plus: &'a Poly<Ntt>,
    rotations: &'a [FoldedRotation<'a>],
}

impl Task<'_> {
    /// One row of both halves of the sum.
    fn row(&self, place: Place, out: [&mut [u64]; 2]) {
        let (ring, layout) = (self.ring, self.ring.layout());
        let (len, stride) = (layout.row_len(), layout.row_stride());
        let (backend, modulus) = (ring.backend(), ring.modulus(place.basis, place.limb));
        let [b, a] = out.map(|half| &mut half[..len]);
        // The rows include their padding, which stays zero.
        let mut room = ring.take_buffer((2 * CHUNK.min(self.rotations.len())).div_ceil(layout.rows()));
        for (chunk, rotations) in self.rotations.chunks(CHUNK).enumerate() {
            let turned = room.words_mut().chunks_exact_mut(2 * stride).zip(rotations);
            let (mut terms, mut added) = (Vec::with_capacity(CHUNK), Vec::with_capacity(CHUNK));
            for (turned, rotation) in turned {
                let source = place.source(Some(rotation.table));
                let (digit, plus) = turned.split_at_mut(stride);
                let (digit, plus) = (&mut digit[..len], &mut plus[..len]);
                rotation.table.permute_row(place.row, digit, source.of(self.digit));
                rotation.table.permute_row(place.row, plus, source.of(self.plus));
                terms.push((&*digit, place.of_key(ring, rotation.key)));
                added.push(([&*plus], place.of_weight(ring, &rotation.weight)));
            }
            let (halves, nothing) = ([&mut *b, &mut *a], kernels::Plus::NONE);
            if chunk == 0 {
                kernels::dot2(backend, modulus, halves, &terms, nothing);
            } else {
                kernels::dot2_add(backend, modulus, halves, &terms, 1, nothing);
            }
            kernels::multiple_sum(backend, modulus, [&mut *b], &added, true);
        }
    }
}
