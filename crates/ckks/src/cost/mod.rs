//! The cost of operations on ciphertexts: their work, counted limb by limb, and the seconds it takes at a machine's
//! [`Pace`].

mod measure;
mod pace;

pub use pace::Pace;

use std::ops::{Add, AddAssign, Mul};

use crate::params::{KeyShape, Parameters};

/// The work of one operation: passes over single limbs (the residues modulo one prime), and limbs of keys that are
/// read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cost {
    /// Number-theoretic transforms of a limb, in either direction.
    pub transforms: usize,
    /// Multiply-adds of a limb in base conversions.
    pub conversions: usize,
    /// Multiply-adds of a limb with keys, diagonals and ciphertexts.
    pub products: usize,
    /// Limbs permuted by an automorphism.
    pub permutations: usize,
    /// Limbs of keys read from memory.
    pub key_limbs: usize,
}

/// Times of the passes in units of a transform, measured at N = 2^15. Only their ratios matter.
const CONVERSION: f64 = 0.08;
const PRODUCT: f64 = 0.11;
const PERMUTATION: f64 = 0.15;
const KEY_LIMB: f64 = 0.15;
/// Time of a permutation of a cached limb in units of a multiply-add.
const PERMUTATION_IN_PASSES: f64 = PERMUTATION / PRODUCT;

impl Cost {
    /// The number of transforms that take as long on one core.
    pub fn equivalent_transforms(&self) -> f64 {
        self.transforms as f64
            + CONVERSION * self.conversions as f64
            + PRODUCT * self.products as f64
            + PERMUTATION * self.permutations as f64
            + KEY_LIMB * self.key_limbs as f64
    }

    /// Bytes of the keys that are read, at the mean width of the chain's primes.
    pub fn key_bytes(&self, parameters: &Parameters) -> usize {
        let limb_bits = parameters.degree() as f64 * parameters.mean_prime_bits();
        (self.key_limbs as f64 * limb_bits / 8.0) as usize
    }

    /// Estimated seconds on one core.
    pub fn seconds(&self, parameters: &Parameters, pace: &Pace) -> f64 {
        pace.switch * self.counted(parameters.degree(), self.key_bytes(parameters), pace)
    }

    /// Seconds of the counted work alone, without the factor [`Pace::switch`].
    fn counted(&self, degree: usize, key_bytes: usize, pace: &Pace) -> f64 {
        let n = degree as f64;
        let passes =
            self.conversions as f64 + self.products as f64 + PERMUTATION_IN_PASSES * self.permutations as f64;
        n * (self.transforms as f64 * n.log2() * pace.transform + passes * pace.pass)
            + key_bytes as f64 * pace.byte
    }

    /// Decomposes a polynomial at `level` into digits raised to the basis of the key.
    pub fn decompose(shape: KeyShape, level: usize) -> Self {
        let limbs = level + 1 + shape.special;
        let conversions =
            shape.digits.ranges(level).map(|digit| conversion(digit.len(), limbs - digit.len()));
        Self { transforms: shape.digits_at(level) * limbs, conversions: conversions.sum(), ..Self::default() }
    }

    /// The inner product of raised digits with a key, and its automorphism. The division by the special primes is not
    /// included.
    pub fn turn(shape: KeyShape, level: usize) -> Self {
        let limbs = level + 1 + shape.special;
        let key_limbs = 2 * shape.digits_at(level) * limbs;
        Self { products: key_limbs, permutations: 2 * limbs, key_limbs, ..Self::default() }
    }

    /// A key switch of a polynomial that is already decomposed, with its automorphism.
    pub fn hoisted(shape: KeyShape, level: usize) -> Self {
        Self::turn(shape, level) + Self::divide(shape.special, level + 1) * 2
    }

    /// A whole key switch: a rotation or a conjugation.
    pub fn switch(shape: KeyShape, level: usize) -> Self {
        Self::decompose(shape, level) + Self::hoisted(shape, level)
    }

    /// Divides one polynomial by the product of `dropped` primes; `kept` primes remain.
    pub fn divide(dropped: usize, kept: usize) -> Self {
        Self { transforms: dropped + kept, conversions: conversion(dropped, kept), ..Self::default() }
    }

    /// Multiplies `products` pairs of ciphertexts at `level`, sums them, relinearises and rescales.
    pub fn relinearise(shape: KeyShape, level: usize, products: usize) -> Self {
        let tensor = Self { products: 4 * products * (level + 1), ..Self::default() };
        let inner = Self { permutations: 0, ..Self::turn(shape, level) };
        tensor + Self::decompose(shape, level) + inner + Self::divide(shape.special + 1, level) * 2
    }
}

/// Multiply-adds of a base conversion: one per source and one for the quotient, for each target. The lift of a single
/// prime is one pass.
fn conversion(sources: usize, targets: usize) -> usize {
    if sources == 1 { targets } else { (sources + 1) * targets }
}

impl Add for Cost {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            transforms: self.transforms + other.transforms,
            conversions: self.conversions + other.conversions,
            products: self.products + other.products,
            permutations: self.permutations + other.permutations,
            key_limbs: self.key_limbs + other.key_limbs,
        }
    }
}

impl AddAssign for Cost {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl Mul<usize> for Cost {
    type Output = Self;

    fn mul(self, times: usize) -> Self {
        Self {
            transforms: times * self.transforms,
            conversions: times * self.conversions,
            products: times * self.products,
            permutations: times * self.permutations,
            key_limbs: times * self.key_limbs,
        }
    }
}

impl std::iter::Sum for Cost {
    fn sum<I: Iterator<Item = Self>>(costs: I) -> Self {
        costs.fold(Self::default(), Add::add)
    }
}
