//! Unencrypted slots in floating point that carry the level, exact scale and noise of CKKS.
//!
//! Evaluation plans run on them unchanged. This predicts the precision of a parameter set to a fraction of a bit, and
//! finds errors in levels and scales before any ciphertext exists.

use std::cell::RefCell;
use std::f64::consts::TAU;

use ckks::Scale;
use num_complex::Complex64;

use crate::polynomial::{Arithmetic, Sum};

/// A chain of primes and the noise of a rescaling.
#[derive(Debug)]
pub struct Simulation {
    primes: Vec<u64>,
    /// Standard deviation of the noise in the real and in the imaginary part of a slot, in units of the scale's
    /// reciprocal.
    noise: f64,
    random: RefCell<SplitMix>,
}

/// A simulated ciphertext.
#[derive(Clone, Debug)]
pub struct SimulatedSlots {
    /// The values, noise included.
    pub slots: Vec<Complex64>,
    /// Number of rescalings left.
    pub level: usize,
    /// Exact scale.
    pub scale: Scale,
}

impl Simulation {
    /// A chain of these primes. `noise` is the standard deviation that a rescaling adds to the real part of a slot,
    /// as an integer before the division by the scale. The noise is reproducible for one seed.
    pub fn new(primes: Vec<u64>, noise: f64, seed: u64) -> Self {
        Self { primes, noise, random: RefCell::new(SplitMix(seed)) }
    }

    /// Distinct odd numbers of these sizes in bits. A simulation needs no more of primes.
    pub fn odd_numbers(bits: impl IntoIterator<Item = u32>) -> Vec<u64> {
        bits.into_iter().zip(0..).map(|(bits, i)| (1 << bits) + 2 * i + 1).collect()
    }

    /// Standard deviation of the real part of a slot after a rounding, for a ternary secret of weight `weight`.
    /// Coefficients have variance `(1 + weight) / 12`, and a slot sums `degree` of them with random phases.
    pub fn rounding_noise(degree: usize, weight: usize) -> f64 {
        (degree as f64 / 2.0 * (1.0 + weight as f64) / 12.0).sqrt()
    }

    /// A fresh value without noise.
    pub fn value(&self, slots: Vec<Complex64>, level: usize, scale: Scale) -> SimulatedSlots {
        SimulatedSlots { slots, level, scale }
    }

    /// A random number, uniform in `[a, b)`.
    pub fn uniform(&self, a: f64, b: f64) -> f64 {
        a + (b - a) * self.random.borrow_mut().uniform()
    }

    /// Adds the noise of one rounding at the value's scale.
    pub fn add_rounding_noise(&self, value: &mut SimulatedSlots) {
        self.add_noise(value, self.noise / value.scale.to_f64());
    }

    /// Adds Gaussian noise of this deviation to real and imaginary parts.
    pub(crate) fn add_noise(&self, value: &mut SimulatedSlots, deviation: f64) {
        let mut random = self.random.borrow_mut();
        for slot in &mut value.slots {
            *slot += random.gaussian() * deviation;
        }
    }
}

impl Arithmetic for Simulation {
    type Value = SimulatedSlots;
    type Error = std::convert::Infallible;

    fn level(&self, value: &SimulatedSlots) -> usize {
        value.level
    }

    fn scale(&self, value: &SimulatedSlots) -> Scale {
        value.scale.clone()
    }

    fn prime(&self, level: usize) -> Scale {
        Scale::prime(self.primes[level])
    }

    fn shift(&self, value: &mut SimulatedSlots, c: f64) -> Result<(), Self::Error> {
        value.slots.iter_mut().for_each(|s| *s += c);
        Ok(())
    }

    fn sum(&self, sum: &Sum<'_, SimulatedSlots>) -> Result<SimulatedSlots, Self::Error> {
        let mut slots: Vec<Complex64> = Vec::new();
        for (a, b) in &sum.products {
            assert!(sum.level <= a.level.min(b.level), "operand below the level of the sum");
            assert_eq!(sum.scale, a.scale.mul(&b.scale), "product at another scale than the sum");
            add(&mut slots, a.slots.iter().zip(&b.slots).map(|(a, b)| a * b));
        }
        if sum.doubled {
            slots.iter_mut().for_each(|s| *s *= 2.0);
        }
        for (c, a) in &sum.multiples {
            assert!(sum.level <= a.level, "operand below the level of the sum");
            let room = sum.scale.log2() - a.scale.log2();
            assert!(room > 15.0, "a coefficient encoded with {room} bits");
            add(&mut slots, a.slots.iter().enumerate().map(|(s, a)| a * c.at(s)));
        }
        if let Some(c) = sum.constant {
            slots.iter_mut().enumerate().for_each(|(s, slot)| *slot += c.at(s));
        }
        let scale = sum.scale.div(&self.prime(sum.level));
        let mut value = SimulatedSlots { slots, level: sum.level - 1, scale };
        self.add_rounding_noise(&mut value);
        Ok(value)
    }
}

/// Adds terms to slots. The slots are empty before the first summand.
fn add(slots: &mut Vec<Complex64>, terms: impl Iterator<Item = Complex64>) {
    if slots.is_empty() {
        slots.extend(terms);
    } else {
        slots.iter_mut().zip(terms).for_each(|(s, t)| *s += t);
    }
}

/// Random numbers for simulations and figures, never for keys.
#[derive(Debug)]
struct SplitMix(u64);

impl SplitMix {
    fn uniform(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 53) as f64
    }

    fn gaussian(&mut self) -> Complex64 {
        let radius = (-2.0 * (1.0 - self.uniform()).ln()).sqrt();
        Complex64::from_polar(radius, TAU * self.uniform())
    }
}
