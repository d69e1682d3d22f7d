//! Polynomials by their residues, as coefficients or evaluations.

mod coeff;
mod crt;
mod dot;
mod folded;
mod ntt;
mod packed;
mod parallel;
mod periodic;
mod rotations;
mod sums;

use std::{marker::PhantomData, sync::Arc};

pub use folded::FoldedRotation;
pub(crate) use ntt::product_mod;
pub use packed::PackedPair;
pub(crate) use parallel::{Work, for_each_limb, for_each_limb_pair, for_each_limb_triple};
pub use periodic::PeriodicPoly;
pub use rotations::{Rotation, Weight, WeightedSum};
pub use sums::{Multiplier, Summands, Summed};
use zerocopy::IntoBytes;

use crate::{Basis, Modulus, Ring, buffer::Buffer, kernels};

/// Domain of a [`Poly`]: coefficients, in order of rising powers of X.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Coeff {}

/// Domain of a [`Poly`]: evaluations at the odd powers of psi, in the ring's own [order](Ring::ntt_exponents).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ntt {}

/// An element of Z\[X\]/(X^N + 1) by its residues modulo the primes of a [`Basis`], in the domain `D`.
///
/// Residues are always fully reduced, in `[0, p)`, and padding words are zero.
///
/// Binary operations accept an operand whose basis *contains* that of the result and read only the residues they
/// need. A key or ciphertext of a higher level can therefore be used without copying.
///
/// # Panics
/// Operations panic if operands belong to different rings or lack residues that are needed. Both are mistakes of the
/// calling code, never of its input. Constructors from outside data return errors.
pub struct Poly<D> {
    ring: Arc<Ring>,
    basis: Basis,
    /// At least `basis.limbs()` limbs. Any further ones are stale.
    buffer: Buffer,
    domain: PhantomData<fn() -> D>,
}

impl<D> Poly<D> {
    /// Zero.
    pub fn zero(ring: &Arc<Ring>, basis: Basis) -> Self {
        let mut out = Self::stale(ring, basis);
        out.words_mut().fill(0);
        out
    }

    /// A polynomial whose limbs `write` fills in order. It must write all words of a limb ([`Self::rows_mut`]), which are arbitrary before,
    /// with residues below the prime.
    ///
    /// # Errors
    /// Those of `write`.
    pub fn try_written<E>(
        ring: &Arc<Ring>,
        basis: Basis,
        mut write: impl FnMut(&mut Self, usize) -> Result<(), E>,
    ) -> Result<Self, E> {
        let mut out = Self::stale(ring, basis);
        (0..basis.limbs()).try_for_each(|limb| write(&mut out, limb))?;
        Ok(out)
    }

    /// A polynomial with arbitrary words and zero padding, for callers that overwrite all of it.
    pub(crate) fn stale(ring: &Arc<Ring>, basis: Basis) -> Self {
        assert!(ring.full_basis().contains(basis), "{basis:?} of {ring:?}");
        Self { ring: Arc::clone(ring), basis, buffer: ring.take_buffer(basis.limbs()), domain: PhantomData }
    }

    /// The same polynomial as a secret: its words are wiped when it is dropped, and so are those of copies, and of results
    /// of operations with it as `self`.
    #[must_use]
    pub fn into_secret(mut self) -> Self {
        self.buffer.secret = true;
        self
    }

    /// Whether the words are wiped when this is dropped.
    pub fn is_secret(&self) -> bool {
        self.buffer.secret
    }

    /// A stale polynomial over `basis`, secret if this one is.
    pub(crate) fn stale_like(&self, basis: Basis) -> Self {
        let mut out = Self::stale(&self.ring, basis);
        out.buffer.secret = self.buffer.secret;
        out
    }

    /// A digest of the residues under a key: BLAKE3 of the digests of the limbs.
    pub fn keyed_digest(&self, key: &[u8; 32]) -> [u8; 32] {
        let mut digests = vec![[0; 32]; self.basis.limbs()];
        Work::Heavy.run(self.ring.limb_len(), digests.iter_mut().enumerate(), |(i, digest)| {
            *digest = *blake3::keyed_hash(key, self.limb(i).as_bytes()).as_bytes();
        });
        *blake3::keyed_hash(key, digests.as_flattened()).as_bytes()
    }

