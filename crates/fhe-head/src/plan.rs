//! The planner: from the shape of the data and the method to levels, keys, sizes and time, before anything is
//! encrypted.
//!
//! It runs the trainer itself on [`Trace`], so that what it lists is what the trainer does: no second description of
//! the training can disagree with the first.

mod cost;
mod schedule;

pub use cost::{CostModel, Sizes as PlanSizes};
pub use schedule::{Demand, Depth, Schedule};

use ckks::{Parameters, Scale};
use ndarray::Array1;
use serde::{Deserialize, Serialize};

use crate::engine::Rows;
use crate::engine::trace::{Counts, KeyLevels, Meta, Operation, Record, RefreshContract, Source, Trace};
use crate::error::{Error, Result};
use crate::head::{Head, Parameter};
use crate::heads::BuiltIn;
use crate::job::{Job, JobSpec};
use crate::optimizer::Optimizer;
use crate::packing::{Packing, Sizes};
use crate::refresh::RefreshedState;
use crate::samples::padded_features;
use crate::trainer::{Block, State, Trainer};

/// Whether two samples share a slot ([`Packing::is_complex`]).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Pairs {
    /// No. What requests say that were written before there was a choice.
    #[default]
    Never,
    /// Yes.
    Always,
    /// Where that costs less, and the head allows it.
    Auto,
}

/// What to train on what. The same request gives the same plan, so that this is what a data party keeps of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(bound = "H: Head")]
pub struct Request<H: Head = BuiltIn> {
    /// Samples.
    pub samples: usize,
    /// Features, without the constant one.
    pub features: usize,
    /// What is trained.
    pub head: H,
    /// The method.
    pub optimizer: Optimizer,
    /// Learning rate of each iteration.
    pub learning_rates: Vec<f64>,
    /// Weight of the L2 penalty.
    pub alpha: f64,
    /// Mini-batches that the samples are dealt into; 1 for full batches.
    pub batches: usize,
    /// Whether two samples share a slot.
    #[serde(default)]
    pub pairs: Pairs,
    /// Whether the training starts from given parameters instead of zero.
    pub warm_start: bool,
    /// Whether the training goes on from the encrypted head of an earlier one ([`crate::server::warm_start`]): a bootstrap before the
    /// first iteration gives it levels.
    #[serde(default)]
    pub continues: bool,
    /// Whether the compute party is to score encrypted samples with the encrypted head: levels are left for that.
    pub scoring: bool,
    /// Largest absolute value that the state (parameters and momenta, over their units) takes, by rehearsal; 1 if
    /// nothing is known. A small state travels at a large scale, which keeps the bootstrap's relative error small.
    pub largest_state: f64,
}

impl<H: Head> Request<H> {
    /// Full-batch gradient descent from zero, one rate for each iteration, without a penalty.
    pub fn new(head: H, samples: usize, features: usize, learning_rates: Vec<f64>) -> Self {
        Self {
            samples,
            features,
            head,
            optimizer: Optimizer::GradientDescent,
            learning_rates,
            alpha: 0.0,
            batches: 1,
            pairs: Pairs::Auto,
            warm_start: false,
            continues: false,
            scoring: false,
            largest_state: 1.0,
        }
    }

    /// The random parameters that the training starts from, one period of each, for a head that cannot start from zero.
    pub fn initial(&self, random_state: u64) -> Option<Vec<Array1<f64>>> {
        let initial = self.head.initial(padded_features(self.features), random_state)?;
        Some(initial.into_iter().map(Array1::from_vec).collect())
    }

    /// Whether the state begins with given parameters.
    fn starts_warm(&self) -> bool {
        self.warm_start || self.continues || self.initial(0).is_some()
    }

