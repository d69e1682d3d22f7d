//! Both halves of a digit's key, packed in as few bits as their residues need. Reading a key takes longer than the
//! arithmetic with it.

use std::sync::Arc;

use rayon::prelude::*;

use super::{Ntt, Poly};
use crate::kernels::packed::{Packed, WINDOW, pack, packed_len};
use crate::{Basis, Ring};

/// The evaluations of two polynomials, alternating, each in as many bits as its prime has.
#[derive(Clone)]
pub struct PackedPair {
    ring: Arc<Ring>,
    basis: Basis,
    /// The start of each limb.
    starts: Vec<usize>,
    bytes: Vec<u8>,
}

impl PackedPair {
    /// Packs two polynomials over the same basis.
    ///
    /// # Panics
    /// If their rings or bases differ.
    #[must_use]
    pub fn new(halves: [&Poly<Ntt>; 2]) -> Self {
        let (ring, basis) = (halves[0].ring(), halves[0].basis());
        assert!(halves[1].ring().same(ring) && halves[1].basis() == basis, "halves of one key");
        let (starts, end) = layout(ring, basis);
        let mut bytes = vec![0; end + WINDOW];
        let mut rest = &mut bytes[..end];
        let mut limbs = Vec::with_capacity(starts.len());
        for i in 0..basis.limbs() {
            let bits = ring.modulus(basis, i).bits() as usize;
            let (limb, behind) = rest.split_at_mut(packed_len(ring.limb_len(), bits));
            limbs.push((i, bits, limb));
            rest = behind;
        }
        limbs.into_par_iter().for_each(|(i, bits, out)| pack(halves.map(|half| half.limb(i)), bits, out));
        Self { ring: Arc::clone(ring), basis, starts, bytes }
    }

    /// The primes of both polynomials.
    #[must_use]
    pub fn basis(&self) -> Basis {
        self.basis
    }

    /// The words of one of the polynomials.
    ///
    /// # Panics
    /// If `half` is neither 0 nor 1.
    #[must_use]
    pub fn to_poly(&self, half: usize) -> Poly<Ntt> {
        let mut out = Poly::stale(&self.ring, self.basis);
        out.map_limbs(super::Work::Heavy, |i, _, limb| {
            let packed = self.part_over(self.basis, i, 0..self.ring.limb_len());
            limb.iter_mut().enumerate().for_each(|(i, word)| *word = packed.word(i)[half]);
        });
        out
    }

    /// Bytes in memory.
    #[must_use]
    pub fn memory_bytes(&self) -> usize {
        self.bytes.len()
    }

    /// Bytes that a pair of polynomials over `basis` takes.
    #[must_use]
    pub fn bytes_over(ring: &Ring, basis: Basis) -> usize {
        layout(ring, basis).1 + WINDOW
    }

    /// The words `part`, whole vectors, in the limb of the prime of limb `i` over `basis`.
    pub(crate) fn part_over(&self, basis: Basis, i: usize, part: std::ops::Range<usize>) -> Packed<'_> {
        let i = if i < basis.q { i } else { self.basis.q + i - basis.q };
        let bits = self.ring.modulus(self.basis, i).bits() as usize;
        Packed::new(&self.bytes[self.starts[i] + packed_len(part.start, bits)..], bits, part.len())
    }

    pub(crate) fn assert_covers_basis(&self, ring: &Arc<Ring>, basis: Basis) {
        assert!(self.ring.same(ring), "operands of different rings");
        assert!(self.basis.contains(basis), "operand over {:?}, needed over {basis:?}", self.basis);
    }
}

/// The starts of the limbs, and the end of the last one.
fn layout(ring: &Ring, basis: Basis) -> (Vec<usize>, usize) {
    let mut end = 0;
    let starts = (0..basis.limbs()).map(|i| {
        let start = end;
        end += packed_len(ring.limb_len(), ring.modulus(basis, i).bits() as usize);
        start
    });
    (starts.collect(), end)
}

/// Equal residues over the same basis of the same ring.
impl PartialEq for PackedPair {
    fn eq(&self, other: &Self) -> bool {
        self.ring.same(&other.ring) && self.basis == other.basis && self.bytes == other.bytes
    }
}

impl Eq for PackedPair {}

impl std::fmt::Debug for PackedPair {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "PackedPair(degree {}, {:?})", self.ring.degree(), self.basis)
    }
}
