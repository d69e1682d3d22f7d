//! How many iterations fit between two refreshes, and the level at which a training starts.

use ckks::Parameters;

use crate::engine::trace::RefreshContract;
use crate::error::{Error, Result};

/// Levels that iterations take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Depth {
    /// The first; less than later ones if it starts from zero parameters and so has no logits.
    pub first: usize,
    /// Every later one.
    pub later: usize,
}

impl Depth {
    /// That of a linear head whose residual takes `residual` levels off the logits: a level more for the logits and one
    /// for the gradient. From zero parameters, one for constants and one for the gradient.
    pub fn linear(residual: usize) -> Self {
        Self { first: 2, later: 2 + residual }
    }

    /// That of a training whose first iteration is like the others if it starts from given parameters.
    #[must_use]
    pub fn starting(self, warm: bool) -> Self {
        if warm { Self { first: self.later, ..self } } else { self }
    }

    /// Levels of a whole training without a refresh.
    pub fn of(self, iterations: usize) -> usize {
        self.first + iterations.saturating_sub(1) * self.later
    }

    /// Iterations that a number of levels allows without a refresh.
    pub fn iterations_in(self, levels: usize) -> usize {
        match levels.checked_sub(self.first) {
            Some(rest) => 1 + rest / self.later,
            None => 0,
        }
    }
}

/// What a schedule has to serve.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Demand {
    /// Iterations in all.
    pub iterations: usize,
    /// Levels of each.
    pub depth: Depth,
    /// Whether several vectors share a bootstrap, which takes a level before and one after it.
    pub merged: bool,
    /// Levels that scoring with the result takes, 0 if there is none; the result itself is refreshed where they would be missing.
    pub scoring: usize,
    /// Whether the state begins with the head of an earlier training, which has no levels left: it is refreshed first of all.
    pub continues: bool,
}

/// Where a training starts and where it is refreshed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schedule {
    /// Level at which the first iteration starts.
    pub entry_level: usize,
    /// Iterations before which the state is refreshed.
    pub refresh_before: Vec<usize>,
    /// Level at which a refreshed state goes on: what a bootstrap leaves beyond it would only make operations slower.
    pub refreshed_level: usize,
}

impl Schedule {
    /// Without a refresh.
    pub fn straight(entry_level: usize) -> Self {
        Self { entry_level, refresh_before: Vec::new(), refreshed_level: entry_level }
    }

    /// As few refreshes as possible; without any if the depth suffices.
    ///
    /// # Errors
    /// [`Error::NeedsBootstrapping`]; [`Error::Parameter`] if an iteration does not fit between two refreshes, or if there are none
    /// to continue an earlier training with.
    pub fn new(parameters: &Parameters, contract: Option<&RefreshContract>, demand: Demand) -> Result<Self> {
        let Demand { iterations, depth, merged, scoring, continues } = demand;
        let whole = depth.of(iterations);
        let Some(contract) = contract else {
            if continues {
                return Err(Error::Parameter {
                    name: "preset",
                    got: parameters.name().to_owned(),
                    expected: "one that bootstraps: an encrypted head has no levels left".into(),
                });
            }
            let levels = parameters.max_level();
            let whole = whole + scoring;
            if whole > levels {
                return Err(Error::NeedsBootstrapping {
                    preset: parameters.name().to_owned(),
                    iterations,
                    needed: whole,
                    levels,
                    fit: depth.iterations_in(levels.saturating_sub(scoring)),
                });
            }
            return Ok(Self::straight(whole));
        };
        // The primes below the bootstrap's input are SlotsToCoeffs' own, too small for the scale of a training: every
        // stretch, the last one too, stays above them.
        // scores leave the lowest prime clear: it is hardly larger than their scale
        let last = contract.level_before.max(if scoring > 0 { scoring + 1 } else { 0 });
        if !continues && last + whole <= contract.level_after {
            return Ok(Self::straight(last + whole));
        }
        let mask = usize::from(merged);
        let (bottom, top) = (contract.level_before + mask, contract.level_after - mask);
        if bottom + depth.later > top || bottom + depth.first > contract.level_after {
            return Err(Error::Parameter {
                name: "preset",
                got: parameters.name().to_owned(),
                expected: format!(
                    "one whose bootstrap leaves {} levels (this one leaves {}): an iteration takes {}{}",
                    bottom + depth.later + mask,
                    contract.level_after,
                    depth.later,
                    if merged { ", sharing a bootstrap two more" } else { "" }
                ),
            });
        }
        let stretch = (top - bottom) / depth.later;
        if continues {
            let mut refresh_before: Vec<usize> = (0..iterations).step_by(stretch).collect();
            if last > bottom {
                refresh_before.push(iterations);
            }
            let refreshed_level = (bottom + stretch.min(iterations) * depth.later).max(last).min(top);
            return Ok(Self { entry_level: bottom, refresh_before, refreshed_level });
        }
        let first = 1 + (contract.level_after - bottom - depth.first) / depth.later;
        let mut refresh_before: Vec<usize> = (first..iterations).step_by(stretch).collect();
        if last > bottom {
            refresh_before.push(iterations);
        }
        let entry_level = bottom + depth.of(first);
        // one that starts from given parameters may have to refresh those
        let start = if depth.first == depth.later { entry_level } else { 0 };
        let refreshed_level = (bottom + stretch * depth.later).max(last).max(start).min(top);
        Ok(Self { entry_level, refresh_before, refreshed_level })
    }
}
