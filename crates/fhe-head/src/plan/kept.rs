//! What is kept of a plan.

use ckks::{Pace, Parameters, Scale};
use serde::{Deserialize, Serialize};

use super::cost::{CostModel, Sizes, USUAL};
use super::levels::DataLevels;
use crate::engine::{Counts, KeyLevels, Operation};
use crate::error::Result;
use crate::heads::{BuiltIn, Head};
use crate::job::Job;
use crate::packing::Item;

/// A plan. Reading it from a file does not plan again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(bound = "H: Head")]
pub struct Plan<H: Head = BuiltIn> {
    /// Name of the parameter set.
    pub preset: String,
    /// The job, with packing, scales and refreshes chosen.
    pub job: Job<H>,
    /// Samples.
    pub samples: usize,
    /// Levels of the data.
    pub levels: DataLevels,
    /// Level of the trained weights.
    pub final_level: usize,
    /// Evaluation keys, each with the highest level at which it is used.
    pub keys: KeyLevels,
    /// Bytes of everything.
    pub sizes: Sizes,
    /// Operations of the whole training by level.
    pub counts: Counts,
    /// Operations of the last iteration by level. Every later iteration resembles it, the first does not.
    pub last_iteration: Counts,
}

impl<H: Head> Plan<H> {
    /// The same training, ended after this number of iterations: for the twins of a training that was stopped early. Sizes and counts stay
    /// those of the whole.
    ///
    /// # Errors
    /// [`crate::Error::Parameter`] for 0 iterations.
    pub fn until(&self, iterations: usize) -> Result<Self> {
        let mut spec = self.job.spec().clone();
        spec.learning_rates.truncate(iterations);
        spec.refresh_before.retain(|&t| t < iterations);
        Ok(Self { job: Job::new(spec)?, ..self.clone() })
    }

    /// Level and scale at which the data party encrypts a slot vector.
    pub fn encoding(&self, item: Item) -> (usize, Scale) {
        let spec = self.job.spec();
        let log_scale = match item {
            Item::Samples(_) => spec.data_scale,
            Item::Weights { .. } | Item::Targets { .. } => spec.row_scale,
        };
        (self.levels.of(item), Scale::power_of_two(log_scale))
    }

    /// Estimated seconds of the training on one core of a machine of this pace. `parameters` are those of the plan.
    ///
    /// # Errors
    /// [`crate::Error::Parameter`] if the parameters lack the plan's bootstrap.
    pub fn seconds(&self, parameters: &Parameters, pace: &Pace) -> Result<f64> {
        Ok(self.cost_model(parameters, pace)?.seconds(&self.counts))
    }

    /// Estimated seconds of the training on one core of a usual machine: for choices that shall be the same everywhere.
    ///
    /// # Errors
    /// Those of [`Self::seconds`].
    pub fn usual_seconds(&self, parameters: &Parameters) -> Result<f64> {
        self.seconds(parameters, &USUAL)
    }

    /// Estimated seconds of the last iteration on one core of a machine of this pace.
    ///
    /// # Errors
    /// Those of [`Self::seconds`].
    pub fn last_iteration_seconds(&self, parameters: &Parameters, pace: &Pace) -> Result<f64> {
        Ok(self.cost_model(parameters, pace)?.seconds(&self.last_iteration))
    }

    fn cost_model(&self, parameters: &Parameters, pace: &Pace) -> Result<CostModel> {
        CostModel::new(parameters, *pace).with_refresh(self.keys.refresh)
    }

    /// Number of bootstraps of the state, between iterations and at the end.
    pub fn state_bootstraps(&self) -> usize {
        let spec = self.job.spec();
        spec.refresh_before.len() * self.job.messages().len()
    }

    /// Number of bootstraps inside iterations, of the whole training.
    pub fn activation_bootstraps(&self) -> usize {
        self.counts.of(Operation::Refresh).saturating_sub(self.state_bootstraps())
    }
}
