//! The ring of a parameter set: degree, primes, and precomputed tables.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use rayon::prelude::*;

use crate::{
    AutomorphismTable, Backend, Error, Modulus,
    buffer::{Buffer, Pool},
    conversion::{Conversion, Times},
    kernels::Twiddles,
    layout::Layout,
};

/// Smallest supported log2 N.
pub(crate) const MIN_LOG_DEGREE: u32 = 10;
/// Largest supported log2 N.
pub(crate) const MAX_LOG_DEGREE: u32 = 16;

/// The residues that a polynomial has: those modulo the first `q` primes of Q and the first `p` primes of P, in this
/// order.
#[derive(Copy, Clone, PartialEq, Eq, Hash, Debug)]
pub struct Basis {
    /// Number of primes of Q.
    pub q: usize,
    /// Number of special primes, those of P.
    pub p: usize,
}

impl Basis {
    /// A basis without special primes.
    pub fn of_q(q: usize) -> Self {
        Self { q, p: 0 }
    }

    /// Number of limbs.
    pub fn limbs(&self) -> usize {
        self.q + self.p
    }

    /// Whether every prime of `other` is one of this basis.
    pub fn contains(&self, other: Self) -> bool {
        self.q >= other.q && self.p >= other.p
    }
}

/// Z\[X\]/(X^N + 1) modulo the primes of Q and P of a parameter set, with tables for fast arithmetic.
///
/// The 2N-th root of unity psi modulo p is `a^((p-1)/2N)` for the least `a >= 2` for which it has order 2N. It
/// determines what evaluations mean, so everything stored in evaluation form depends on it.
pub struct Ring {
    layout: Layout,
    backend: Backend,
    /// Primes of Q, then of P.
    moduli: Vec<Modulus>,
    q_count: usize,
    psi: Vec<u64>,
    twiddles: Vec<Twiddles>,
    degree_inverse: Vec<u64>,
    pool: Arc<Pool>,
    automorphisms: Cache<usize, AutomorphismTable>,
    conversions: Cache<(Vec<usize>, Vec<usize>, Times), Conversion>,
}

type Cache<K, V> = Mutex<HashMap<K, Arc<V>>>;

impl std::fmt::Debug for Ring {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ring")
            .field("degree", &self.degree())
            .field("q", &self.q())
            .field("p", &self.p())
            .field("backend", &self.backend)
            .finish()
    }
}

impl Ring {
    /// The ring of degree N = 2^log_n with the primes `q` and the special primes `p`, on the
    /// [active](Backend::active) backend of the process.
    ///
    /// # Errors
    /// If the degree is not from 2^10 to 2^16; if `q` is empty; if a number is not a prime below 2^50 congruent to 1
    /// modulo 2N or occurs twice; if the environment names an unknown backend.
    pub fn new(log_n: u32, q: &[u64], p: &[u64]) -> Result<Arc<Self>, Error> {
        Self::with_backend(log_n, q, p, Backend::active()?)
    }

    /// [`Ring::new`] on a given backend.
    ///
    /// # Errors
    /// As [`Ring::new`]; also if this machine cannot run `backend`.
    pub fn with_backend(log_n: u32, q: &[u64], p: &[u64], backend: Backend) -> Result<Arc<Self>, Error> {
        let backend = Backend::select(Some(backend.name()))?;
        if !(MIN_LOG_DEGREE..=MAX_LOG_DEGREE).contains(&log_n) {
            return Err(Error::Degree { got: log_n });
        }
        if q.is_empty() {
            return Err(Error::NoPrimes);
        }
        let primes: Vec<u64> = q.iter().chain(p).copied().collect();
        for (i, &prime) in primes.iter().enumerate() {
            if primes[..i].contains(&prime) {
                return Err(Error::RepeatedPrime { got: prime });
            }
        }
        let layout = Layout::new(log_n);
        let moduli = primes.iter().map(|&p| Modulus::new(p)).collect::<Result<Vec<_>, _>>()?;
        let psi = moduli.iter().map(|m| root_of_unity(m, layout.n())).collect::<Result<Vec<_>, _>>()?;
        let twiddles =
            moduli.par_iter().zip(&psi).map(|(m, &psi)| Twiddles::new(backend, m, layout, psi)).collect();
        Ok(Arc::new(Self {
            degree_inverse: moduli.iter().map(|m| m.inv(m.reduce(layout.n() as u64))).collect(),
            q_count: q.len(),
            pool: Arc::new(Pool::new(layout.limb_len())),
            automorphisms: Cache::default(),
            conversions: Cache::default(),
            layout,
            backend,
            moduli,
            psi,
            twiddles,
        }))
    }

    /// The degree N.
    pub fn degree(&self) -> usize {
        self.layout.n()
    }

    /// log2 N.
    pub fn log_degree(&self) -> u32 {
        self.layout.log_n()
    }

    /// The primes of Q.
    pub fn q(&self) -> &[Modulus] {
        &self.moduli[..self.q_count]
    }

    /// The special primes.
    pub fn p(&self) -> &[Modulus] {
        &self.moduli[self.q_count..]
    }

    /// The basis of all primes.
    pub fn full_basis(&self) -> Basis {
        Basis { q: self.q().len(), p: self.p().len() }
    }

