//! What operations on ciphertexts cost: work counted limb by limb, and the seconds that it takes at a machine's [`Pace`].

mod measure;
mod pace;

pub use pace::Pace;

use std::ops::{Add, AddAssign, Mul};

use crate::params::{KeyShape, Parameters};

/// Passes over single limbs (the residues modulo one prime) and the keys that are read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cost {
    /// Number-theoretic transforms, in either direction.
    pub transforms: usize,
    /// Multiply-adds of base conversions.
    pub conversions: usize,
    /// Multiply-adds with keys, diagonals and ciphertexts.
    pub products: usize,
    /// Limbs that an automorphism permutes.
    pub permutations: usize,
    /// Limbs of keys that are read.
    pub key_limbs: usize,
}

/// Time of a pass in units of a transform, by measurement at N = 2^15; only ratios matter.
const CONVERSION: f64 = 0.08;
const PRODUCT: f64 = 0.11;
const PERMUTATION: f64 = 0.15;
const KEY_LIMB: f64 = 0.15;
/// Limb by limb in the cache.
const PERMUTATION_IN_PASSES: f64 = PERMUTATION / PRODUCT;

impl Cost {
    /// How many transforms take as long on one core.
    pub fn equivalent_transforms(&self) -> f64 {
        self.transforms as f64
            + CONVERSION * self.conversions as f64
            + PRODUCT * self.products as f64
            + PERMUTATION * self.permutations as f64
            + KEY_LIMB * self.key_limbs as f64
    }

    /// Bytes of keys that are read, at the mean width of the chain's primes.
    pub fn key_bytes(&self, parameters: &Parameters) -> usize {
        let limbs = parameters.key_shape(parameters.max_level()).basis().limbs();
        let limb_bits = parameters.degree() as f64 * parameters.log_qp() / limbs as f64;
        (self.key_limbs as f64 * limb_bits / 8.0) as usize
    }

    /// Seconds of one core.
    pub fn seconds(&self, parameters: &Parameters, pace: &Pace) -> f64 {
        pace.switch * self.counted(parameters.degree(), self.key_bytes(parameters), pace)
    }

    /// The same without what is not counted.
    fn counted(&self, degree: usize, key_bytes: usize, pace: &Pace) -> f64 {
        let n = degree as f64;
        let passes =
            self.conversions as f64 + self.products as f64 + PERMUTATION_IN_PASSES * self.permutations as f64;
        n * (self.transforms as f64 * n.log2() * pace.transform + passes * pace.pass)
            + key_bytes as f64 * pace.byte
    }

    /// A polynomial at `level` into raised digits.
    pub fn decompose(shape: KeyShape, level: usize) -> Self {
        let limbs = level + 1 + shape.special;
        let conversions =
            shape.digits.ranges(level).map(|digit| conversion(digit.len(), limbs - digit.len()));
        Self { transforms: shape.digits_at(level) * limbs, conversions: conversions.sum(), ..Self::default() }
    }

    /// The inner product of digits with a key, and its automorphism.
    pub fn turn(shape: KeyShape, level: usize) -> Self {
        let limbs = level + 1 + shape.special;
        let key_limbs = 2 * shape.digits_at(level) * limbs;
        Self { products: key_limbs, permutations: 2 * limbs, key_limbs, ..Self::default() }
    }

    /// A key switch of a polynomial already decomposed, and its automorphism.
    pub fn hoisted(shape: KeyShape, level: usize) -> Self {
        Self::turn(shape, level) + Self::divide(shape.special, level + 1) * 2
    }

    /// A rotation or a conjugation.
    pub fn switch(shape: KeyShape, level: usize) -> Self {
        Self::decompose(shape, level) + Self::hoisted(shape, level)
    }

    /// One polynomial divided by `dropped` primes, `kept` stay.
    pub fn divide(dropped: usize, kept: usize) -> Self {
        Self { transforms: dropped + kept, conversions: conversion(dropped, kept), ..Self::default() }
    }

    /// A product of ciphertexts summed into others, relinearised and rescaled: `products` of them at `level`.
    pub fn relinearise(shape: KeyShape, level: usize, products: usize) -> Self {
        let tensor = Self { products: 4 * products * (level + 1), ..Self::default() };
        let inner = Self { permutations: 0, ..Self::turn(shape, level) };
        tensor + Self::decompose(shape, level) + inner + Self::divide(shape.special + 1, level) * 2
    }
}

/// Multiply-adds of a conversion: the sources and the quotient for each target; a lift of one prime is one pass.
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