    /// What [`Packing::is_complex`] may be.
    fn complex(&self) -> &'static [bool] {
        match self.pairs {
            Pairs::Never => &[false],
            Pairs::Always => &[true],
            Pairs::Auto if self.head.pairs_samples() => &[false, true],
            Pairs::Auto => &[false],
        }
    }

    fn check(&self) -> Result<()> {
        self.head.check()?;
        if self.samples == 0 {
            return Err(Error::Data("there are no samples".into()));
        }
        if self.pairs == Pairs::Always && !self.head.pairs_samples() {
            return Err(Error::Parameter {
                name: "pairs",
                got: "always".into(),
                expected: "never or auto: the head does not take two samples a slot".into(),
            });
        }
        if self.batches == 0 || self.batches > self.samples {
            return Err(Error::Parameter {
                name: "batches",
                got: self.batches.to_string(),
                expected: format!("between 1 and the number of samples, {}", self.samples),
            });
        }
        Ok(())
    }
}

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
        let Some(&first) = candidates.first() else {
            return Err(Error::Parameter {
                name: "features",
                got: request.features.to_string(),
                expected: format!("at most {} with {}", parameters.slots() - 1, parameters.name()),
            });
        };
        let planner = Planner { parameters, contract, request };
        let depth = planner.depth(&first)?;
        let scoring = if request.scoring { planner.score_depth(&first)? } else { 0 };
        let (schedule, tiles) = planner.schedule(&first, depth, scoring)?;
        // two iterations show the proportions of a whole training
        let shortened = Request {
            learning_rates: request.learning_rates.iter().copied().take(2).collect(),
            ..request.clone()
        };
        let short = Planner { parameters, contract, request: &shortened };
        let mut beginning = schedule.clone();
        beginning.refresh_before.retain(|&t| t < shortened.learning_rates.len());
        let model = CostModel::new(parameters);
        let mut best: Option<(f64, Packing)> = None;
        for packing in candidates {
            let job = short.job(packing, &beginning, tiles)?;
            let favour = if packing.is_complex() { PAIRS_SAVE } else { 1.0 };
            let seconds = favour * model.seconds(&short.dry_run(&job)?.record.counts);
            if best.is_none_or(|(known, _)| seconds < known) {
                best = Some((seconds, packing));
            }
        }
        let packing = best.map_or(first, |(_, packing)| packing);
        planner.plan(&planner.job(packing, &schedule, tiles)?)
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

/// Every packing that holds the data and suits the head: columns and baby steps are free, pairs as the request says.
fn candidates<H: Head>(parameters: &Parameters, request: &Request<H>) -> Result<Vec<Packing>> {
    let slots = parameters.slots();
    let padded = padded_features(request.features);
    let powers =
        |limit: usize| std::iter::successors(Some(1usize), |k| Some(2 * k)).take_while(move |&k| k <= limit);
    let mut packings = Vec::new();
    if padded > slots {
        return Ok(packings);
    }
    let batches = request.batches;
    for &complex in request.complex() {
        for columns in powers(padded) {
            for baby_steps in powers(padded / columns) {
                let sizes =
                    Sizes { slots, features: padded, columns, baby_steps, blocks: batches, batches, complex };
                let blocks = request.samples.div_ceil(batches).div_ceil(Packing::new(sizes)?.block_samples());
                let packing = Packing::new(Sizes { blocks: batches * blocks, ..sizes })?;
                if request.head.accepts(&packing) {
                    packings.push(packing);
                }
            }
        }
    }
    Ok(packings)
}

/// Spare bits of the lowest modulus: parameters in their units stay below 8.
const WEIGHT_HEADROOM: i32 = 3;
/// Bits that parameters and residuals gain and samples give up where parameters are bootstrapped, whose scale is given.
const SAMPLE_LOSS: i32 = 4;
/// More would push residuals, carried at a scale above the state's, against the modulus.
const MOST_STATE_GAIN: f64 = 8.0;
/// Ciphertexts that all snapshots together may take.
const MOST_SNAPSHOTS: usize = 64;
/// By how much two samples a slot must cost less than one to be chosen. Gradients get nearly twice the noise, and the residuals of
/// the halves follow one another, which leaves less for several cores to share.
const PAIRS_SAVE: f64 = 1.05;
/// Where the depth of an iteration is measured from.
const DEEP: usize = 1 << 20;

/// What a plan is made of.
struct Planner<'a, H: Head> {
    parameters: &'a Parameters,
    contract: Option<&'a RefreshContract>,
    request: &'a Request<H>,
}

/// What a training does, from a run without values.
struct DryRun {
    record: Record,
    last_iteration: Counts,
    /// The level at which the parameters come out.
    level: usize,
}