    /// Its ring.
    pub fn ring(&self) -> &Arc<Ring> {
        &self.ring
    }

    /// Its primes.
    pub fn basis(&self) -> Basis {
        self.basis
    }

    /// The prime of limb `i`.
    pub fn modulus(&self, i: usize) -> &Modulus {
        self.ring.modulus(self.basis, i)
    }

    /// The words of limb `i`, padding included.
    pub fn limb(&self, i: usize) -> &[u64] {
        let len = self.ring.limb_len();
        &self.words()[i * len..(i + 1) * len]
    }

    /// The words of limb `i`, padding included. The caller must keep residues below the prime and padding zero.
    pub fn limb_mut(&mut self, i: usize) -> &mut [u64] {
        let len = self.ring.limb_len();
        &mut self.words_mut()[i * len..(i + 1) * len]
    }

    /// The words of limb `i` row by row, without padding: N words in all.
    pub fn rows(&self, i: usize) -> impl ExactSizeIterator<Item = &[u64]> {
        let len = self.ring.row_len();
        self.limb(i).chunks_exact(self.ring.layout().row_stride()).map(move |row| &row[..len])
    }

    /// The words of limb `i` row by row, without padding. The caller must keep residues below the prime.
    pub fn rows_mut(&mut self, i: usize) -> impl ExactSizeIterator<Item = &mut [u64]> {
        let (len, stride) = (self.ring.row_len(), self.ring.layout().row_stride());
        self.limb_mut(i).chunks_exact_mut(stride).map(move |row| &mut row[..len])
    }

    /// `self += other`.
    pub fn add_assign(&mut self, other: &Self) {
        self.zip_assign(other, kernels::add_assign);
    }

    /// `self -= other`.
    pub fn sub_assign(&mut self, other: &Self) {
        self.zip_assign(other, kernels::sub_assign);
    }

    /// `self = -self`.
    pub fn neg_assign(&mut self) {
        let backend = self.ring.backend();
        self.map_limbs(Work::Light, |_, m, limb| kernels::neg_assign(backend, m, limb));
    }

    /// `self + other`, over the basis of `self`.
    #[must_use]
    pub fn add(&self, other: &Self) -> Self {
        self.zip(other, kernels::add)
    }

    /// `self - other`, over the basis of `self`.
    #[must_use]
    pub fn sub(&self, other: &Self) -> Self {
        self.zip(other, kernels::sub)
    }

    /// Multiplies by an element of Z/QZ, given by one residue for each limb, each below its prime.
    pub fn mul_scalar_assign(&mut self, residues: &[u64]) {
        assert_eq!(residues.len(), self.basis.limbs(), "one residue for each limb");
        let backend = self.ring.backend();
        self.map_limbs(Work::Light, |i, m, limb| {
            assert!(residues[i] < m.value(), "residue {} of {m:?}", residues[i]);
            kernels::mul_scalar_assign(backend, m, limb, residues[i]);
        });
    }

    /// `factor * self` over `basis`, which this polynomial's basis must contain. The factor is an element of Z/QZ,
    /// given as in [`mul_scalar_assign`](Self::mul_scalar_assign).
    #[must_use]
    pub fn scaled(&self, basis: Basis, residues: &[u64]) -> Self {
        let mut out = self.stale_like(basis);
        self.assert_covers(&out);
        assert_eq!(residues.len(), basis.limbs(), "one residue for each limb");
        let backend = self.ring.backend();
        out.map_limbs(Work::Light, |i, m, limb| {
            assert!(residues[i] < m.value(), "residue {} of {m:?}", residues[i]);
            kernels::mul_scalar(backend, m, limb, self.limb_over(basis, i), residues[i]);
        });
        out
    }

