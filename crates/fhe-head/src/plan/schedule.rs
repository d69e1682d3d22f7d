//! Schedules: the level at which a training starts, and the iterations between two refreshes.

use ckks::Parameters;

use super::course::Course;
use super::depth::Depth;
use crate::error::{Error, Result};
use crate::scheme::RefreshContract;

/// What a schedule must provide.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Demand {
    /// Number of iterations.
    pub(super) iterations: usize,
    /// Most iterations between two refreshes. A shorter stretch runs at lower levels, where operations are cheaper.
    pub(super) stretch: usize,
    /// Whether several vectors share a bootstrap, which takes one level before and one after it.
    pub(super) merged: bool,
    /// Levels for scoring with the result, 0 without scoring. The result is refreshed if it lacks them.
    pub(super) scoring: usize,
    /// Whether the training continues from an earlier encrypted head, which has no levels left and is refreshed first.
    pub(super) continues: bool,
    /// The lowest level whose modulus holds the result.
    pub(super) bottom: usize,
}

/// The level at which a training starts, and its refreshes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Schedule {
    /// Level at which the first iteration starts.
    pub(super) entry_level: usize,
    /// Iterations before which the state is refreshed.
    pub(super) refresh_before: Vec<usize>,
    /// Lowest level of the state, before a refresh and at the end.
    pub(super) last_level: usize,
    /// Level to which a refreshed state is lowered. More would only make operations slower.
    pub(super) refreshed_level: usize,
}

impl Schedule {
    /// The schedule without a refresh, from this level.
    pub(super) fn straight(entry_level: usize) -> Self {
        Self { entry_level, refresh_before: Vec::new(), last_level: 0, refreshed_level: entry_level }
    }

    /// The schedule for a parameter set without a bootstrap.
    ///
    /// # Errors
    /// [`Error::NeedsBootstrapping`] if the levels do not suffice; [`Error::Parameter`] if the training continues from an earlier head,
    /// which needs a bootstrap.
    pub(super) fn leveled(parameters: &Parameters, depth: Depth, demand: Demand) -> Result<Self> {
        let Demand { iterations, scoring, continues, bottom, .. } = demand;
        if continues {
            return Err(Error::Parameter {
                name: "preset",
                got: parameters.name().to_owned(),
                expected: "one that bootstraps: an encrypted head has no levels left".into(),
            });
        }
        let (levels, whole) = (parameters.max_level(), depth.of(iterations) + scoring + bottom);
        if whole > levels {
            return Err(Error::NeedsBootstrapping {
                preset: parameters.name().to_owned(),
                iterations,
                needed: whole,
                levels,
                fit: depth.iterations_in(levels.saturating_sub(scoring + bottom)),
            });
        }
        Ok(Self { last_level: bottom, ..Self::straight(whole) })
    }

    /// The schedule with the fewest refreshes of the state: without any if the levels suffice.
    ///
    /// # Errors
    /// [`Error::Parameter`] if an iteration does not fit between two refreshes.
    pub(super) fn bootstrapped(
        parameters: &Parameters,
        contract: &RefreshContract,
        course: &Course,
        demand: Demand,
    ) -> Result<Self> {
        let Demand { iterations, stretch, merged, scoring, continues, bottom: _ } = demand;
        // The primes below the bootstrap's input belong to SlotsToCoeffs and are too small for the scale of a training: every
        // stretch, the last one too, stays above them. Scores stay above the lowest prime, which is hardly larger than their
        // scale.
        let last = contract.level_before.max(if scoring > 0 { scoring + 1 } else { 0 });
        let whole = course.all().lowest(iterations, last, contract.level_after);
        if !continues
            && iterations <= stretch
            && let Some(entry_level) = whole
        {
            return Ok(Self { last_level: last, ..Self::straight(entry_level) });
        }
        let mask = usize::from(merged);
        let (bottom, top) = (contract.level_before + mask, contract.level_after.saturating_sub(mask));
        let (start, later) = (course.all(), course.later());
        let first = start.iterations(contract.level_after, bottom, iterations).min(stretch);
        let stretch = later.iterations(top, bottom, iterations).min(stretch);
        if stretch == 0 || first == 0 {
            return Err(Error::Parameter {
                name: "preset",
                got: parameters.name().to_owned(),
                expected: format!(
                    "one whose bootstrap leaves {} levels (this one leaves {}): an iteration takes {}{}",
                    bottom + course.levels() + mask,
                    contract.level_after,
                    course.levels(),
                    if merged { ", sharing a bootstrap two more" } else { "" }
                ),
            });
        }
        let lowest = |count| later.lowest(count, bottom, top).unwrap_or(top);
        if continues {
            let mut refresh_before: Vec<usize> = (0..iterations).step_by(stretch).collect();
            if last > bottom {
                refresh_before.push(iterations);
            }
            let refreshed_level = lowest(stretch.min(iterations)).max(last).min(top);
            return Ok(Self { entry_level: bottom, refresh_before, last_level: bottom, refreshed_level });
        }
        let mut refresh_before: Vec<usize> = (first..iterations).step_by(stretch).collect();
        if last > bottom {
            refresh_before.push(iterations);
        }
        let entry_level = start.lowest(first, bottom, contract.level_after).unwrap_or(contract.level_after);
        // a training that starts from given weights may have to refresh those
        let given = if course.starts_warm() { entry_level } else { 0 };
        let refreshed_level = lowest(stretch).max(last).max(given).min(top);
        Ok(Self { entry_level, refresh_before, last_level: bottom, refreshed_level })
    }
}
