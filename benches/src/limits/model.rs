//! The cost model: operations and bytes from parameters. Counts are lower bounds, for what the algorithm cannot avoid.
//!
//! The unit of arithmetic is one multiplication of a word with the widest multiplier that the kernels use. A modular product takes
//! several of them ([`Model::product`]). A term of a sum of products takes two, for the upper and the lower half. The final reduction of
//! the sum takes a product, or two multiplications where the constants are multiplied by 2^52 (base conversion). Additions and
//! shuffles run on other ports at the same time and are not counted. Bytes are those that no cache can hold: keys and data, each
//! read once in an operation.

use std::ops::{Add, Mul};

use ckks::{Cost, KeyShape, Parameters};
use ckks_boot::BootstrapPlan;
use ckks_math::Backend;
use fhe_head::RefreshedMessage;
use fhe_head::engine::{Counts, Operation};

/// An amount of work.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Work {
    /// Multiplications of words.
    pub(crate) multiplications: f64,
    /// Bytes read from memory.
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

/// Multiplications of words in a modular product.
pub(super) fn multiplications_of_a_product(backend: Backend) -> f64 {
    match backend.name() {
        // both halves of y w and of w' y with doubles: two products, two fused multiply-adds
        "avx2" | "avx512" => 4.0,
        // three of 52 bits (docs/notes/ntt.md), or Shoup's three of 64 bits
        _ => 3.0,
    }
}

/// Multiplications of a term in a sum of products: its two halves.
const TERM: f64 = 2.0;

/// Multiplications for the reduction of a sum whose constants are stored multiplied by 2^52.
const CLOSING: f64 = 2.0;

/// The cost model for a ring and its keys.
#[derive(Clone, Debug)]
pub(crate) struct Model {
    n: f64,
    log_n: f64,
    product: f64,
    /// Bytes of a key's word in memory.
    key_word: f64,
}

impl Model {
    /// For the ring of degree `2^log_n`, with keys of `key_bits` bits per word.
    pub(crate) fn new(log_n: u32, backend: Backend, key_bits: f64) -> Self {
        let n = f64::from(log_n).exp2();
        let product = multiplications_of_a_product(backend);
        Self { n, log_n: f64::from(log_n), product, key_word: key_bits / 8.0 }
    }

    /// For a parameter set. Words of keys have as many bits as its primes on average.
    pub(crate) fn of(parameters: &Parameters, backend: Backend) -> Self {
        Self::new(parameters.literal().log_n, backend, parameters.mean_prime_bits())
    }

    fn words(&self, multiplications_of_a_word: f64) -> Work {
        Work { multiplications: self.n * multiplications_of_a_word, bytes: 0.0 }
    }

    /// Number-theoretic transforms of `limbs` limbs, in either direction: half a product per word and layer, and another half because
    /// the last layer reduces both results.
    pub(crate) fn transforms(&self, limbs: usize) -> Work {
        self.words(limbs as f64 * (self.log_n + 1.0) / 2.0 * self.product)
    }

    /// Base conversion: one multiplication per input word for the quotient, and per output word a sum of products with its reduction.
    /// From a single prime, an output word takes one product.
    pub(crate) fn convert(&self, from: usize, to: usize) -> Work {
        let (sources, targets) = (from as f64, to as f64);
        self.words(match from {
            1 => targets * self.product,
            _ => sources + targets * (sources * TERM + CLOSING),
        })
    }

    /// Digits of a polynomial: inverse transforms, raising each digit to all other primes, transforms.
    pub(crate) fn decompose(&self, shape: KeyShape, limbs: usize) -> Work {
        let raised = shape.digits.ranges(limbs - 1).map(|digit| {
            let others = limbs + shape.special - digit.len();
            self.convert(digit.len(), others) + self.transforms(others)
        });
        self.transforms(limbs) + raised.sum()
    }

    /// Inner products of the digits with both halves of a key, which is read from memory.
    pub(crate) fn inner_products(&self, shape: KeyShape, limbs: usize) -> Work {
        let (digits, limbs) = (shape.digits_at(limbs - 1) as f64, (limbs + shape.special) as f64);
        let arithmetic = self.words(2.0 * limbs * (digits * TERM + self.product));
        Work { bytes: 2.0 * digits * limbs * self.n * self.key_word, ..arithmetic }
    }

    /// Division of one polynomial by the special primes, and by the last prime as well if `rescale`.
    pub(crate) fn mod_down(&self, special: usize, limbs: usize, rescale: bool) -> Work {
        let kept = limbs - usize::from(rescale);
        self.rests(special, limbs, rescale) + self.words(kept as f64 * self.product)
    }

    /// [`Self::mod_down`] without the product of each residue with the inverse of the divisor.
    fn rests(&self, special: usize, limbs: usize, rescale: bool) -> Work {
        let (dropped, kept) = (special + usize::from(rescale), limbs - usize::from(rescale));
        self.transforms(dropped) + self.convert(dropped, kept) + self.transforms(kept)
    }

    /// A key switch of a decomposed value. The final reduction of the inner product includes the division.
    pub(crate) fn switch(&self, shape: KeyShape, limbs: usize, rescale: bool) -> Work {
        self.inner_products(shape, limbs) + self.rests(shape.special, limbs, rescale) * 2.0
    }

    /// A product of ciphertexts added to a sum, with the first factor read from memory.
    pub(crate) fn tensor(&self, limbs: usize) -> Work {
        let limbs = limbs as f64;
        Work { bytes: 2.0 * limbs * self.n * 8.0, ..self.words(4.0 * limbs * TERM) }
    }

    /// A reduced product of two ciphertexts in the cache.
    pub(crate) fn cached_product(&self, limbs: usize) -> Work {
        Work { bytes: 0.0, ..self.tensor(limbs) } + self.close_tensor(limbs)
    }

    /// The final reductions of a sum of products of ciphertexts.
    pub(crate) fn close_tensor(&self, limbs: usize) -> Work {
        self.words(3.0 * limbs as f64 * self.product)
    }

    /// Division of both polynomials of a ciphertext by the last prime.
    pub(crate) fn rescale(&self, limbs: usize) -> Work {
        self.mod_down(0, limbs, true) * 2.0
    }

    /// A bootstrap, by its plan's own counts.
    pub(crate) fn bootstrap(&self, plan: &BootstrapPlan) -> Work {
        self.stage(plan.raised(), &plan.costs().total())
    }

    /// A stage of a bootstrap, by its plan's own counts.
    pub(crate) fn stage(&self, parameters: &Parameters, cost: &Cost) -> Work {
        let terms = (cost.conversions + cost.products) as f64 * TERM;
        let bytes = cost.key_bytes(parameters) as f64;
        Work { bytes, ..self.transforms(cost.transforms) + self.words(terms) }
    }

    /// The operations of a training plan; `refreshed` is what its bootstraps refresh.
    ///
    /// # Errors
    /// The bootstrap cannot be planned.
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
        Ok(counts.iter().map(|count| one(count.operation, count.level) * count.times as f64).sum())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use ckks::Digits;

    #[test]
    fn a_transform_is_half_a_product_per_word_and_layer_plus_one_half() {
        let model = Model::new(10, Backend::Scalar, 40.0);
        assert_eq!(model.transforms(2).multiplications, 2.0 * 1024.0 * 5.5 * 3.0);
    }

    /// The transforms of a key switch are as many as the key's shape states.
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
