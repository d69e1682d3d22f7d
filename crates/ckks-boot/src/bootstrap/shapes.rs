//! The shapes of the bootstrap's keys: the cheapest that security and noise allow at each level.

use ckks::{Cost, Digits, KeyShape, Parameters};
use ckks_math::Modulus;

/// What happens to the noise of a key switch afterwards.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Noise {
    /// It stays. A digit must not exceed the special primes.
    Kept,
    /// It stays, and is summed over many automorphisms. It should not exceed a rounding.
    Quiet,
    /// A rescale divides it by the last prime. A digit may exceed the special primes by about that prime.
    Rescaled,
}

/// Bits by which a rescaled switch stays below the prime. The noise of one digit is about `2^8` times the ratio of
/// the digit to the special primes; the rounding covers five of these bits.
const RESCALED_MARGIN: f64 = 5.0;
/// Bits by which a digit may exceed the special primes, since primes are only near powers of two.
const KEPT_SLACK: f64 = 0.5;
/// The noise of a digit as large as the special primes is about `2^3` roundings.
const QUIET_MARGIN: f64 = 4.0;

/// The cheapest shape at `level` that is secure and quiet enough. `special` fixes its number of special primes.
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
    // With the default number of special primes, one limb per digit is always quiet.
    let special = special.unwrap_or(parameters.literal().special);
    let fallback = KeyShape { level, special, digits: Digits::uniform(1).up_to(level) };
    shapes.min_by(|a, b| cost(*a).total_cmp(&cost(*b))).unwrap_or(fallback)
}

/// The cost of a whole switch, in transforms.
fn cost(shape: KeyShape) -> f64 {
    Cost::switch(shape, shape.level).equivalent_transforms()
}

fn log2(moduli: &[Modulus]) -> f64 {
    moduli.iter().map(|m| (m.value() as f64).log2()).sum()
}
