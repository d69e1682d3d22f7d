//! The steps from a packing to a schedule, a job and a plan.

use super::cost::{Models, Sizes as PlanSizes, upload_bytes};
use super::course::Course;
use super::depth::Depth;
use super::dry_run::{iterate_on, run_on, score_on};
use super::kept::Plan;
use super::levels::DataLevels;
use super::request::Request;
use super::schedule::{Demand, Schedule};
use crate::engine::{Counts, Record, Source, Trace};
use crate::error::Result;
use crate::heads::{self, Head, RefreshedPoint};
use crate::job::{Job, JobSpec, MOST_ROW_WEIGHT};
use crate::packing::{Packing, messages};
use crate::scheme::{RefreshContract, Scheme};

/// Spare bits of the lowest modulus: weights in their units stay below 8.
const WEIGHT_HEADROOM: i32 = 3;
/// Bits by which samples lower their scale, and residuals raise theirs, in a bootstrapped training, where the scale of the weights is
/// given.
const SAMPLE_LOSS: i32 = 4;
/// Most bits by which the state's scale may exceed the bootstrap's unit scale. With more, residuals, whose scale is larger still, would
/// reach the modulus.
const MOST_STATE_GAIN: f64 = 8.0;
/// Bits by which the state's scale exceeds that of the samples where several parties decrypt together, with noise that hides the error:
/// steps are small, and with these bits more their error is that of the pass. More bits gain nothing.
const JOINT_GAIN: i32 = 24;
/// Bits by which the scale of a pass exceeds that of the samples there: lowered weights, logits and their squares keep as many bits more.
/// With one bit more, the row weights are what has too few (`docs/notes/joint.md`).
const JOINT_PASS: i32 = 2;
/// Most ciphertexts in all snapshots together.
const MOST_SNAPSHOTS: usize = 64;
/// The level from which depth is measured.
const DEEP: usize = 1 << 20;

/// A request, with what is needed to plan it.
pub(super) struct Planner<'a, H: Head> {
    pub(super) scheme: &'a Scheme,
    pub(super) request: &'a Request<H>,
    pub(super) models: &'a Models,
}

/// The planner's choices beside the packing.
#[derive(Clone, Debug)]
pub(super) struct Layout {
    pub(super) schedule: Schedule,
    /// Vectors of the state that share a bootstrap.
    pub(super) tiles: usize,
    pub(super) points: Vec<RefreshedPoint>,
}

impl Layout {
    /// Without bootstraps, from this level.
    fn straight(level: usize) -> Self {
        Self { schedule: Schedule::straight(level), tiles: 1, points: Vec::new() }
    }
}

/// What a run without values shows of a training.
pub(super) struct DryRun {
    pub(super) record: Record,
    last_iteration: Counts,
    /// Level of the trained weights.
    pub(super) level: usize,
}

/// A job with its dry run, not yet a plan.
pub(super) struct Draft<H: Head> {
    pub(super) job: Job<H>,
    pub(super) run: DryRun,
}

impl<H: Head> Draft<H> {
    /// Whether the state is refreshed before every iteration but the first.
    pub(super) fn refreshes_always(&self) -> bool {
        self.job.spec().refresh_before.len() + 1 >= self.job.iterations()
    }
}

