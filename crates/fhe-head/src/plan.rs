//! The planner: from the shape of the data and the method to levels, keys, sizes and time, before anything is
//! encrypted.
//!
//! It runs the trainer itself on [`Trace`], so that what it lists is what the trainer does: no second description of
//! the training can disagree with the first.

mod cost;
mod schedule;

pub use cost::{CostModel, Sizes as PlanSizes};
pub use schedule::{Schedule, depth, iterations_that_fit};

use ckks::{Parameters, Scale};
use serde::{Deserialize, Serialize};

use crate::engine::trace::{Counts, KeyLevels, Meta, Operation, Record, RefreshContract, Trace};
use crate::engine::{Engine, Rows};
use crate::error::{Error, Result};
use crate::job::{Job, JobSpec};
use crate::optimizer::Optimizer;
use crate::packing::{Packing, Sizes};
use crate::refresh::RefreshedState;
use crate::sigmoid::Sigmoid;
use crate::trainer::{Block, State, Trainer};

/// What to train on what. The same request gives the same plan, so that this is what a data party keeps of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Request {
    /// Samples.
    pub samples: usize,
    /// Features, without the constant one.
    pub features: usize,
    /// The approximation of the logistic function.
    pub sigmoid: Sigmoid,
    /// The method.
    pub optimizer: Optimizer,
    /// Learning rate of each iteration.
    pub learning_rates: Vec<f64>,
    /// Weight of the L2 penalty.
    pub alpha: f64,
    /// Largest absolute value that the state (weights and momentum, over the sigmoid's half-width) takes, by rehearsal; 1 if
    /// nothing is known. A small state travels at a large scale, which keeps the bootstrap's relative error small.
    pub largest_state: f64,
}

/// Levels at which ciphertexts are encrypted: exactly the highest level of their use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DataLevels {
    /// Labels, which the first iteration uses first of all.
    pub labels: usize,
    /// Samples.
    pub samples: usize,
    /// Row weights.
    pub weights: usize,
}

/// A plan.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The job that it is for, with packing, scales and refreshes chosen.
    pub job: Job,
    /// Name of the parameter set.
    pub preset: String,
    /// Levels of the data.
    pub levels: DataLevels,
    /// Level at which the trained weights come out.
    pub final_level: usize,
    /// Evaluation keys, each with the highest level of its use.
    pub keys: KeyLevels,
    /// Operations of the whole training by level.
    pub counts: Counts,
    /// Bytes of everything.
    pub sizes: PlanSizes,
    /// Estimated seconds of the training on one core.
    pub seconds: f64,
}

impl Plan {
    /// Plans a training on these parameters, with bootstrapping if there is a contract for it.
    ///
    /// # Errors
    /// [`Error::NeedsBootstrapping`] if the depth does not suffice; [`Error::Parameter`] on values out of range.
    pub fn new(
        parameters: &Parameters,
        contract: Option<&RefreshContract>,
        request: &Request,
    ) -> Result<Self> {
        let schedule =
            Schedule::new(parameters, contract, request.learning_rates.len(), request.sigmoid.depth())?;
        let model = CostModel::new(parameters);
        let mut best: Option<(f64, Packing)> = None;
        for packing in candidates(parameters.slots(), request.samples, request.features)? {
            // two iterations show the proportions of a whole training
            let shortened = Request {
                learning_rates: request.learning_rates.iter().copied().take(2).collect(),
                ..request.clone()
            };
            let first = Schedule { refresh_before: Vec::new(), ..schedule.clone() };
            let job = job(parameters, contract, &shortened, packing, &first)?;
            let seconds = model.seconds(&dry_run(parameters, contract, &job, schedule.levels)?.0.counts);
            if best.is_none_or(|(known, _)| seconds < known) {
                best = Some((seconds, packing));
            }
        }
        let Some((_, packing)) = best else {
            return Err(Error::Parameter {
                name: "features",
                got: request.features.to_string(),
                expected: format!("at most {} with {}", parameters.slots() - 1, parameters.name()),
            });
        };
        Self::with_packing(parameters, contract, request, packing, &schedule)
    }

