//! Ranges of options. The error of a failed check names the option as the user writes it, its value and its range.

use std::fmt::Display;

use crate::error::{Error, Result};

/// The most outputs of a head. Each is a ciphertext of its own in every block.
pub const MOST_OUTPUTS: usize = 1 << 12;
/// The most iterations of a training.
pub const MOST_ITERATIONS: usize = 1 << 16;
/// The highest level that a job may name, in a plan that only measures depth. What is read must lie within its parameter set
/// ([`crate::Job::expect_within`]).
pub const MOST_LEVEL: usize = 1 << 20;

/// Checks a number, if there is one: positive and finite.
///
/// # Errors
/// [`Error::Parameter`] outside the range, as for all checks of this module.
pub fn positive(name: &'static str, number: Option<f64>) -> Result<()> {
    require(name, number, |number| number.is_finite() && *number > 0.0, "a positive number")
}

/// Checks a learning rate, if there is one: from 1e-12, where a step is lost in the noise, to 1e6, where none stays in an interval.
///
/// # Errors
/// [`Error::Parameter`].
pub fn learning_rate(rate: Option<f64>) -> Result<()> {
    require("learning_rate", rate, |rate| (1e-12..=1e6).contains(rate), "a number between 1e-12 and 1e6")
}

/// Checks a number of iterations, if there is one: 1 to [`MOST_ITERATIONS`].
///
/// # Errors
/// [`Error::Parameter`].
pub fn max_iter(iterations: Option<usize>) -> Result<()> {
    let expected = format!("between 1 and {MOST_ITERATIONS} iterations");
    require("max_iter", iterations, |count| (1..=MOST_ITERATIONS).contains(count), &expected)
}

/// Checks a number of outputs, classes, labels or steps: `least` to [`MOST_OUTPUTS`].
///
/// # Errors
/// [`Error::Parameter`].
pub fn outputs(name: &'static str, count: usize, least: usize) -> Result<()> {
    let expected = format!("between {least} and {MOST_OUTPUTS}");
    require(name, Some(count), |count| (least..=MOST_OUTPUTS).contains(count), &expected)
}

/// Checks a number of samples: 1 to 2^40, more than blocks hold.
///
/// # Errors
/// [`Error::Parameter`].
pub fn samples(count: usize) -> Result<()> {
    require("samples", Some(count), |count| (1..=1 << 40).contains(count), "between 1 and 2^40")
}

/// Checks a number of features: at most 2^16, all slots of the largest ring twice over.
///
/// # Errors
/// [`Error::Parameter`].
pub fn features(name: &'static str, count: usize) -> Result<()> {
    require(name, Some(count), |count| *count <= 1 << 16, "at most 65536")
}

/// Checks a level against the highest that there is.
///
/// # Errors
/// [`Error::Parameter`].
pub fn level(name: &'static str, level: usize, most: usize) -> Result<()> {
    require(name, Some(level), |level| *level <= most, &format!("a level of at most {most}"))
}

/// Checks the size of a mini-batch, if there is one: at least 1.
///
/// # Errors
/// [`Error::Parameter`].
pub fn batch_size(samples: Option<usize>) -> Result<()> {
    require("batch_size", samples, |&count| count > 0, "at least one sample")
}

/// Checks the half-width, if there is one, of the interval on which a polynomial approximates a function: 0.5 to 100.
///
/// # Errors
/// [`Error::Parameter`].
pub fn half_width(name: &'static str, width: Option<f64>) -> Result<()> {
    require(name, width, |width| (0.5..=100.0).contains(width), "a half-width between 0.5 and 100")
}

/// Checks the weight of the L2 penalty, if there is one: 0 to 1e6.
///
/// # Errors
/// [`Error::Parameter`].
pub fn alpha(alpha: Option<f64>) -> Result<()> {
    require("alpha", alpha, |alpha| (0.0..=1e6).contains(alpha), "a number between 0 and 1e6")
}

/// Checks the number of units of a hidden layer: a power of two from 8 to 128.
///
/// # Errors
/// [`Error::Parameter`].
pub fn hidden_units(units: usize) -> Result<()> {
    let sound = |units: &usize| units.is_power_of_two() && (8..=128).contains(units);
    require("hidden_layer_sizes", Some(units), sound, "8, 16, 32, 64 or 128 units")
}

/// Checks that a value, if there is one, is `sound`. `expected` describes the range.
///
/// # Errors
/// [`Error::Parameter`].
pub fn require<T: Display>(
    name: &'static str,
    given: Option<T>,
    sound: impl Fn(&T) -> bool,
    expected: &str,
) -> Result<()> {
    match given {
        Some(value) if !sound(&value) => {
            Err(Error::Parameter { name, got: value.to_string(), expected: expected.into() })
        }
        _ => Ok(()),
    }
}
