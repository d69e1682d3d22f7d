//! Sums of many rotations of polynomials that are switched to another secret on the way.
//!
//! A linear map on a ciphertext sums automorphisms of inner products with keys, each times a diagonal. Taken one after the
//! other, whole polynomials would go through memory. Here the sum is taken prime by prime: what belongs to one prime stays in
//! the cache from the inner products to the weighted sums, each key is read once and nothing is written but the sums.

use std::sync::Arc;

use rayon::prelude::*;

use super::{Ntt, Poly, Work};
use crate::{AutomorphismTable, Basis, Ring, kernels};

/// `sigma(plus + <digits, key>)`: two polynomials, switched and rotated.
///
/// All polynomials are over the basis of the sum or a larger one.
#[derive(Clone, Copy)]
pub struct Rotation<'a> {
    /// Raised digits of what is switched; none if nothing is.
    pub digits: &'a [Poly<Ntt>],
    /// The halves of the key, at least as many polynomials as digits.
    pub key: [&'a [Poly<Ntt>]; 2],
    /// What is added to each half; nothing is zero.
    pub plus: [Option<&'a Poly<Ntt>>; 2],
    /// The automorphism `sigma`; none is the identity.
    pub table: Option<&'a AutomorphismTable>,
}

/// One sum: of rotations by index, each times a weight; no weight is 1.
pub type WeightedSum<'a> = Vec<(usize, Option<&'a Poly<Ntt>>)>;

impl Poly<Ntt> {
    /// Weighted sums of rotations over `basis`, two polynomials each. Sums without terms are zero.
    ///
    /// # Panics
    /// If a polynomial lacks residues of `basis`, a key has fewer polynomials than digits, or a sum names a rotation that is
    /// not there.
    #[must_use]
    pub fn rotation_sums(
        ring: &Arc<Ring>,
        basis: Basis,
        rotations: &[Rotation<'_>],
        sums: &[WeightedSum<'_>],
    ) -> Vec<[Self; 2]> {
        for rotation in rotations {
            rotation.assert_covers(ring, basis);
        }
        for (rotation, weight) in sums.iter().flatten() {
            assert!(*rotation < rotations.len(), "rotation {rotation} of {}", rotations.len());
            weight.iter().for_each(|weight| weight.assert_covers_basis(ring, basis));
        }
        let mut out: Vec<[Self; 2]> =
            sums.iter().map(|_| [Self::stale(ring, basis), Self::stale(ring, basis)]).collect();
        let task = Task { ring, basis, rotations, sums };
        let mut by_limb: Vec<Vec<&mut [u64]>> = Vec::new();
        by_limb.resize_with(basis.limbs(), || Vec::with_capacity(2 * sums.len()));
        for half in out.iter_mut().flatten() {
            let limbs = half.words_mut().chunks_exact_mut(ring.limb_len());
            by_limb.iter_mut().zip(limbs).for_each(|(all, limb)| all.push(limb));
        }
        if Work::Heavy.is_parallel(basis.limbs() * ring.limb_len()) {
            by_limb.into_par_iter().with_max_len(1).enumerate().for_each(|(i, out)| task.limb(i, out));
        } else {
            by_limb.into_iter().enumerate().for_each(|(i, out)| task.limb(i, out));
        }
        out
    }
}

impl Rotation<'_> {
    fn assert_covers(&self, ring: &Arc<Ring>, basis: Basis) {
        let [b, a] = self.key.map(|half| {
            assert!(half.len() >= self.digits.len(), "a key polynomial for each digit");
            &half[..self.digits.len()]
        });
        for poly in self.digits.iter().chain(b).chain(a).chain(self.plus.into_iter().flatten()) {
            poly.assert_covers_basis(ring, basis);
        }
    }
}

struct Task<'a> {
    ring: &'a Arc<Ring>,
    basis: Basis,
    rotations: &'a [Rotation<'a>],
    sums: &'a [WeightedSum<'a>],
}

