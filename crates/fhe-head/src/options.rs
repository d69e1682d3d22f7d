//! Checks of the options that all heads have. Each refuses with the option's name as the user writes it, its value and its range.

use std::fmt::Display;

use crate::error::{Error, Result};
use crate::features::Preprocessing;
use crate::optimizer::{Optimizer, RateSchedule};

/// The feature map and how many of its directions are kept.
pub(crate) fn features(map: Option<Preprocessing>, n_components: Option<usize>) -> Result<()> {
    map.map(Preprocessing::check).transpose()?;
    Preprocessing::check_components(map, n_components)
}

/// The method and its steps.
pub(crate) fn method(
    optimizer: Option<Optimizer>,
    schedule: &RateSchedule,
    learning_rate: Option<f64>,
) -> Result<()> {
    optimizer.map(Optimizer::check).transpose()?;
    schedule.check()?;
    learning_rate.map_or(Ok(()), rate)
}

/// One learning rate.
pub(crate) fn rate(rate: f64) -> Result<()> {
    require("learning_rate", Some(rate), |rate| rate.is_finite() && *rate > 0.0, "a positive number")
}

/// Counts of iterations and of samples in a mini-batch.
pub(crate) fn counts(max_iter: Option<usize>, batch_size: Option<usize>) -> Result<()> {
    require("max_iter", max_iter, |&count| count > 0, "at least one iteration")?;
    require("batch_size", batch_size, |&count| count > 0, "at least one sample")
}

/// The half-width of the interval on which a polynomial stands for a function.
pub(crate) fn half_width(name: &'static str, width: Option<f64>) -> Result<()> {
    require(name, width, |width| (0.5..=100.0).contains(width), "a half-width between 0.5 and 100")
}

/// The weight of the L2 penalty.
pub(crate) fn alpha(alpha: f64) -> Result<()> {
    require("alpha", Some(alpha), |alpha| alpha.is_finite() && *alpha >= 0.0, "a number of at least 0")
}

/// What is given must be sound.
pub(crate) fn require<T: Display>(
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
