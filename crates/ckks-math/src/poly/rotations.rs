//! Sums of many rotations of polynomials, each switched to another secret.
//!
//! A linear map on a ciphertext sums automorphisms of inner products with keys, each times a diagonal. As separate
//! steps these would move whole polynomials through memory. Here the sum is computed prime by prime and row by row;
//! automorphisms map rows to rows. A row of all rotations stays in the cache of one core from the inner products to
//! the weighted sums. Each key is read once, in pieces of tens of kilobytes, and only the sums are written.

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
    /// Raised digits of the polynomial to be switched. Empty if none is.
    pub digits: &'a [Poly<Ntt>],
    /// The key, with at least as many pairs of halves as there are digits.
    pub key: &'a [PackedPair],
    /// Added to each half. `None` adds nothing.
    pub plus: [Option<&'a Poly<Ntt>>; 2],
    /// The automorphism `sigma`. `None` is the identity.
    pub table: Option<&'a AutomorphismTable>,
}

/// The weight of a rotation.
#[derive(Clone, Copy, Debug)]
pub enum Weight<'a> {
    /// 1.
    One,
    /// Any polynomial.
    Poly(&'a Poly<Ntt>),
    /// A polynomial in X^16, with few different evaluations.
    Periodic(&'a PeriodicPoly),
}

/// One sum: rotations by index, each with a weight.
pub type WeightedSum<'a> = Vec<(usize, Weight<'a>)>;

impl Poly<Ntt> {
    /// Weighted sums of rotations over `basis`, two polynomials each. Sums without terms are zero.
    ///
    /// # Panics
    /// If a polynomial lacks residues of `basis`, a key has fewer pairs than digits, or a sum refers to a missing
    /// rotation.
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
            weight.assert_covers_basis(ring, basis);
        }
        let task = Task { ring, rotations, sums };
        row_by_row(ring, basis, sums.len(), |place, out| task.row(place, out))
    }
}

/// Makes pairs of polynomials over a basis. `f` writes one row of every polynomial at once, pair after pair. Rows
/// include their padding, which must stay as it is.
pub(super) fn row_by_row(
    ring: &Arc<Ring>,
    basis: Basis,
    pairs: usize,
    f: impl Fn(Place, Vec<&mut [u64]>) + Sync,
) -> Vec<[Poly<Ntt>; 2]> {
    let mut out: Vec<_> = (0..pairs).map(|_| [0; 2].map(|_| Poly::stale(ring, basis))).collect();
    let stride = ring.layout().row_stride();
    let mut by_row: Vec<Vec<&mut [u64]>> = Vec::new();
    by_row.resize_with(basis.limbs() * ring.layout().rows(), || Vec::with_capacity(2 * pairs));
    for half in out.iter_mut().flatten() {
        let rows = half.words_mut().chunks_exact_mut(stride);
        by_row.iter_mut().zip(rows).for_each(|(all, row)| all.push(row));
    }
    Work::Heavy
        .run(stride, by_row.into_iter().enumerate(), |(at, rows)| f(Place::new(ring, basis, at), rows));
    out
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
    rotations: &'a [Rotation<'a>],
    sums: &'a [WeightedSum<'a>],
}

/// Words summed at once. The rotations held then fit the nearest cache.
const TILE: usize = 1024;

/// Weighted rotations of which one row is held at once: half a megabyte, which fits the cache of one core.
const CHUNK: usize = 8;

/// A row of a limb over a basis.
#[derive(Clone, Copy)]
pub(super) struct Place {
    pub(super) basis: Basis,
    pub(super) limb: usize,
    pub(super) row: usize,
}

impl Place {
    /// Row number `at`, counted through all limbs.
    pub(super) fn new(ring: &Ring, basis: Basis, at: usize) -> Self {
        let rows = ring.layout().rows();
        Self { basis, limb: at / rows, row: at % rows }
    }

    /// The source of this row under an automorphism.
    pub(super) fn source(self, table: Option<&AutomorphismTable>) -> Self {
        Self { row: table.map_or(self.row, |table| table.source_row(self.row)), ..self }
    }

    /// The words of this row in a polynomial.
    pub(super) fn of(self, poly: &Poly<Ntt>) -> &[u64] {
        let layout = poly.ring().layout();
        let start = self.row * layout.row_stride();
        &poly.limb_over(self.basis, self.limb)[start..start + layout.row_len()]
    }