impl<H: Head> Planner<'_, H> {
    /// Bootstraps at these points that keep all their levels.
    pub(super) fn placed(&self, points: &[&str]) -> Vec<RefreshedPoint> {
        let level = self.scheme.contract().map_or(0, |contract| contract.level_after);
        points.iter().map(|&name| RefreshedPoint { name: name.to_owned(), level }).collect()
    }

    /// The depth of the iterations, from two of them on an engine that measures depth.
    fn depth(&self, packing: &Packing) -> Result<Depth> {
        let request = Request { learning_rates: vec![1.0; 2], batches: 1, ..self.request.clone() };
        let planner = Planner { request: &request, ..*self };
        let job = planner.job(packing.for_samples(1), &Layout::straight(DEEP))?;
        let mut levels = vec![DEEP];
        run_on(&Trace::of_depth(self.scheme), &job, request.starts_warm(), |level| levels.push(level))?;
        Ok(Depth { first: levels[0] - levels[1], later: levels[1] - levels[2] })
    }

    /// The levels of the state during iterations with bootstraps at these points, from one iteration from each level.
    fn course(&self, packing: &Packing, contract: &RefreshContract, points: &[&str]) -> Result<Course> {
        if points.is_empty() {
            return Ok(Course::of_depth(self.depth(packing)?, contract.level_after));
        }
        let rate = self.request.learning_rates.first().copied().unwrap_or(1.0);
        let request = Request { learning_rates: vec![rate; 2], batches: 1, ..self.request.clone() };
        let planner = Planner { request: &request, ..*self };
        let after = |from_zero: bool| -> Result<Vec<Option<usize>>> {
            let one = |level| {
                let layout = Layout { points: self.placed(points), ..Layout::straight(level) };
                let job = planner.job(packing.for_samples(1), &layout)?;
                let trace = Trace::new(self.scheme);
                Ok(iterate_on(&trace, &job, from_zero).ok())
            };
            (0..=contract.level_after).map(one).collect()
        };
        let later = after(false)?;
        let first = if request.starts_warm() { later.clone() } else { after(true)? };
        Ok(Course::new(first, later))
    }

    /// Levels that scoring takes.
    pub(super) fn score_depth(&self, packing: &Packing) -> Result<usize> {
        let trace = Trace::of_depth(self.scheme);
        let scores = score_on(&trace, &self.job(packing.for_samples(1), &Layout::straight(DEEP))?, DEEP)?;
        Ok(scores.iter().map(|score| DEEP - score.level).max().unwrap_or_default())
    }

    /// The schedule with the fewest bootstraps of the state, and how many vectors share one.
    pub(super) fn schedule(
        &self,
        packing: &Packing,
        points: &[&str],
        stretch: usize,
        scoring: usize,
    ) -> Result<(Schedule, usize)> {
        let job = self.job(packing.for_samples(1), &Layout::straight(DEEP))?;
        let periods: Vec<usize> = job.weights().iter().map(|vector| vector.period).collect();
        let longest = periods.iter().max().copied().unwrap_or(1);
        let iterations = self.request.learning_rates.len();
        let demand = |tiles| Demand {
            iterations,
            stretch,
            merged: tiles > 1,
            scoring,
            continues: self.request.continues,
            bottom: job.spec().snapshot_level,
        };
        let Some(contract) = self.scheme.contract() else {
            return Ok((Schedule::leveled(self.scheme.parameters(), self.depth(packing)?, demand(1))?, 1));
        };
        let course = self.course(packing, contract, points)?;
        let schedule =
            |tiles| Schedule::bootstrapped(self.scheme.parameters(), contract, &course, demand(tiles));
        let mut best = schedule(1).map(|schedule| (schedule, 1));
        let bootstraps = |(schedule, tiles): &(Schedule, usize)| {
            schedule.refresh_before.len() * messages(&periods, *tiles).len()
        };
        // an earlier head is at the level of the bootstrap's input, which leaves none for a mask
        let most = match self.request.continues {
            true => 1,
            false => {
                let all: usize = periods.iter().sum();
                all.div_ceil(longest).next_power_of_two().min(packing.slots() / longest)
            }
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

    pub(super) fn job(&self, packing: Packing, layout: &Layout) -> Result<Job<H>> {
        let Layout { schedule, tiles, points } = layout;
        let request = self.request;
        let default = self.scheme.parameters().default_scale().log2().round() as i32;
        // Residuals are about learning_rate / (B n), far below 1. Samples at a smaller scale than the primes allow a larger
        // scale for residuals, and for the weights as far as the lowest modulus allows.
        let room = self.scheme.parameters().log_q(0).floor() as i32 - 1 - WEIGHT_HEADROOM - default;
        let joint = self.scheme.parameters().literal().secret.parties() > 1;
        let (state_scale, loss) = match self.scheme.contract() {
            Some(contract) => (contract.unit_scale.log2().round() as i32 + self.state_gain(), SAMPLE_LOSS),
            None if joint => (default + JOINT_GAIN, 0),
            None => (default + room.max(0), room.max(0)),
        };
        let vectors = heads::vectors(&request.head.weights(), &packing).len();
        let snapshots = (MOST_SNAPSHOTS / vectors.max(1)).clamp(1, 8);
        let holds = |level: &usize| {
            self.scheme.parameters().log_q(*level) >= f64::from(state_scale + 1 + WEIGHT_HEADROOM)
        };
        Job::new(JobSpec {
            snapshot_every: request.learning_rates.len().div_ceil(snapshots + 1).max(1),
            snapshot_level: (0..self.scheme.parameters().max_level()).find(holds).unwrap_or_default(),
            head: request.head.clone(),
            packing,
            optimizer: request.optimizer,
            learning_rates: request.learning_rates.clone(),
            alpha: request.alpha,
            refresh_before: schedule.refresh_before.clone(),
            refreshed_level: schedule.refreshed_level,
            merged_tiles: *tiles,
            refreshed_points: points.clone(),
            // only refreshed residuals need the bound; otherwise the job does not tell it
            log_row_weight: if points.is_empty() { 0 } else { self.log_row_weight(&packing) },
            entry_level: schedule.entry_level,
            score_level: None,
            state_scale,
            pass_scale: joint.then_some(default + JOINT_PASS),
            // taking a real part doubles the scale
            data_scale: default - loss - i32::from(packing.is_complex()),
            row_scale: default,
        })
    }

    /// Binary logarithm of a bound on the row weights, whose mean over a batch is 1, padding included.
    fn log_row_weight(&self, packing: &Packing) -> i32 {
        let fewest = (self.request.samples / self.request.batches).max(1);
        let largest = self.request.largest_weight * packing.capacity() as f64 / fewest as f64;
        (largest.log2().ceil() as i32).clamp(0, MOST_ROW_WEIGHT)
    }

    /// Bits by which the state's scale exceeds the bootstrap's unit scale: positive for a state known to be small, with one bit kept clear,
    /// negative for a state larger than 1.
    fn state_gain(&self) -> i32 {
        let largest = self.request.largest_state.max(f64::MIN_POSITIVE);
        let bits = -largest.log2().ceil();
        let gain = if largest > 1.0 { bits } else { (bits - 1.0).max(0.0) };
        gain.clamp(f64::from(-WEIGHT_HEADROOM), MOST_STATE_GAIN) as i32
    }

    /// Runs the job without values.
    pub(super) fn dry_run(&self, job: &Job<H>) -> Result<DryRun> {
        let trace = Trace::new(self.scheme);
        let (mut before, mut after) = (Counts::default(), Counts::default());
        let level = run_on(&trace, job, self.request.starts_warm(), |_| {
            before = std::mem::replace(&mut after, trace.record().counts);
        })?;
        let last_iteration = after.since(&before);
        if self.request.scoring {
            score_on(&trace, job, level)?;
        }
        Ok(DryRun { record: trace.record(), last_iteration, level })
    }

    /// Vectors of initial weights that travel with the data. An earlier head is in a file of its own.
    fn start_vectors(&self, job: &Job<H>) -> usize {
        let travels = self.request.starts_warm() && !self.request.continues;
        if travels { job.weights().len() } else { 0 }
    }

    /// Bytes of the data in files.
    pub(super) fn upload_bytes(&self, draft: &Draft<H>) -> usize {
        let levels = data_levels(&draft.run.record, &draft.job);
        upload_bytes(self.scheme.parameters(), &draft.job, levels, self.start_vectors(&draft.job))
    }

    /// Numbers and bytes, for the keys that the record names.
    pub(super) fn sizes(&self, job: &Job<H>, record: &Record) -> Result<PlanSizes> {
        let levels = data_levels(record, job);
        PlanSizes::new(self.scheme.parameters(), job, levels, &record.keys, self.start_vectors(job))
    }

    pub(super) fn plan(&self, draft: Draft<H>) -> Result<Plan<H>> {
        let Draft { job, run } = draft;
        let DryRun { mut record, last_iteration, level: final_level } = run;
        let score_level = self.request.scoring.then_some(final_level);
        let job = Job::new(JobSpec { score_level, ..job.spec().clone() })?;
        record.keys.refresh = job.refreshed_message();
        let levels = data_levels(&record, &job);
        let sizes = self.sizes(&job, &record)?;
        Ok(Plan {
            preset: self.scheme.name().to_owned(),
            job,
            samples: self.request.samples,
            levels,
            final_level,
            keys: record.keys,
            sizes,
            counts: record.counts,
            last_iteration,
        })
    }
}

/// The levels at which a run used the data. What it did not use lies at the lowest level that holds numbers.
fn data_levels<H: Head>(record: &Record, job: &Job<H>) -> DataLevels {
    let lowest = job.spec().snapshot_level;
    let level = |source| record.sources.get(&source).copied().unwrap_or(lowest);
    DataLevels {
        targets: level(Source::Targets),
        samples: level(Source::Samples),
        weights: level(Source::Weights),
    }
}
