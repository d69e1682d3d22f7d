//! Sums of many rotations of polynomials that are switched to another secret on the way.
//!
//! A linear map on a ciphertext sums automorphisms of inner products with keys, each times a diagonal. Taken one after the
//! other, whole polynomials would go through memory. Here the sum is taken prime by prime: what belongs to one prime stays in
//! the cache from the inner products to the weighted sums, each key is read once and nothing is written but the sums.

use std::ops::Range;
use std::sync::Arc;

use rayon::prelude::*;

use super::periodic::{PATTERN, PeriodicPoly, expand};
use super::{Ntt, PackedPair, Poly, Work};
use crate::{AutomorphismTable, Basis, Modulus, Ring, kernels, layout::GROUP};

/// `sigma(plus + <digits, key>)`: two polynomials, switched and rotated.
///
/// All polynomials are over the basis of the sum or a larger one.
#[derive(Clone, Copy)]
pub struct Rotation<'a> {
    /// Raised digits of what is switched; none if nothing is.
    pub digits: &'a [Poly<Ntt>],
    /// The key, at least as many pairs of halves as digits.
    pub key: &'a [PackedPair],
    /// What is added to each half; nothing is zero.
    pub plus: [Option<&'a Poly<Ntt>>; 2],
    /// The automorphism `sigma`; none is the identity.
    pub table: Option<&'a AutomorphismTable>,
}

/// What a rotation is multiplied by.
#[derive(Clone, Copy, Debug)]
pub enum Weight<'a> {
    /// 1.
    One,
    /// Any polynomial.
    Poly(&'a Poly<Ntt>),
    /// A polynomial of few different evaluations.
    Periodic(&'a PeriodicPoly),
}

/// One sum: of rotations by index, each times a weight.
pub type WeightedSum<'a> = Vec<(usize, Weight<'a>)>;

impl Poly<Ntt> {
    /// Weighted sums of rotations over `basis`, two polynomials each. Sums without terms are zero.
    ///
    /// # Panics
    /// If a polynomial lacks residues of `basis`, a key has fewer pairs than digits, or a sum names a rotation that is
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
            match weight {
                Weight::One => {}
                Weight::Poly(poly) => poly.assert_covers_basis(ring, basis),
                Weight::Periodic(poly) => poly.assert_covers_basis(ring, basis),
            }
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
        assert!(self.key.len() >= self.digits.len(), "a key for each digit");
        for poly in self.digits.iter().chain(self.plus.into_iter().flatten()) {
            poly.assert_covers_basis(ring, basis);
        }
        self.key[..self.digits.len()].iter().for_each(|key| key.assert_covers_basis(ring, basis));
    }
}

struct Task<'a> {
    ring: &'a Arc<Ring>,
    basis: Basis,
    rotations: &'a [Rotation<'a>],
    sums: &'a [WeightedSum<'a>],
}

/// Words for which weights are expanded at once; a row has a multiple of them.
const TILE: usize = 1024;

/// One limb of a weight.
enum WeightLimb<'a> {
    One,
    Words(&'a [u64]),
    Patterns(&'a [u64]),
}

/// One limb of both halves of a rotation, and of its weight.
type Term<'a> = ([&'a [u64]; 2], WeightLimb<'a>);

/// Weighted rotations of which the limbs are held at once: they should stay in the cache.
const CHUNK: usize = 16;