/// Weighted rotations of which the limbs are held at once: they should stay in the cache.
const CHUNK: usize = 16;

impl Task<'_> {
    /// Limb `i` of both halves of every sum.
    fn limb(&self, i: usize, mut out: Vec<&mut [u64]>) {
        let (ring, backend, len) = (self.ring, self.ring.backend(), self.ring.limb_len());
        let modulus = self.ring.modulus(self.basis, i);
        let mut started = vec![false; out.len()];
        let mut inner = ring.take_buffer(2);
        let mut partial = ring.take_buffer(1);
        let mut values = ring.take_buffer(2 * CHUNK.min(self.rotations.len()));
        for (chunk, rotations) in self.rotations.chunks(CHUNK).enumerate() {
            let within = chunk * CHUNK..chunk * CHUNK + rotations.len();
            for (rotation, values) in rotations.iter().zip(values.words_mut().chunks_exact_mut(2 * len)) {
                self.rotation(i, rotation, inner.words_mut(), values);
            }
            let value = |rotation: usize, half: usize| {
                let at = (2 * (rotation - within.start) + half) * len;
                &values.words()[at..at + len]
            };
            for (s, sum) in self.sums.iter().enumerate() {
                let here = || sum.iter().filter(|(rotation, _)| within.contains(rotation));
                for half in 0..2 {
                    let weighted = here().filter_map(|(rotation, weight)| {
                        weight.map(|weight| (value(*rotation, half), weight.limb_over(self.basis, i)))
                    });
                    let weighted: Vec<_> = weighted.collect();
                    let (out, started) = (&mut *out[2 * s + half], &mut started[2 * s + half]);
                    if !weighted.is_empty() {
                        if *started {
                            kernels::dot(backend, modulus, partial.words_mut(), &weighted);
                            kernels::add_assign(backend, modulus, out, partial.words());
                        } else {
                            kernels::dot(backend, modulus, out, &weighted);
                        }
                        *started = true;
                    }
                    for (rotation, _) in here().filter(|(_, weight)| weight.is_none()) {
                        if *started {
                            kernels::add_assign(backend, modulus, out, value(*rotation, half));
                        } else {
                            out.copy_from_slice(value(*rotation, half));
                        }
                        *started = true;
                    }
                }
            }
        }
        for (out, started) in out.iter_mut().zip(started) {
            if !started {
                out.fill(0);
            }
        }
    }

    /// Limb `i` of both halves of `sigma(plus + <digits, key>)`, one after the other; `inner` is as long.
    fn rotation(&self, i: usize, rotation: &Rotation<'_>, inner: &mut [u64], out: &mut [u64]) {
        let (backend, modulus) = (self.ring.backend(), self.ring.modulus(self.basis, i));
        let len = self.ring.limb_len();
        let [b, a] = rotation.key;
        let columns = rotation.digits.iter().zip(b.iter().zip(a));
        let columns: Vec<_> = columns
            .map(|(d, (b, a))| {
                (d.limb_over(self.basis, i), b.limb_over(self.basis, i), a.limb_over(self.basis, i))
            })
            .collect();
        // without an automorphism the result is at its place already
        let target = if rotation.table.is_some() { &mut *inner } else { &mut *out };
        let (first, second) = target.split_at_mut(len);
        if columns.is_empty() {
            first.fill(0);
            second.fill(0);
        } else {
            kernels::dot2(backend, modulus, [&mut *first, &mut *second], &columns);
        }
        for (half, plus) in [first, second].into_iter().zip(rotation.plus) {
            if let Some(plus) = plus {
                kernels::add_assign(backend, modulus, half, plus.limb_over(self.basis, i));
            }
        }
        if let Some(table) = rotation.table {
            let halves = out.chunks_exact_mut(len).zip(inner.chunks_exact(len));
            halves.for_each(|(out, inner)| table.permute(out, inner));
        }
    }
}
