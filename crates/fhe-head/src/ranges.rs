//! Ranges of options. The error of a failed check names the option as the user writes it, its value and its range.

use std::fmt::Display;

use crate::error::{Error, Result};

/// Checks a number, if there is one: positive and finite.
///
/// # Errors
/// [`Error::Parameter`] outside the range, as for all checks of this module.
pub fn positive(name: &'static str, number: Option<f64>) -> Result<()> {
    require(name, number, |number| number.is_finite() && *number > 0.0, "a positive number")
}

/// Checks a number of iterations, if there is one: at least 1.
///
/// # Errors
/// [`Error::Parameter`].
pub fn max_iter(iterations: Option<usize>) -> Result<()> {
    require("max_iter", iterations, |&count| count > 0, "at least one iteration")
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

/// Checks the weight of the L2 penalty, if there is one: at least 0 and finite.
///
/// # Errors
/// [`Error::Parameter`].
pub fn alpha(alpha: Option<f64>) -> Result<()> {
    require("alpha", alpha, |alpha| alpha.is_finite() && *alpha >= 0.0, "a number of at least 0")
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
