//! The shapes of the bootstrap's keys: as many special primes and as few digits as security and noise leave at each level.

use ckks::{KeyShape, Parameters};
use ckks_math::Modulus;

/// What happens to the noise of a key switch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Noise {
    /// It stays: a digit may not exceed the special primes.
    Kept,
    /// A rescale divides it by the last prime: a digit may exceed them by about that much.
    Rescaled,
}

/// Bits that a rescaled switch keeps clear of the prime: the noise of one digit is about `2^8` times the ratio of digit and
/// special primes, and five bits of it are lost in the rounding.
const RESCALED_MARGIN: f64 = 5.0;
/// A digit may come out a little larger than the special primes meant for it, since primes are only near powers of two.
const KEPT_SLACK: f64 = 0.5;

/// The cheapest shape at `level` that is secure and quiet enough; with exactly `special` special primes if given.
pub(crate) fn shape(parameters: &Parameters, level: usize, noise: Noise, special: Option<usize>) -> KeyShape {
    let ring = parameters.ring();
    let slack = match noise {
        Noise::Kept => KEPT_SLACK,
        Noise::Rescaled => log2(&[parameters.q(level)]) - RESCALED_MARGIN,
    };
    let counts = match special {
        Some(special) => special..=special,
        None => 1..=ring.p().len(),
    };
    let shapes = counts
        .flat_map(|special| (1..=level + 1).map(move |digit_limbs| KeyShape { level, special, digit_limbs }));
    let fits = shapes.filter(|shape| {
        let room = log2(&ring.p()[..shape.special]) + slack;
        let quiet = ring.q()[..=level].chunks(shape.digit_limbs).all(|digit| log2(digit) <= room);
        quiet && parameters.check_key(*shape, parameters.literal().secret).is_ok()
    });
    // one limb for each digit is always quiet with the default number of special primes
    let fallback = KeyShape { level, special: parameters.literal().special, digit_limbs: 1 };
    fits.min_by(|a, b| cost(*a).total_cmp(&cost(*b))).unwrap_or(fallback)
}

/// Transforms of a switch, and its products with the key at their share of a transform's time.
pub(crate) fn cost(shape: KeyShape) -> f64 {
    let (limbs, digits) = (shape.basis().limbs() as f64, shape.digits() as f64);
    limbs * (digits + 2.0) + 0.35 * limbs * digits
}

fn log2(moduli: &[Modulus]) -> f64 {
    moduli.iter().map(|m| (m.value() as f64).log2()).sum()
}