impl<H: Head> Planner<'_, H> {
    /// Levels of the iterations, by running two on an engine that only counts them.
    fn depth(&self, packing: &Packing) -> Result<Depth> {
        let request = Request { learning_rates: vec![1.0; 2], batches: 1, ..self.request.clone() };
        let planner = Planner { parameters: self.parameters, contract: self.contract, request: &request };
        let start = Schedule::straight(DEEP);
        let job = planner.job(packing.for_samples(1), &start, 1)?;
        let mut levels = vec![DEEP];
        run_on(&Trace::of_depth(self.parameters), &job, request.starts_warm(), |level| levels.push(level))?;
        Ok(Depth { first: levels[0] - levels[1], later: levels[1] - levels[2] })
    }

    /// Levels that scoring takes.
    fn score_depth(&self, packing: &Packing) -> Result<usize> {
        let trace = Trace::of_depth(self.parameters);
        let start = Schedule::straight(DEEP);
        let scores = score_on(&trace, &self.job(packing.for_samples(1), &start, 1)?, DEEP)?;
        Ok(scores.iter().map(|score| DEEP - score.level).max().unwrap_or_default())
    }

    /// The schedule with the fewest bootstraps, and how many vectors share one.
    fn schedule(&self, packing: &Packing, depth: Depth, scoring: usize) -> Result<(Schedule, usize)> {
        let vectors = self.request.head.parameters(packing).len();
        let iterations = self.request.learning_rates.len();
        let demand = |tiles| Demand {
            iterations,
            depth,
            merged: tiles > 1,
            scoring,
            continues: self.request.continues,
        };
        let schedule = |tiles| Schedule::new(self.parameters, self.contract, demand(tiles));
        let mut best = schedule(1).map(|schedule| (schedule, 1));
        let bootstraps =
            |(schedule, tiles): &(Schedule, usize)| schedule.refresh_before.len() * vectors.div_ceil(*tiles);
        // an earlier head comes out at the level of the bootstrap's input, where there is none left for a mask
        let most = match self.request.continues {
            true => 1,
            false => vectors.next_power_of_two().min(packing.slots() / packing.features()),
        };
        for tiles in (1..).map(|log| 1 << log).take_while(|&tiles| tiles <= most) {
            if let Ok(merged) = schedule(tiles).map(|schedule| (schedule, tiles))
                && best.as_ref().map_or(true, |best| bootstraps(&merged) < bootstraps(best))
            {
                best = Ok(merged);
            }
        }
        best
    }

    fn job(&self, packing: Packing, schedule: &Schedule, merged_tiles: usize) -> Result<Job<H>> {
        let request = self.request;
        let default = self.parameters.default_scale().log2().round() as i32;
        // Residuals are about learning_rate / (B n), far below 1. Encrypting samples at a smaller scale than the primes
        // raises the scale of residuals, and of the parameters as far as the lowest modulus allows.
        let room = self.parameters.log_q(0).floor() as i32 - 1 - WEIGHT_HEADROOM - default;
        let (state_scale, loss) = match self.contract {
            Some(contract) => (contract.unit_scale.log2().round() as i32 + self.state_gain(), SAMPLE_LOSS),
            None => (default + room.max(0), room.max(0)),
        };
        let vectors = request.head.parameters(&packing).len();
        let snapshots = (MOST_SNAPSHOTS / vectors.max(1)).clamp(1, 8);
        let holds =
            |level: &usize| self.parameters.log_q(*level) >= f64::from(state_scale + 1 + WEIGHT_HEADROOM);
        Job::new(JobSpec {
            snapshot_every: request.learning_rates.len().div_ceil(snapshots + 1).max(1),
            snapshot_level: (0..self.parameters.max_level()).find(holds).unwrap_or_default(),
            head: request.head.clone(),
            packing,
            optimizer: request.optimizer,
            learning_rates: request.learning_rates.clone(),
            alpha: request.alpha,
            refresh_before: schedule.refresh_before.clone(),
            refreshed_level: schedule.refreshed_level,
            merged_tiles,
            entry_level: schedule.entry_level,
            score_level: None,
            state_scale,
            // what taking a real part adds to the scale
            data_scale: default - loss - i32::from(packing.is_complex()),
            row_scale: default,
        })
    }

    /// Bits by which a state known to be small may exceed the bootstrap's unit scale, one kept clear; a state larger than 1 travels at a
    /// smaller scale.
    fn state_gain(&self) -> i32 {
        let largest = self.request.largest_state.max(f64::MIN_POSITIVE);
        let bits = -largest.log2().ceil();
        let gain = if largest > 1.0 { bits } else { (bits - 1.0).max(0.0) };
        gain.clamp(f64::from(-WEIGHT_HEADROOM), MOST_STATE_GAIN) as i32
    }

    /// Runs the job without values.
    fn dry_run(&self, job: &Job<H>) -> Result<DryRun> {
        let trace = Trace::new(self.parameters, self.contract.cloned());
        let (mut before, mut after) = (Counts::new(), Counts::new());
        let level = run_on(&trace, job, self.request.starts_warm(), |_| {
            before = std::mem::replace(&mut after, trace.record().counts);
        })?;
        for (operation, times) in before {
            after.entry(operation).and_modify(|all| *all -= times);
        }
        after.retain(|_, times| *times > 0);
        if self.request.scoring {
            score_on(&trace, job, level)?;
        }
        Ok(DryRun { record: trace.record(), last_iteration: after, level })
    }

    fn plan(&self, job: &Job<H>) -> Result<Plan<H>> {
        let DryRun { mut record, last_iteration, level: final_level } = self.dry_run(job)?;
        let score_level = self.request.scoring.then_some(final_level);
        let job = Job::new(JobSpec { score_level, ..job.spec().clone() })?;
        record.keys.refresh = RefreshedState::of_job(&job);
        let level = |source| record.sources.get(&source).copied().unwrap_or_default();
        let levels = DataLevels {
            targets: level(Source::Targets),
            samples: level(Source::Samples),
            weights: level(Source::Weights),
        };
        // an earlier head comes in a file of its own
        let travels = self.request.starts_warm() && !self.request.continues;
        let start = if travels { job.head().parameters(job.packing()).len() } else { 0 };
        let sizes = PlanSizes::new(self.parameters, &job, (levels, start), &record.keys)?;
        let model = CostModel::of_this_machine(self.parameters)?.with_refresh(record.keys.refresh)?;
        let seconds = model.seconds(&record.counts);
        let preset = self.parameters.name().to_owned();
        Ok(Plan {
            job,
            preset,
            levels,
            final_level,
            keys: record.keys,
            last_iteration_seconds: model.seconds(&last_iteration),
            counts: record.counts,
            last_iteration,
            sizes,
            seconds,
        })
    }
}

