//! How many iterations fit between two refreshes, and the level at which a training starts.

use ckks::Parameters;

use super::course::Course;
use super::depth::Depth;
use crate::error::{Error, Result};
use crate::scheme::RefreshContract;

/// What a schedule has to serve.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Demand {
    /// Iterations in all.
    pub(super) iterations: usize,
    /// Most iterations between two refreshes: fewer of them run at lower levels, where operations are cheaper.
    pub(super) stretch: usize,
    /// Whether several vectors share a bootstrap, which takes a level before and one after it.
    pub(super) merged: bool,
    /// Levels that scoring with the result takes, 0 if there is none; the result itself is refreshed where they would be missing.
    pub(super) scoring: usize,
    /// Whether the state begins with the head of an earlier training, which has no levels left: it is refreshed first of all.
    pub(super) continues: bool,
}

/// Where a training starts and where it is refreshed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Schedule {
    /// Level at which the first iteration starts.
    pub(super) entry_level: usize,
    /// Iterations before which the state is refreshed.
    pub(super) refresh_before: Vec<usize>,
    /// Level that the state has left at least, before a refresh and at the end.
    pub(super) last_level: usize,
    /// Level at which a refreshed state goes on: what a bootstrap leaves beyond it would only make operations slower.
    pub(super) refreshed_level: usize,
}

impl Schedule {
    /// Without a refresh.
    pub(super) fn straight(entry_level: usize) -> Self {
        Self { entry_level, refresh_before: Vec::new(), last_level: 0, refreshed_level: entry_level }
    }

    /// Of a parameter set that does not bootstrap.
    ///
    /// # Errors
    /// [`Error::NeedsBootstrapping`] if the depth does not suffice; [`Error::Parameter`] if there is no bootstrap to continue an earlier
    /// training with.
    pub(super) fn leveled(parameters: &Parameters, depth: Depth, demand: Demand) -> Result<Self> {
        let Demand { iterations, scoring, continues, .. } = demand;
        if continues {
            return Err(Error::Parameter {
                name: "preset",
                got: parameters.name().to_owned(),
                expected: "one that bootstraps: an encrypted head has no levels left".into(),
            });
        }
        let (levels, whole) = (parameters.max_level(), depth.of(iterations) + scoring);
        if whole > levels {
            return Err(Error::NeedsBootstrapping {
                preset: parameters.name().to_owned(),
                iterations,
                needed: whole,
                levels,
                fit: depth.iterations_in(levels.saturating_sub(scoring)),
            });
        }
        Ok(Self::straight(whole))
    }

    /// With as few refreshes of the state as possible; without any if the levels suffice.
    ///
    /// # Errors
    /// [`Error::Parameter`] if an iteration does not fit between two refreshes.
    pub(super) fn bootstrapped(
        parameters: &Parameters,
        contract: &RefreshContract,
        course: &Course,
        demand: Demand,
    ) -> Result<Self> {
        let Demand { iterations, stretch, merged, scoring, continues } = demand;
        // The primes below the bootstrap's input are SlotsToCoeffs' own, too small for the scale of a training: every
        // stretch, the last one too, stays above them.
        // scores leave the lowest prime clear: it is hardly larger than their scale
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
        // one that starts from given parameters may have to refresh those
        let given = if course.starts_warm() { entry_level } else { 0 };
        let refreshed_level = lowest(stretch).max(last).max(given).min(top);
        Ok(Self { entry_level, refresh_before, last_level: bottom, refreshed_level })
    }
}