    /// Whether both are the same ring: equal degree and equal primes of Q and of P. They may be different instances.
    pub(crate) fn same(self: &Arc<Self>, other: &Arc<Self>) -> bool {
        Arc::ptr_eq(self, other)
            || (self.layout == other.layout && self.q_count == other.q_count && self.moduli == other.moduli)
    }

    /// The kernels that this ring uses.
    pub fn backend(&self) -> Backend {
        self.backend
    }

    /// Words of one limb in memory, padding included. Its N words are in rows of a power of two, and eight zero words
    /// follow each row.
    pub fn limb_len(&self) -> usize {
        self.layout.limb_len()
    }

    /// Words of one row of a limb without its padding: a power of two.
    pub(crate) fn row_len(&self) -> usize {
        self.layout.row_len()
    }

    /// The modulus of limb `i` of a polynomial over `basis`.
    ///
    /// # Panics
    /// If the basis has no limb `i` or is not one of this ring.
    pub fn modulus(&self, basis: Basis, i: usize) -> &Modulus {
        &self.moduli[self.prime_index(basis, i)]
    }

    /// The root psi of order 2N modulo the prime of limb `i`. Evaluations are at its odd powers.
    ///
    /// # Panics
    /// As [`Ring::modulus`].
    pub fn psi(&self, basis: Basis, i: usize) -> u64 {
        self.psi[self.prime_index(basis, i)]
    }

    /// The exponents of psi in the order of a limb's evaluations, without padding.
    pub fn ntt_exponents(&self) -> impl Iterator<Item = usize> {
        self.layout.exponents()
    }

    /// The automorphism f(X) -> f(X^g), for odd `g` modulo 2N, as a permutation of evaluations. Computed once for
    /// each g.
    ///
    /// # Panics
    /// If `g` is even.
    pub fn automorphism(&self, g: usize) -> Arc<AutomorphismTable> {
        let g = g % (2 * self.degree());
        cached(&self.automorphisms, g, || AutomorphismTable::new(self.backend, self.layout, g))
    }

    /// The residues of an integer modulo the primes of a basis.
    pub fn residues(&self, basis: Basis, integer: i128) -> Vec<u64> {
        (0..basis.limbs()).map(|i| self.modulus(basis, i).reduce_i128(integer)).collect()
    }

    pub(crate) fn layout(&self) -> Layout {
        self.layout
    }

    pub(crate) fn moduli(&self) -> &[Modulus] {
        &self.moduli
    }

    /// Index of limb `i` over `basis` among all primes, those of Q first.
    pub(crate) fn prime_index(&self, basis: Basis, i: usize) -> usize {
        assert!(self.full_basis().contains(basis) && i < basis.limbs(), "limb {i} of {basis:?} in {self:?}");
        if i < basis.q { i } else { self.q_count + i - basis.q }
    }

    /// Indices of the limbs of `basis` among all primes.
    pub(crate) fn prime_indices(&self, basis: Basis) -> Vec<usize> {
        (0..basis.limbs()).map(|i| self.prime_index(basis, i)).collect()
    }

    pub(crate) fn take_buffer(&self, limbs: usize) -> Buffer {
        self.pool.take(limbs)
    }

    /// Coefficients to evaluations modulo the prime with index `prime`.
    pub(crate) fn forward(&self, prime: usize, limb: &mut [u64]) {
        self.twiddles[prime].forward(limb);
    }

    /// Evaluations to coefficients times `factor`.
    pub(crate) fn inverse(&self, prime: usize, limb: &mut [u64], factor: u64) {
        let m = &self.moduli[prime];
        self.twiddles[prime].inverse(limb, m.mul(factor, self.degree_inverse[prime]));
    }

    /// [`Ring::inverse`] of the evaluations in `source`.
    pub(crate) fn inverse_from(&self, prime: usize, source: &[u64], limb: &mut [u64], factor: u64) {
        let m = &self.moduli[prime];
        self.twiddles[prime].inverse_from(source, limb, m.mul(factor, self.degree_inverse[prime]));
    }

    /// The base conversion between two sets of primes, given by their indices. Computed once for each pair.
    pub(crate) fn conversion(&self, sources: &[usize], targets: &[usize], times: Times) -> Arc<Conversion> {
        let select = |indices: &[usize]| indices.iter().map(|&i| self.moduli[i]).collect::<Vec<_>>();
        cached(&self.conversions, (sources.to_vec(), targets.to_vec(), times), || {
            Conversion::new(&select(sources), &select(targets), times)
        })
    }
}

fn cached<K: Eq + std::hash::Hash, V>(cache: &Cache<K, V>, key: K, make: impl FnOnce() -> V) -> Arc<V> {
    // Entries are absent or complete, so a panic of another thread does not spoil the map.
    let mut map = cache.lock().unwrap_or_else(PoisonError::into_inner);
    Arc::clone(map.entry(key).or_insert_with(|| Arc::new(make())))
}

/// The primitive 2N-th root of unity from the least base.
fn root_of_unity(m: &Modulus, n: usize) -> Result<u64, Error> {
    let order = 2 * n as u64;
    if m.value() % order != 1 {
        return Err(Error::NotNttFriendly { got: m.value(), order });
    }
    let cofactor = (m.value() - 1) / order;
    // Every second base is a non-residue, so the search is short.
    let found =
        (2..m.value()).map(|a| m.pow(a, cofactor)).find(|&root| m.pow(root, n as u64) == m.value() - 1);
    found.ok_or(Error::NotNttFriendly { got: m.value(), order })
}