impl Task<'_> {
    /// Limb `i` of both halves of every sum.
    fn limb(&self, i: usize, mut out: Vec<&mut [u64]>) {
        let (ring, len) = (self.ring, self.ring.limb_len());
        let modulus = self.ring.modulus(self.basis, i);
        let mut started = vec![false; self.sums.len()];
        let mut inner = ring.take_buffer(2);
        let mut values = ring.take_buffer(2 * CHUNK.min(self.rotations.len()));
        let mut expanded = vec![[0; TILE]; CHUNK.min(self.rotations.len())];
        for (chunk, rotations) in self.rotations.chunks(CHUNK).enumerate() {
            let within = chunk * CHUNK..chunk * CHUNK + rotations.len();
            for (rotation, values) in rotations.iter().zip(values.words_mut().chunks_exact_mut(2 * len)) {
                self.rotation(i, rotation, inner.words_mut(), values);
            }
            let terms: Vec<Vec<Term<'_>>> =
                self.sums.iter().map(|sum| self.terms(i, sum, &within, values.words())).collect();
            // all sums of a tile together: its values come into the nearest cache once
            for tile in 0..self.ring.layout().n() / TILE {
                for ((terms, out), &started) in terms.iter().zip(out.chunks_exact_mut(2)).zip(&started) {
                    self.tile(modulus, tile, terms, out, started, &mut expanded);
                }
            }
            for (started, terms) in started.iter_mut().zip(&terms) {
                *started |= !terms.is_empty();
            }
        }
        for (out, started) in out.chunks_exact_mut(2).zip(started) {
            if !started {
                out.iter_mut().for_each(|half| half.fill(0));
            }
        }
    }

    /// Limb `i` of those terms of `sum` whose rotations are in `within`, of which `values` holds both halves.
    fn terms<'v>(
        &'v self,
        i: usize,
        sum: &'v WeightedSum<'v>,
        within: &Range<usize>,
        values: &'v [u64],
    ) -> Vec<Term<'v>> {
        let len = self.ring.limb_len();
        let here = sum.iter().filter(|(rotation, _)| within.contains(rotation));
        let terms = here.map(|(rotation, weight)| {
            let weight = match weight {
                Weight::One => WeightLimb::One,
                Weight::Poly(poly) => WeightLimb::Words(poly.limb_over(self.basis, i)),
                Weight::Periodic(poly) => WeightLimb::Patterns(poly.limb_over(self.basis, i)),
            };
            let at = 2 * (rotation - within.start) * len;
            ([&values[at..at + len], &values[at + len..at + 2 * len]], weight)
        });
        terms.collect()
    }

    /// `out = sum of values * weights`, or `out +=` if it has been started, in one tile; `expanded` has room for its patterns.
    fn tile(
        &self,
        modulus: &Modulus,
        tile: usize,
        terms: &[Term<'_>],
        out: &mut [&mut [u64]],
        started: bool,
        expanded: &mut [[u64; TILE]],
    ) {
        let backend = self.ring.backend();
        let at = self.ring.layout().position(tile * TILE);
        let at = at..at + TILE;
        for ((_, weight), expanded) in terms.iter().zip(expanded.iter_mut()) {
            if let WeightLimb::Patterns(words) = weight {
                expand(&words[tile * TILE / GROUP * PATTERN..(tile + 1) * TILE / GROUP * PATTERN], expanded);
            }
        }
        let mut partial = [0; TILE];
        for (half, out) in out.iter_mut().enumerate() {
            let (out, mut started) = (&mut out[at.clone()], started);
            let weighted = terms.iter().zip(&*expanded).filter_map(|((value, weight), expanded)| {
                let weight = match weight {
                    WeightLimb::One => return None,
                    WeightLimb::Words(words) => &words[at.clone()],
                    WeightLimb::Patterns(_) => &expanded[..],
                };
                Some((&value[half][at.clone()], weight))
            });
            let weighted: Vec<_> = weighted.collect();
            match (weighted.is_empty(), started) {
                (true, _) => {}
                (false, false) => kernels::dot(backend, modulus, out, &weighted),
                (false, true) => {
                    kernels::dot(backend, modulus, &mut partial, &weighted);
                    kernels::add_assign(backend, modulus, out, &partial);
                }
            }
            started |= !weighted.is_empty();
            for (value, _) in terms.iter().filter(|(_, weight)| matches!(weight, WeightLimb::One)) {
                let value = &value[half][at.clone()];
                if started {
                    kernels::add_assign(backend, modulus, out, value);
                } else {
                    out.copy_from_slice(value);
                }
                started = true;
            }
        }
    }

    /// Limb `i` of both halves of `sigma(plus + <digits, key>)`, one after the other; `inner` is as long.
    fn rotation(&self, i: usize, rotation: &Rotation<'_>, inner: &mut [u64], out: &mut [u64]) {
        let (backend, modulus) = (self.ring.backend(), self.ring.modulus(self.basis, i));
        let len = self.ring.limb_len();
        let columns = rotation.digits.iter().zip(rotation.key);
        let columns: Vec<_> = columns
            .map(|(d, key)| (d.limb_over(self.basis, i), key.part_over(self.basis, i, 0..len)))
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
