//! How many iterations fit between two refreshes, and the levels that follow.

use ckks::Parameters;

use super::DataLevels;
use crate::engine::trace::RefreshContract;
use crate::error::{Error, Result};

/// Levels of the data and places of the refreshes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schedule {
    /// Levels of the data.
    pub levels: DataLevels,
    /// Iterations before which the state is refreshed.
    pub refresh_before: Vec<usize>,
}

/// The first iteration has no logits: one level for constants, one for the gradient.
const FIRST: usize = 2;

/// An iteration takes one level for the logits and one for the gradient beside the sigmoid's.
fn later(sigmoid_depth: usize) -> usize {
    2 + sigmoid_depth
}

/// Levels of a whole training without a refresh.
pub fn depth(iterations: usize, sigmoid_depth: usize) -> usize {
    FIRST + iterations.saturating_sub(1) * later(sigmoid_depth)
}

/// Iterations that a parameter set allows without bootstrapping.
pub fn iterations_that_fit(parameters: &Parameters, sigmoid_depth: usize) -> usize {
    match parameters.max_level().checked_sub(FIRST) {
        Some(rest) => 1 + rest / later(sigmoid_depth),
        None => 0,
    }
}

impl Schedule {
    /// As few refreshes as possible; without any if the depth suffices.
    ///
    /// # Errors
    /// [`Error::NeedsBootstrapping`]; [`Error::Parameter`] if an iteration does not fit between two refreshes.
    pub fn new(
        parameters: &Parameters,
        contract: Option<&RefreshContract>,
        iterations: usize,
        sigmoid_depth: usize,
    ) -> Result<Self> {
        let later = later(sigmoid_depth);
        let depth = depth(iterations, sigmoid_depth);
        let Some(contract) = contract else {
            if depth > parameters.max_level() {
                return Err(Error::NeedsBootstrapping {
                    preset: parameters.name().to_owned(),
                    iterations,
                    needed: depth,
                    levels: parameters.max_level(),
                    fit: iterations_that_fit(parameters, sigmoid_depth),
                });
            }
            return Ok(Self { levels: levels(depth, 0), refresh_before: Vec::new() });
        };
        let (before, after) = (contract.level_before, contract.level_after);
        // The primes below the bootstrap's input are SlotsToCoeffs' own, too small for the scale of a training: every
        // stretch, the last one too, stays above them.
        if before + depth <= after {
            return Ok(Self { levels: levels(before + depth, 0), refresh_before: Vec::new() });
        }
        if before + later > after || before + FIRST > after {
            return Err(Error::Parameter {
                name: "preset",
                got: parameters.name().to_owned(),
                expected: format!(
                    "one whose bootstrap leaves {} levels (this one leaves {}): an iteration takes {later}",
                    before + later,
                    after
                ),
            });
        }
        let mut refresh_before = Vec::new();
        let first = 1 + (after - before - FIRST) / later;
        let mut done = first;
        while done < iterations {
            refresh_before.push(done);
            done += (after - before) / later;
        }
        let top = FIRST + (first - 1) * later + before;
        Ok(Self { levels: levels(top, after), refresh_before })
    }
}

/// Data of a training that starts at `top` and continues from `refreshed`.
fn levels(top: usize, refreshed: usize) -> DataLevels {
    DataLevels {
        labels: top.max(refreshed),
        samples: (top - 1).max(refreshed),
        weights: (top - FIRST).max(refreshed),
    }
}
