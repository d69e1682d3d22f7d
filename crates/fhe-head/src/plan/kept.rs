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
use crate::ranges;
use crate::scheme::RefreshedMessage;

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
    /// Refuses a plan that asks for slots, levels or keys that its parameter set does not have, which a changed file may name.
    ///
    /// # Errors
    /// [`crate::Error::Parameter`].
    pub fn expect_within(&self, parameters: &Parameters) -> Result<()> {
        self.job.expect_within(parameters)?;
        let DataLevels { targets, samples, weights } = self.levels;
        let keys = &self.keys;
        let of_keys = keys.rotations.values().chain(&keys.relinearisation).chain(&keys.conjugation);
        let most = parameters.max_level();
        let of_counts = self.counts.iter().chain(self.last_iteration.iter()).map(|count| count.level);
        let levels = [targets, samples, weights, self.final_level].into_iter().chain(of_keys.copied());
        let mut levels = levels.chain(of_counts);
        levels.try_for_each(|level| ranges::level("level", level, most))?;
        let slots = parameters.slots();
        let steps = keys.rotations.last_key_value().map(|(&step, _)| step);
        ranges::require("rotation", steps, |&step| step < slots, "less than the slots")?;
        let message = |refresh: Option<RefreshedMessage>| refresh.map_or(0, |message| message.log_period);
        let planned = message(self.job.refreshed_message());
        let kept = Some(message(keys.refresh));
        ranges::require("refresh", kept, |&kept| kept == planned, "the message of the job")
    }

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
