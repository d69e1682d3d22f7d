//! Ranges of options. Each check refuses with the option's name as the user writes it, its value and its range.

use std::fmt::Display;

use crate::error::{Error, Result};

/// A learning rate: positive.
///
/// # Errors
/// [`Error::Parameter`] outside its range, as all checks of this module.
pub fn learning_rate(rate: f64) -> Result<()> {
    require("learning_rate", Some(rate), |rate| rate.is_finite() && *rate > 0.0, "a positive number")
}

/// A number of iterations: at least one.
///
/// # Errors
/// [`Error::Parameter`].
pub fn max_iter(iterations: Option<usize>) -> Result<()> {
    require("max_iter", iterations, |&count| count > 0, "at least one iteration")
}

/// The half-width of the interval on which a polynomial stands for a function: 0.5 to 100.
///
/// # Errors
/// [`Error::Parameter`].
pub fn half_width(name: &'static str, width: Option<f64>) -> Result<()> {
    require(name, width, |width| (0.5..=100.0).contains(width), "a half-width between 0.5 and 100")
}

/// The weight of the L2 penalty: at least 0.
///
/// # Errors
/// [`Error::Parameter`].
pub fn alpha(alpha: f64) -> Result<()> {
    require("alpha", Some(alpha), |alpha| alpha.is_finite() && *alpha >= 0.0, "a number of at least 0")
}

/// Units of a hidden layer: a power of two from 8 to 128.
///
/// # Errors
/// [`Error::Parameter`].
pub fn hidden_units(units: usize) -> Result<()> {
    let sound = |units: &usize| units.is_power_of_two() && (8..=128).contains(units);
    require("hidden_layer_sizes", Some(units), sound, "8, 16, 32, 64 or 128 units")
}

/// A value that is given must be `sound`.
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
