//! Sums of products and multiples of ciphertexts before their relinearisation. Every operand is read once and every
//! result written once.

use std::sync::Arc;

use super::{Ntt, Poly, Work, for_each_limb_pair, for_each_limb_triple};
use crate::{Basis, Modulus, Ring, kernels};

/// The two polynomials of a ciphertext.
type Pair<'a> = [&'a Poly<Ntt>; 2];

/// The terms of a sum. All polynomials are over the basis of the sum or a larger one.
#[derive(Clone, Debug, Default)]
pub struct Summands<'a> {
    /// Products `(a0 b0, a0 b1 + a1 b0, a1 b1)`.
    pub products: Vec<(Pair<'a>, Pair<'a>)>,
    /// Whether the products count twice.
    pub doubled: bool,
    /// Multiples `(x0 c, x1 c, 0)`.
    pub multiples: Vec<(Pair<'a>, Multiplier<'a>)>,
    /// A constant by its residue modulo each prime, added to every evaluation of the first polynomial.
    pub constant: Option<Vec<u64>>,
}

/// A multiplier of a ciphertext.
#[derive(Clone, Debug)]
pub enum Multiplier<'a> {
    /// An element of Z/QZ, given by one residue for each limb, each below its prime.
    Residues(Vec<u64>),
    /// A polynomial.
    Poly(&'a Poly<Ntt>),
}

/// A sum before its relinearisation: `linear[0] + linear[1] s + quadratic s^2` for the secret s.
#[derive(Debug)]
pub struct Summed {
    /// The coefficients of 1 and of the secret.
    pub linear: [Poly<Ntt>; 2],
    /// The coefficient of the secret's square, if there are products.
    pub quadratic: Option<Poly<Ntt>>,
}

impl Poly<Ntt> {
    /// The sum over `basis`.
    ///
    /// # Panics
    /// If an operand lacks residues of `basis`, or a multiplier or constant does not have one residue for each limb.
    #[must_use]
    pub fn sum_of(ring: &Arc<Ring>, basis: Basis, summands: &Summands<'_>) -> Summed {
        let task = Task { ring, basis, summands };
        task.check();
        let len = ring.layout().part_len();
        let mut linear = [0; 2].map(|_| Self::stale(ring, basis));
        let words = linear.each_mut().map(Self::words_mut);
        if summands.products.is_empty() {
            for_each_limb_pair(Work::Heavy, words, len, |i, parts| task.multiples(i, parts));
            return Summed { linear, quadratic: None };
        }
        let mut quadratic = Self::stale(ring, basis);
        let [c0, c1] = words;
        let words = [c0, c1, quadratic.words_mut()];
        for_each_limb_triple(Work::Heavy, words, len, |i, parts| task.products(i, parts));
        Summed { linear, quadratic: Some(quadratic) }
    }
}

struct Task<'a> {
    ring: &'a Arc<Ring>,
    basis: Basis,
    summands: &'a Summands<'a>,
}

impl Task<'_> {
    fn check(&self) {
        let Summands { products, multiples, constant, .. } = self.summands;
        let factors = products.iter().flat_map(|(a, b)| a.iter().chain(b));
        for poly in factors.chain(multiples.iter().flat_map(|(x, _)| x)) {
            poly.assert_covers_basis(self.ring, self.basis);
        }
        for (_, multiplier) in multiples {
            match multiplier {
                Multiplier::Residues(residues) => assert_eq!(residues.len(), self.basis.limbs()),
                Multiplier::Poly(poly) => poly.assert_covers_basis(self.ring, self.basis),
            }
        }
        assert!(constant.as_ref().is_none_or(|residues| residues.len() == self.basis.limbs()));
    }

    /// Part `i` of all three polynomials.
    fn products(&self, i: usize, mut parts: [&mut [u64]; 3]) {
        let part = Part::new(self, i);
        let terms: Vec<kernels::TensorTerm<'_>> =
            self.summands.products.iter().map(|(a, b)| (part.of_pair(*a), part.of_pair(*b))).collect();
        let out = parts.each_mut().map(|part| &mut **part);
        let (doubled, multiples) = (self.summands.doubled, part.multiples());
        kernels::product_sum(self.ring.backend(), part.modulus, out, &terms, doubled, &multiples);
        part.add_constant(parts[0]);
    }

    /// Part `i` of both polynomials.
    fn multiples(&self, i: usize, mut parts: [&mut [u64]; 2]) {
        let part = Part::new(self, i);
        let out = parts.each_mut().map(|part| &mut **part);
        kernels::multiple_sum(self.ring.backend(), part.modulus, out, &part.multiples(), false);
        part.add_constant(parts[0]);
    }
}

/// Some rows of a limb.
struct Part<'a> {
    task: &'a Task<'a>,
    limb: usize,
    words: std::ops::Range<usize>,
    modulus: &'a Modulus,
}

impl<'a> Part<'a> {
    fn new(task: &'a Task<'a>, i: usize) -> Self {
        let (limb, words) = super::dot::place_of(task.ring, i);
        Self { task, limb, words, modulus: task.ring.modulus(task.basis, limb) }
    }

    fn of(&self, poly: &'a Poly<Ntt>) -> &'a [u64] {
        &poly.limb_over(self.task.basis, self.limb)[self.words.clone()]
    }

    fn of_pair(&self, pair: Pair<'a>) -> [&'a [u64]; 2] {
        pair.map(|poly| self.of(poly))
    }

    fn multiples(&self) -> Vec<kernels::Multiple<'a>> {
        let multiples = self.task.summands.multiples.iter().map(|(x, multiplier)| {
            let multiplier = match multiplier {
                Multiplier::Residues(residues) => kernels::Multiplier::Scalar(residues[self.limb]),
                Multiplier::Poly(poly) => kernels::Multiplier::Words(self.of(poly)),
            };
            (self.of_pair(*x), multiplier)
        });
        multiples.collect()
    }

    fn add_constant(&self, out: &mut [u64]) {
        let layout = self.task.ring.layout();
        if let Some(residues) = &self.task.summands.constant {
            let residue = residues[self.limb];
            // Padding stays zero.
            for row in out.chunks_exact_mut(layout.row_stride()) {
                row[..layout.row_len()].iter_mut().for_each(|word| *word = self.modulus.add(*word, residue));
            }
        }
    }
}