    /// Drops the residues that are not in `basis`.
    pub fn truncate(&mut self, basis: Basis) {
        assert!(self.basis.contains(basis), "{basis:?} of {:?}", self.basis);
        let (from, to, len) = (self.basis.q, basis.q, self.ring.limb_len());
        if from != to && basis.p > 0 {
            self.buffer.words_mut().copy_within(from * len..(from + basis.p) * len, to * len);
        }
        self.basis = basis;
    }

    /// The same residues over a smaller basis.
    #[must_use]
    pub fn truncated(&self, basis: Basis) -> Self {
        let mut out = self.stale_like(basis);
        out.map_limbs(Work::Light, |i, _, limb| limb.copy_from_slice(self.limb_over(basis, i)));
        out
    }

    /// All words of the limbs in use.
    pub(crate) fn words(&self) -> &[u64] {
        &self.buffer.words()[..self.basis.limbs() * self.ring.limb_len()]
    }

    pub(crate) fn words_mut(&mut self) -> &mut [u64] {
        &mut self.buffer.words_mut()[..self.basis.limbs() * self.ring.limb_len()]
    }

    /// The limb of the prime of limb `i` over `basis`.
    pub(crate) fn limb_over(&self, basis: Basis, i: usize) -> &[u64] {
        debug_assert!(self.basis.contains(basis));
        self.limb(if i < basis.q { i } else { self.basis.q + i - basis.q })
    }

    pub(crate) fn assert_covers<E>(&self, other: &Poly<E>) {
        self.assert_covers_basis(&other.ring, other.basis);
    }

    pub(crate) fn assert_covers_basis(&self, ring: &Arc<Ring>, basis: Basis) {
        assert!(self.ring.same(ring), "operands of different rings");
        assert!(self.basis.contains(basis), "operand over {:?}, needed over {basis:?}", self.basis);
    }

    /// Runs `f(limb index, modulus, words)` for every limb.
    pub(crate) fn map_limbs(&mut self, work: Work, f: impl Fn(usize, &Modulus, &mut [u64]) + Sync) {
        let (ring, basis) = (Arc::clone(&self.ring), self.basis);
        for_each_limb(work, self.words_mut(), ring.limb_len(), |i, limb| f(i, ring.modulus(basis, i), limb));
    }

    fn zip_assign(&mut self, other: &Self, kernel: fn(crate::Backend, &Modulus, &mut [u64], &[u64])) {
        other.assert_covers(self);
        let (backend, basis) = (self.ring.backend(), self.basis);
        self.map_limbs(Work::Light, |i, m, limb| kernel(backend, m, limb, other.limb_over(basis, i)));
    }

    fn zip(&self, other: &Self, kernel: fn(crate::Backend, &Modulus, &mut [u64], &[u64], &[u64])) -> Self {
        other.assert_covers(self);
        let mut out = self.stale_like(self.basis);
        let (backend, basis) = (self.ring.backend(), self.basis);
        out.map_limbs(Work::Light, |i, m, limb| {
            kernel(backend, m, limb, self.limb(i), other.limb_over(basis, i));
        });
        out
    }

    /// The same words in another domain. The caller has transformed them.
    pub(crate) fn into_domain<E>(self) -> Poly<E> {
        Poly { ring: self.ring, basis: self.basis, buffer: self.buffer, domain: PhantomData }
    }
}

impl<D> Clone for Poly<D> {
    fn clone(&self) -> Self {
        self.truncated(self.basis)
    }
}

/// Equal residues over the same basis of the same ring.
impl<D> PartialEq for Poly<D> {
    fn eq(&self, other: &Self) -> bool {
        self.ring.same(&other.ring) && self.basis == other.basis && self.words() == other.words()
    }
}

impl<D> Eq for Poly<D> {}

/// Shows ring and basis, but never residues, which may be secret.
impl<D> std::fmt::Debug for Poly<D> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let domain = std::any::type_name::<D>().rsplit("::").next().unwrap_or_default();
        write!(f, "Poly<{domain}>(degree {}, {:?})", self.ring.degree(), self.basis)
    }
}
