//! From a packing to a schedule, a job and a plan.

use ckks::Parameters;

use super::dry_run::{run_on, score_on};
use super::{CostModel, DataLevels, Demand, Depth, Plan, PlanSizes, Request, Schedule};
use crate::engine::trace::{Counts, Record, RefreshContract, Source, Trace};
use crate::error::Result;
use crate::head::Head;
use crate::job::{Job, JobSpec};
use crate::packing::{Packing, Sizes};
use crate::refresh::RefreshedState;
use crate::samples::padded_features;

/// Spare bits of the lowest modulus: parameters in their units stay below 8.
const WEIGHT_HEADROOM: i32 = 3;
/// Bits that parameters and residuals gain and samples give up where parameters are bootstrapped, whose scale is given.
const SAMPLE_LOSS: i32 = 4;
/// More would push residuals, carried at a scale above the state's, against the modulus.
const MOST_STATE_GAIN: f64 = 8.0;
/// Ciphertexts that all snapshots together may take.
const MOST_SNAPSHOTS: usize = 64;
/// Where the depth of an iteration is measured from.
const DEEP: usize = 1 << 20;

/// What a plan is made of.
pub(super) struct Planner<'a, H: Head> {
    pub(super) parameters: &'a Parameters,
    pub(super) contract: Option<&'a RefreshContract>,
    pub(super) request: &'a Request<H>,
}

/// What a training does, from a run without values.
pub(super) struct DryRun {
    pub(super) record: Record,
    last_iteration: Counts,
    /// The level at which the parameters come out.
    level: usize,
}

impl<H: Head> Planner<'_, H> {
    /// Levels of the iterations, by running two on an engine that only counts them.
    pub(super) fn depth(&self, packing: &Packing) -> Result<Depth> {
        let request = Request { learning_rates: vec![1.0; 2], batches: 1, ..self.request.clone() };
        let planner = Planner { parameters: self.parameters, contract: self.contract, request: &request };
        let start = Schedule::straight(DEEP);
        let job = planner.job(packing.for_samples(1), &start, 1)?;
        let mut levels = vec![DEEP];
        run_on(&Trace::of_depth(self.parameters), &job, request.starts_warm(), |level| levels.push(level))?;
        Ok(Depth { first: levels[0] - levels[1], later: levels[1] - levels[2] })
    }

    /// Levels that scoring takes.
    pub(super) fn score_depth(&self, packing: &Packing) -> Result<usize> {
        let trace = Trace::of_depth(self.parameters);
        let start = Schedule::straight(DEEP);
        let scores = score_on(&trace, &self.job(packing.for_samples(1), &start, 1)?, DEEP)?;
        Ok(scores.iter().map(|score| DEEP - score.level).max().unwrap_or_default())
    }

    /// The schedule with the fewest bootstraps, and how many vectors share one.
    pub(super) fn schedule(
        &self,
        packing: &Packing,
        depth: Depth,
        scoring: usize,
    ) -> Result<(Schedule, usize)> {
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

    pub(super) fn job(&self, packing: Packing, schedule: &Schedule, merged_tiles: usize) -> Result<Job<H>> {
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
    pub(super) fn dry_run(&self, job: &Job<H>) -> Result<DryRun> {
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

    pub(super) fn plan(&self, job: &Job<H>) -> Result<Plan<H>> {
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

/// Every packing that holds the data and suits the head: columns and baby steps are free, pairs as the request says.
pub(super) fn candidates<H: Head>(parameters: &Parameters, request: &Request<H>) -> Result<Vec<Packing>> {
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
