//! Sums of many rotations of polynomials that are switched to another secret on the way.
//!
//! A linear map on a ciphertext sums automorphisms of inner products with keys, each times a diagonal. Taken one after the
//! other, whole polynomials would go through memory. Here the sum is taken prime by prime and row by row, which automorphisms keep
//! together: a row of all rotations stays in a core's own cache from the inner products to the weighted sums, each key is read once, in
//! pieces of tens of kilobytes, and nothing is written but the sums.

use std::ops::Range;
use std::sync::Arc;

use super::periodic::PeriodicPoly;
use super::{Ntt, PackedPair, Poly, Work};
use crate::{
    AutomorphismTable, Basis, Ring, kernels,
    layout::{GROUP, PATTERN},
};

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
        let stride = ring.layout().row_stride();
        let mut by_row: Vec<Vec<&mut [u64]>> = Vec::new();
        by_row.resize_with(basis.limbs() * ring.layout().rows(), || Vec::with_capacity(2 * sums.len()));
        for half in out.iter_mut().flatten() {
            let rows = half.words_mut().chunks_exact_mut(stride);
            by_row.iter_mut().zip(rows).for_each(|(all, row)| all.push(row));
        }
        Work::Heavy.run(stride, by_row.into_iter().enumerate(), |(at, out)| task.row(at, out));
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

/// Words that are summed at once: of all rotations held, in the nearest cache.
const TILE: usize = 1024;

/// Weighted rotations of which a row is held at once: half a megabyte, for the cache that a core has to itself.
const CHUNK: usize = 8;

/// A row of a limb.
#[derive(Clone, Copy)]
struct Place {
    limb: usize,
    row: usize,
}

impl Task<'_> {
    /// Row number `at`, counted through all limbs, of both halves of every sum.
    fn row(&self, at: usize, mut out: Vec<&mut [u64]>) {
        let (ring, layout) = (self.ring, self.ring.layout());
        let (rows, len, stride) = (layout.rows(), layout.row_len(), layout.row_stride());
        let place = Place { limb: at / rows, row: at % rows };
        let modulus = ring.modulus(self.basis, place.limb);
        let mut started = vec![false; self.sums.len()];
        let held = CHUNK.min(self.rotations.len());
        // rows with their padding, which stays zero
        let mut room = ring.take_buffer((2 * (held + 1)).div_ceil(rows));
        let (inner, values) = room.words_mut().split_at_mut(2 * stride);
        for (chunk, rotations) in self.rotations.chunks(CHUNK).enumerate() {
            let within = chunk * CHUNK..chunk * CHUNK + rotations.len();
            for (rotation, values) in rotations.iter().zip(values.chunks_exact_mut(2 * stride)) {
                self.rotation(place, rotation, inner, values);
            }
            let terms: Vec<_> = self.sums.iter().map(|sum| self.terms(place, sum, &within, values)).collect();
            // all sums of a tile together: its values come into the nearest cache once
            for start in (0..len).step_by(TILE) {
                let at = start..len.min(start + TILE);
                for ((terms, out), &started) in terms.iter().zip(out.chunks_exact_mut(2)).zip(&started) {
                    let [first, second] = out else { unreachable!("both halves of a sum") };
                    if !terms.is_empty() {
                        let terms: Vec<_> = terms.iter().map(|term| part_of(term, &at)).collect();
                        let halves = [&mut first[at.clone()], &mut second[at.clone()]];
                        kernels::multiple_sum(ring.backend(), modulus, halves, &terms, started);
                    }
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

    /// That row of those terms of `sum` whose rotations are in `within`, of which `values` holds both halves.
    fn terms<'v>(
        &'v self,
        place: Place,
        sum: &'v WeightedSum<'v>,
        within: &Range<usize>,
        values: &'v [u64],
    ) -> Vec<kernels::Multiple<'v>> {
        let (len, stride) = (self.ring.layout().row_len(), self.ring.layout().row_stride());
        let patterns = len / GROUP * PATTERN;
        let here = sum.iter().filter(|(rotation, _)| within.contains(rotation));
        let terms = here.map(|(rotation, weight)| {
            let weight = match weight {
                Weight::One => kernels::Multiplier::Scalar(1),
                Weight::Poly(poly) => kernels::Multiplier::Words(self.row_of(poly, place)),
                Weight::Periodic(poly) => {
                    let limb = poly.limb_over(self.basis, place.limb);
                    kernels::Multiplier::Patterns(&limb[place.row * patterns..(place.row + 1) * patterns])
                }
            };
            let at = 2 * (rotation - within.start) * stride;
            ([&values[at..at + len], &values[at + stride..at + stride + len]], weight)
        });
        terms.collect()
    }

    /// That row of both halves of `sigma(plus + <digits, key>)`, one after the other; `inner` is as long.
    fn rotation(&self, place: Place, rotation: &Rotation<'_>, inner: &mut [u64], out: &mut [u64]) {
        let (backend, modulus) = (self.ring.backend(), self.ring.modulus(self.basis, place.limb));
        let (len, stride) = (self.ring.layout().row_len(), self.ring.layout().row_stride());
        let row = rotation.table.map_or(place.row, |table| table.source_row(place.row));
        let (source, part) = (Place { row, ..place }, row * stride..row * stride + len);
        let columns = rotation.digits.iter().zip(rotation.key);
        let columns: Vec<_> = columns
            .map(|(d, key)| (self.row_of(d, source), key.part_over(self.basis, place.limb, part.clone())))
            .collect();
        // without an automorphism the result is at its place already
        let target = if rotation.table.is_some() { &mut *inner } else { &mut *out };
        let (first, second) = target.split_at_mut(stride);
        let halves = [&mut first[..len], &mut second[..len]];
        let plus = rotation.plus.map(|plus| plus.map(|plus| self.row_of(plus, source)));
        if columns.is_empty() {
            for (half, plus) in halves.into_iter().zip(plus) {
                match plus {
                    Some(plus) => half.copy_from_slice(plus),
                    None => half.fill(0),
                }
            }
        } else {
            kernels::dot2(backend, modulus, halves, &columns, kernels::Plus { limbs: plus, factor: 1 });
        }
        if let Some(table) = rotation.table {
            let halves = out.chunks_exact_mut(stride).zip(inner.chunks_exact(stride));
            halves.for_each(|(out, inner)| table.permute_row(place.row, &mut out[..len], &inner[..len]));
        }
    }

    /// The words of a row.
    fn row_of<'v>(&self, poly: &'v Poly<Ntt>, Place { limb, row }: Place) -> &'v [u64] {
        let start = row * self.ring.layout().row_stride();
        &poly.limb_over(self.basis, limb)[start..start + self.ring.layout().row_len()]
    }
}

/// Some words of a multiple, whole groups.
fn part_of<'a>((x, c): &kernels::Multiple<'a>, at: &Range<usize>) -> kernels::Multiple<'a> {
    let c = match *c {
        kernels::Multiplier::Words(words) => kernels::Multiplier::Words(&words[at.clone()]),
        kernels::Multiplier::Patterns(patterns) => {
            let groups = at.start / GROUP * PATTERN..at.end / GROUP * PATTERN;
            kernels::Multiplier::Patterns(&patterns[groups])
        }
        scalar => scalar,
    };
    (x.map(|x| &x[at.clone()]), c)
}