    fn with_packing(
        parameters: &Parameters,
        contract: Option<&RefreshContract>,
        request: &Request,
        packing: Packing,
        schedule: &Schedule,
    ) -> Result<Self> {
        let job = job(parameters, contract, request, packing, schedule)?;
        let (mut record, final_level) = dry_run(parameters, contract, &job, schedule.levels)?;
        record.keys.refresh = RefreshedState::of_job(&job);
        let sizes = PlanSizes::new(parameters, &packing, schedule.levels, &record.keys)?;
        let seconds = CostModel::new(parameters).seconds(&record.counts);
        Ok(Self {
            job,
            preset: parameters.name().to_owned(),
            levels: schedule.levels,
            final_level,
            keys: record.keys,
            counts: record.counts,
            sizes,
            seconds,
        })
    }

    /// How often an operation runs, over all levels.
    pub fn count(&self, operation: Operation) -> usize {
        self.counts.iter().filter(|((kind, _), _)| *kind == operation).map(|(_, times)| times).sum()
    }

    /// Key switches that decompose anew: relinearisations and rotations.
    pub fn key_switches(&self) -> usize {
        self.count(Operation::Relinearise) + self.count(Operation::Rotate)
    }
}

/// Every packing that holds the data: columns and baby steps are free.
fn candidates(slots: usize, samples: usize, features: usize) -> Result<Vec<Packing>> {
    let padded = (features + 1).next_power_of_two();
    let powers =
        |limit: usize| std::iter::successors(Some(1usize), |k| Some(2 * k)).take_while(move |&k| k <= limit);
    let mut packings = Vec::new();
    if samples == 0 {
        return Err(Error::Data("there are no samples".into()));
    }
    for columns in powers(padded.min(slots)) {
        for baby_steps in powers(padded / columns) {
            let blocks = samples.div_ceil(slots / columns);
            if padded <= slots {
                packings.push(Packing::new(Sizes { slots, features: padded, columns, baby_steps, blocks })?);
            }
        }
    }
    Ok(packings)
}

/// Spare bits of the lowest modulus: weights in units of the sigmoid's half-width stay below 8.
const WEIGHT_HEADROOM: i32 = 3;
/// Bits that weights and residuals gain and samples give up where weights are bootstrapped, whose scale is given.
const SAMPLE_LOSS: i32 = 4;

/// Bits by which a state known to be small may exceed the bootstrap's unit scale, one kept clear.
fn state_gain(request: &Request) -> i32 {
    (-request.largest_state.max(f64::MIN_POSITIVE).log2().ceil() - 1.0).clamp(0.0, MOST_STATE_GAIN) as i32
}

/// More would push residuals, carried at a scale above the state's, against the modulus.
const MOST_STATE_GAIN: f64 = 8.0;

fn job(
    parameters: &Parameters,
    contract: Option<&RefreshContract>,
    request: &Request,
    packing: Packing,
    schedule: &Schedule,
) -> Result<Job> {
    let default = parameters.default_scale().log2().round() as i32;
    // Residuals are about learning_rate / (B n), far below 1. Encrypting samples at a smaller scale than the primes
    // raises the scale of residuals, and of the weights as far as the lowest modulus allows; see docs of `trainer`.
    let room = parameters.log_q(0).floor() as i32 - 1 - WEIGHT_HEADROOM - default;
    let (state_scale, loss) = match contract {
        Some(contract) => (contract.unit_scale.log2().round() as i32 + state_gain(request), SAMPLE_LOSS),
        None => (default + room.max(0), room.max(0)),
    };
    Job::new(JobSpec {
        packing,
        sigmoid: request.sigmoid.clone(),
        optimizer: request.optimizer,
        learning_rates: request.learning_rates.clone(),
        alpha: request.alpha,
        refresh_before: schedule.refresh_before.clone(),
        state_scale,
        data_scale: default - loss,
        row_scale: default,
    })
}

/// Runs the job without values: what it does, and the level at which the weights come out.
fn dry_run(
    parameters: &Parameters,
    contract: Option<&RefreshContract>,
    job: &Job,
    levels: DataLevels,
) -> Result<(Record, usize)> {
    let trace = Trace::new(parameters, contract.cloned());
    let value = |level, scale| Meta { level, scale: Scale::power_of_two(scale) };
    let spec = job.spec();
    let block = Block {
        samples: vec![value(levels.samples, spec.data_scale); job.packing().diagonals()],
        rows: Rows {
            weight: value(levels.weights, spec.row_scale),
            label: value(levels.labels, spec.row_scale),
        },
    };
    let blocks = vec![block; job.packing().blocks()];
    let state = Trainer::new(&trace, job, &blocks)?.run(State::default(), |_| Ok(()))?;
    let level = state.weights.as_ref().map_or(0, |weights| trace.level(weights));
    Ok((trace.record(), level))
}
