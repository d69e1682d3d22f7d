//! Operations and bytes from parameters. Counts are lower bounds: what the algorithm cannot do without.
//!
//! The unit of arithmetic is one multiplication of a word by the machine's widest multiplier that the kernels use; a
//! modular product takes a few of them ([`Model::product`]), one term of a sum of products two (upper and lower half), its
//! final reduction a product, or two of them where the constants come times 2^52 (base conversion). Additions and shuffles run beside multiplications on other ports and are left out. Bytes are
//! those that no cache holds: keys and data, each read once an operation.

use std::ops::{Add, Mul};

use ckks::{KeyShape, Parameters};
use ckks_boot::Cost;
use ckks_boot::bootstrap::BootstrapPlan;
use ckks_math::Backend;
use fhe_head::engine::trace::{Counts, Operation};
use fhe_head::refresh::RefreshedMessage;

/// Multiplications of words and bytes from memory.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Work {
    pub(crate) multiplications: f64,
    pub(crate) bytes: f64,
}

impl Add for Work {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self {
            multiplications: self.multiplications + other.multiplications,
            bytes: self.bytes + other.bytes,
        }
    }
}

impl Mul<f64> for Work {
    type Output = Self;
    fn mul(self, times: f64) -> Self {
        Self { multiplications: self.multiplications * times, bytes: self.bytes * times }
    }
}

impl std::iter::Sum for Work {
    fn sum<I: Iterator<Item = Self>>(all: I) -> Self {
        all.fold(Self::default(), Add::add)
    }
}

/// Multiplications of one modular product.
pub(crate) fn multiplications_of_a_product(backend: Backend) -> f64 {
    match backend.name() {
        // y w and w' y by halves with doubles: two products, two fused multiply-adds
        "avx2" | "avx512" => 4.0,
        // three of 52 bits (docs/notes/ntt.md), or three of 64 bits after Shoup
        _ => 3.0,
    }
}

/// Multiplications of one term of a sum of products: its two halves.
const TERM: f64 = 2.0;

/// Multiplications that reduce a sum whose constants are kept times the word.
const CLOSING: f64 = 2.0;

/// The model of one parameter set.
#[derive(Clone, Debug)]
pub(crate) struct Model {
    n: f64,
    log_n: f64,
    product: f64,
    /// Bytes of a word of a key.
    key_word: f64,
}

impl Model {
    /// The ring of degree `2^log_n` with these kernels, and keys of so many bits a word.
    pub(crate) fn new(log_n: u32, backend: Backend, key_bits: f64) -> Self {
        let n = f64::from(log_n).exp2();
        let product = multiplications_of_a_product(backend);
        Self { n, log_n: f64::from(log_n), product, key_word: key_bits / 8.0 }
    }

    /// Of a parameter set; keys have as many bits a word as its primes on the average.
    pub(crate) fn of(parameters: &Parameters, backend: Backend) -> Self {
        let limbs = parameters.max_level() + 1 + parameters.literal().special;
        Self::new(parameters.literal().log_n, backend, parameters.log_qp() / limbs as f64)
    }

    fn words(&self, multiplications_of_a_word: f64) -> Work {
        Work { multiplications: self.n * multiplications_of_a_word, bytes: 0.0 }
    }

    /// Number-theoretic transforms of some limbs, either way: half a product a word and layer, and half a one to close, as the
    /// last layer makes both results residues.
    pub(crate) fn transforms(&self, limbs: usize) -> Work {
        self.words(limbs as f64 * (self.log_n + 1.0) / 2.0 * self.product)
    }

    /// Base conversion: a multiplication a word that goes in, for the quotient; a sum of products a word that comes out, with two for
    /// its reduction. One prime is lifted by one product.
    pub(crate) fn convert(&self, from: usize, to: usize) -> Work {
        let (sources, targets) = (from as f64, to as f64);
        self.words(match from {
            1 => targets * self.product,
            _ => sources + targets * (sources * TERM + CLOSING),
        })
    }

    /// Digits of a polynomial: out of evaluation form, each raised to all other primes, and back.
    pub(crate) fn decompose(&self, shape: KeyShape, limbs: usize) -> Work {
        let raised = shape.digits.ranges(limbs - 1).map(|digit| {
            let others = limbs + shape.special - digit.len();
            self.convert(digit.len(), others) + self.transforms(others)
        });
        self.transforms(limbs) + raised.sum()
    }

    /// Sums of products of digits with both halves of a key, which is read from memory.
    pub(crate) fn inner_products(&self, shape: KeyShape, limbs: usize) -> Work {
        let (digits, limbs) = (shape.digits_at(limbs - 1) as f64, (limbs + shape.special) as f64);
        let arithmetic = self.words(2.0 * limbs * (digits * TERM + self.product));
        Work { bytes: 2.0 * digits * limbs * self.n * self.key_word, ..arithmetic }
    }