    /// The words of this row in the key of a digit.
    pub(super) fn of_key<'k>(self, ring: &Ring, key: &'k PackedPair) -> kernels::packed::Packed<'k> {
        let start = self.row * ring.layout().row_stride();
        key.part_over(self.basis, self.limb, start..start + ring.layout().row_len())
    }

    /// The words of this row in a weight.
    pub(super) fn of_weight<'w>(self, ring: &Ring, weight: &'w Weight<'_>) -> kernels::Multiplier<'w> {
        match weight {
            Weight::One => kernels::Multiplier::Scalar(1),
            Weight::Poly(poly) => kernels::Multiplier::Words(self.of(poly)),
            Weight::Periodic(poly) => {
                let patterns = ring.layout().row_len() / GROUP * PATTERN;
                let limb = poly.limb_over(self.basis, self.limb);
                kernels::Multiplier::Patterns(&limb[self.row * patterns..(self.row + 1) * patterns])
            }
        }
    }
}

impl Weight<'_> {
    pub(super) fn assert_covers_basis(&self, ring: &Arc<Ring>, basis: Basis) {
        match self {
            Self::One => {}
            Self::Poly(poly) => poly.assert_covers_basis(ring, basis),
            Self::Periodic(poly) => poly.assert_covers_basis(ring, basis),
        }
    }
}

impl Task<'_> {
    /// One row of both halves of every sum.
    fn row(&self, place: Place, mut out: Vec<&mut [u64]>) {
        let (ring, layout) = (self.ring, self.ring.layout());
        let (rows, len, stride) = (layout.rows(), layout.row_len(), layout.row_stride());
        let modulus = ring.modulus(place.basis, place.limb);
        let mut started = vec![false; self.sums.len()];
        let held = CHUNK.min(self.rotations.len());
        // The rows include their padding, which stays zero.
        let mut room = ring.take_buffer((2 * (held + 1)).div_ceil(rows));
        let (inner, values) = room.words_mut().split_at_mut(2 * stride);
        for (chunk, rotations) in self.rotations.chunks(CHUNK).enumerate() {
            let within = chunk * CHUNK..chunk * CHUNK + rotations.len();
            for (rotation, values) in rotations.iter().zip(values.chunks_exact_mut(2 * stride)) {
                self.rotation(place, rotation, inner, values);
            }
            let terms: Vec<_> = self.sums.iter().map(|sum| self.terms(place, sum, &within, values)).collect();
            // All sums of a tile are computed together, so its values enter the nearest cache once.
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

    /// The row of those terms of `sum` whose rotations are in `within`. `values` holds both halves of these
    /// rotations.
    fn terms<'v>(
        &'v self,
        place: Place,
        sum: &'v WeightedSum<'v>,
        within: &Range<usize>,
        values: &'v [u64],
    ) -> Vec<kernels::Multiple<'v>> {
        let (len, stride) = (self.ring.layout().row_len(), self.ring.layout().row_stride());
        let here = sum.iter().filter(|(rotation, _)| within.contains(rotation));
        let terms = here.map(|(rotation, weight)| {
            let weight = place.of_weight(self.ring, weight);
            let at = 2 * (rotation - within.start) * stride;
            ([&values[at..at + len], &values[at + stride..at + stride + len]], weight)
        });
        terms.collect()
    }

    /// The row of both halves of `sigma(plus + <digits, key>)`, one after the other. `inner` is scratch space of the
    /// same length.
    fn rotation(&self, place: Place, rotation: &Rotation<'_>, inner: &mut [u64], out: &mut [u64]) {
        let (backend, modulus) = (self.ring.backend(), self.ring.modulus(place.basis, place.limb));
        let (len, stride) = (self.ring.layout().row_len(), self.ring.layout().row_stride());
        let source = place.source(rotation.table);
        let columns = rotation.digits.iter().zip(rotation.key);
        let columns: Vec<_> = columns.map(|(d, key)| (source.of(d), source.of_key(self.ring, key))).collect();
        // Without an automorphism the result is already in its place.
        let target = if rotation.table.is_some() { &mut *inner } else { &mut *out };
        let (first, second) = target.split_at_mut(stride);
        let halves = [&mut first[..len], &mut second[..len]];
        let plus = rotation.plus.map(|plus| plus.map(|plus| source.of(plus)));
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
}

/// Some words of a multiple: whole groups.
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