/// Trains without values: the level of the result. `observe` is told the level of the parameters after each iteration. The
/// data comes at the highest level: what it takes part in shows which level it needs.
fn run_on<H: Head>(
    trace: &Trace,
    job: &Job<H>,
    warm_start: bool,
    mut observe: impl FnMut(usize),
) -> Result<usize> {
    let (spec, packing) = (job.spec(), job.packing());
    let highest = spec.entry_level.max(trace.parameters().max_level());
    let data =
        |scale, source| Meta { source: Some(source), ..Meta::new(highest, Scale::power_of_two(scale)) };
    let block = Block {
        samples: vec![data(spec.data_scale, Source::Samples); packing.diagonals()],
        rows: vec![
            Rows {
                weight: data(spec.row_scale, Source::Weights),
                targets: vec![data(spec.row_scale, Source::Targets); spec.head.targets()],
            };
            packing.halves()
        ],
    };
    let blocks = vec![block; packing.blocks()];
    let start = match warm_start {
        true => {
            let vector = Meta::new(spec.entry_level, Scale::power_of_two(spec.state_scale));
            State::from_parameters(vec![vector; spec.head.parameters(packing).len()])
        }
        false => State::default(),
    };
    let level = |state: &State<Meta>| state.parameters.iter().map(|p| p.level).min().unwrap_or_default();
    let state = Trainer::new(trace, job, &blocks)?.run(start, |state| {
        observe(level(state));
        Ok(())
    })?;
    Ok(level(&state))
}

/// Scores without values, with samples and parameters at `level`.
fn score_on<H: Head>(trace: &Trace, job: &Job<H>, level: usize) -> Result<Vec<Meta>> {
    let (spec, packing) = (job.spec(), job.packing());
    let value = |scale| Meta::new(level, Scale::power_of_two(scale));
    let samples = vec![value(spec.data_scale); packing.diagonals()];
    let parameters = vec![value(spec.state_scale); spec.head.parameters(packing).len()];
    spec.head.score(trace, packing, &samples, &parameters)
}
