//! The planner: from the shape of the data and the method to levels, keys, sizes and time, before anything is
//! encrypted.
//!
//! It runs the trainer itself on [`Trace`](crate::engine::trace::Trace), so that what it lists is what the trainer does: no second description of
//! the training can disagree with the first.

mod choice;
mod cost;
mod course;
mod dry_run;
mod planner;
mod request;
mod schedule;

pub use cost::{CostModel, Sizes as PlanSizes};
pub use course::Course;
pub use request::{Bootstraps, Pairs, Request};
pub use schedule::{Demand, Depth, Schedule};

use choice::Models;
use ckks::Parameters;
use planner::{Planner, candidates};
use serde::{Deserialize, Serialize};

use crate::engine::trace::{Counts, KeyLevels, Operation, RefreshContract};
use crate::error::{Error, Result};
use crate::head::{Head, Parameter};
use crate::heads::BuiltIn;
use crate::job::Job;

/// Levels at which ciphertexts are encrypted: exactly the highest level of their use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DataLevels {
    /// Targets of the rows.
    pub targets: usize,
    /// Samples.
    pub samples: usize,
    /// Row weights.
    pub weights: usize,
}

/// A plan.
#[derive(Clone, Debug)]
pub struct Plan<H: Head = BuiltIn> {
    /// The job that it is for, with packing, scales and refreshes chosen.
    pub job: Job<H>,
    /// Name of the parameter set.
    pub preset: String,
    /// Levels of the data.
    pub levels: DataLevels,
    /// Level at which the trained parameters come out.
    pub final_level: usize,
    /// Evaluation keys, each with the highest level of its use.
    pub keys: KeyLevels,
    /// Operations of the whole training by level.
    pub counts: Counts,
    /// Those of its last iteration, which every one but the first resembles.
    pub last_iteration: Counts,
    /// Bytes of everything.
    pub sizes: PlanSizes,
    /// Estimated seconds of the training on one core.
    pub seconds: f64,
    /// Estimated seconds of the last iteration on one core.
    pub last_iteration_seconds: f64,
}

impl<H: Head> Plan<H> {
    /// Plans a training on these parameters, with bootstrapping if there is a contract for it.
    ///
    /// # Errors
    /// [`Error::NeedsBootstrapping`] if the depth does not suffice; [`Error::Parameter`] on values out of range.
    pub fn new(
        parameters: &Parameters,
        contract: Option<&RefreshContract>,
        request: &Request<H>,
    ) -> Result<Self> {
        request.check()?;
        let candidates = candidates(parameters, request)?;
        if candidates.is_empty() {
            return Err(Error::Parameter {
                name: "features",
                got: request.features.to_string(),
                expected: format!("at most {} with {}", parameters.slots() - 1, parameters.name()),
            });
        }
        let planner = Planner { parameters, contract, request, models: &Models::default() };
        planner.plan(planner.cheapest(&candidates)?)
    }

    /// The same training ended early, after so many iterations: what its twins are where the data party stopped it.
    ///
    /// # Errors
    /// [`Error::Parameter`] on no iteration at all.
    pub fn until(&self, iterations: usize) -> Result<Self> {
        let mut spec = self.job.spec().clone();
        spec.learning_rates.truncate(iterations);
        spec.refresh_before.retain(|&t| t < iterations);
        Ok(Self { job: Job::new(spec)?, ..self.clone() })
    }

    /// The vectors that are trained.
    pub fn parameters(&self) -> Vec<Parameter> {
        self.job.head().parameters(self.job.packing())
    }

    /// How often an operation runs, over all levels.
    pub fn count(&self, operation: Operation) -> usize {
        count(&self.counts, operation)
    }

    /// Bootstraps of the state between iterations.
    pub fn state_bootstraps(&self) -> usize {
        let spec = self.job.spec();
        spec.refresh_before.len() * self.parameters().len().div_ceil(spec.merged_tiles)
    }

    /// Bootstraps inside iterations.
    pub fn activation_bootstraps(&self) -> usize {
        self.count(Operation::Refresh).saturating_sub(self.state_bootstraps())
    }

    /// Key switches that decompose anew: relinearisations, rotations and conjugations.
    pub fn key_switches(&self) -> usize {
        key_switches(&self.counts)
    }
}

/// How often an operation runs, over all levels.
pub fn count(counts: &Counts, operation: Operation) -> usize {
    counts.iter().filter(|((kind, _), _)| *kind == operation).map(|(_, times)| times).sum()
}

/// Key switches that decompose anew: relinearisations, rotations and conjugations.
pub fn key_switches(counts: &Counts) -> usize {
    use Operation::{Conjugate, Relinearise, Rotate};
    [Relinearise, Rotate, Conjugate].map(|kind| count(counts, kind)).iter().sum()
}