    /// Division of one polynomial by the special primes, and by the last prime too if it is rescaled.
    pub(crate) fn mod_down(&self, special: usize, limbs: usize, rescale: bool) -> Work {
        let kept = limbs - usize::from(rescale);
        self.rests(special, limbs, rescale) + self.words(kept as f64 * self.product)
    }

    /// The same but for the product of each residue with the divisor's inverse.
    fn rests(&self, special: usize, limbs: usize, rescale: bool) -> Work {
        let (dropped, kept) = (special + usize::from(rescale), limbs - usize::from(rescale));
        self.transforms(dropped) + self.convert(dropped, kept) + self.transforms(kept)
    }

    /// A key switch of a value already decomposed. The reduction of the inner product divides, too.
    pub(crate) fn switch(&self, shape: KeyShape, limbs: usize, rescale: bool) -> Work {
        self.inner_products(shape, limbs) + self.rests(shape.special, limbs, rescale) * 2.0
    }

    /// One product of ciphertexts added to a sum, the first factor read from memory.
    pub(crate) fn tensor(&self, limbs: usize) -> Work {
        let limbs = limbs as f64;
        Work { bytes: 2.0 * limbs * self.n * 8.0, ..self.words(4.0 * limbs * TERM) }
    }

    /// One product of ciphertexts that are in the cache, reduced.
    pub(crate) fn words_of_one_product(&self, limbs: usize) -> Work {
        Work { bytes: 0.0, ..self.tensor(limbs) } + self.close_tensor(limbs)
    }

    /// The reductions that close a sum of products.
    pub(crate) fn close_tensor(&self, limbs: usize) -> Work {
        self.words(3.0 * limbs as f64 * self.product)
    }

    /// Division of both polynomials of a ciphertext by the last prime.
    pub(crate) fn rescale(&self, limbs: usize) -> Work {
        self.mod_down(0, limbs, true) * 2.0
    }

    /// A bootstrap, as its plan counts itself.
    pub(crate) fn bootstrap(&self, plan: &BootstrapPlan) -> Work {
        self.stage(plan.parameters(), &plan.costs().total())
    }

    /// A stage of a bootstrap, likewise.
    pub(crate) fn stage(&self, parameters: &Parameters, cost: &Cost) -> Work {
        let terms = (cost.conversions + cost.products) as f64 * TERM;
        let bytes = cost.key_bytes(parameters) as f64;
        Work { bytes, ..self.transforms(cost.transforms) + self.words(terms) }
    }

    /// What a plan counts.
    pub(crate) fn counts(
        &self,
        parameters: &Parameters,
        counts: &Counts,
        refreshed: Option<RefreshedMessage>,
    ) -> anyhow::Result<Work> {
        let refresh = match refreshed {
            Some(state) => self.bootstrap(&state.plan(parameters)?),
            None => Work::default(),
        };
        let one = |operation: Operation, level: usize| {
            let (shape, limbs) = (parameters.key_shape(level), level + 1);
            match operation {
                Operation::Product => self.tensor(limbs),
                Operation::Relinearise => {
                    self.close_tensor(limbs) + self.decompose(shape, limbs) + self.switch(shape, limbs, true)
                }
                Operation::Rotate | Operation::Conjugate => {
                    self.decompose(shape, limbs) + self.switch(shape, limbs, false)
                }
                Operation::Decompose => self.decompose(shape, limbs),
                Operation::HoistedRotate => self.switch(shape, limbs, false),
                Operation::Constant => self.rescale(limbs),
                Operation::Refresh => refresh,
            }
        };
        Ok(counts.iter().map(|(&(operation, level), &times)| one(operation, level) * times as f64).sum())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use ckks::Digits;

    #[test]
    fn a_transform_is_half_a_product_a_word_and_layer_and_to_close() {
        let model = Model::new(10, Backend::Scalar, 40.0);
        assert_eq!(model.transforms(2).multiplications, 2.0 * 1024.0 * 5.5 * 3.0);
    }

    /// The number of transforms that the key's shape states, and nothing else, when products cost nothing.
    #[test]
    fn a_key_switch_has_the_transforms_of_its_shape() {
        let shape = KeyShape { level: 5, special: 3, digits: Digits::uniform(3) };
        let model = Model::new(10, Backend::Scalar, 40.0);
        let whole = model.decompose(shape, 6) + model.switch(shape, 6, false);
        let transforms = model.transforms(shape.transforms()).multiplications;
        let rest = model.convert(3, 6) * 2.0 + model.convert(3, 6) * 2.0 + model.inner_products(shape, 6);
        assert!((whole.multiplications - transforms - rest.multiplications).abs() < 1e-6);
        assert_eq!(whole.bytes, 2.0 * 2.0 * 9.0 * 1024.0 * 5.0);
    }
}
