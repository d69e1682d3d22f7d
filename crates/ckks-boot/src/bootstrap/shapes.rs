//! The shapes of the bootstrap's keys: as many special primes and as few digits as security and noise leave at each level.

use ckks::{Cost, Digits, KeyShape, Parameters};
use ckks_math::Modulus;

/// What happens to the noise of a key switch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Noise {
    /// It stays: a digit may not exceed the special primes.
    Kept,
    /// It stays, and sums of many automorphisms grow around it: it should be no larger than a rounding.
    Quiet,
    /// A rescale divides it by the last prime: a digit may exceed them by about that much.
    Rescaled,
}

/// Bits that a rescaled switch keeps clear of the prime: the noise of one digit is about `2^8` times the ratio of digit and
/// special primes, and five bits of it are lost in the rounding.
const RESCALED_MARGIN: f64 = 5.0;
/// A digit may come out a little larger than the special primes meant for it, since primes are only near powers of two.
const KEPT_SLACK: f64 = 0.5;
/// The noise of a digit as large as the special primes is about `2^3` roundings.
const QUIET_MARGIN: f64 = 4.0;

/// The cheapest shape at `level` that is secure and quiet enough; with exactly `special` special primes if given.
pub(crate) fn shape(parameters: &Parameters, level: usize, noise: Noise, special: Option<usize>) -> KeyShape {
    let ring = parameters.ring();
    let slack = match noise {
        Noise::Kept => KEPT_SLACK,
        Noise::Quiet => -QUIET_MARGIN,
        Noise::Rescaled => log2(&[parameters.q(level)]) - RESCALED_MARGIN,
    };
    let counts = match special {
        Some(special) => special..=special,
        None => 1..=ring.p().len(),
    };
    let shapes = counts.filter_map(|special| {
        let digits = parameters.digits_below(level, log2(&ring.p()[..special]) + slack)?;
        let shape = KeyShape { level, special, digits };
        parameters.check_key(shape, parameters.literal().secret).is_ok().then_some(shape)
    });
    // one limb for each digit is always quiet with the default number of special primes
    let special = special.unwrap_or(parameters.literal().special);
    let fallback = KeyShape { level, special, digits: Digits::uniform(1).up_to(level) };
    shapes.min_by(|a, b| cost(*a).total_cmp(&cost(*b))).unwrap_or(fallback)
}

/// A whole switch, in transforms.
fn cost(shape: KeyShape) -> f64 {
    Cost::switch(shape, shape.level).equivalent_transforms()
}

fn log2(moduli: &[Modulus]) -> f64 {
    moduli.iter().map(|m| (m.value() as f64).log2()).sum()
}
