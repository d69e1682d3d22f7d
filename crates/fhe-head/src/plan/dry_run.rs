//! Runs of the trainer without values.

use std::borrow::Cow;
use std::ops::ControlFlow;

use ckks::Scale;
use ckks::threads::alone;

use crate::engine::{Meta, Source, Trace};
use crate::error::{Error, Result};
use crate::heads::Head;
use crate::job::Job;
use crate::packing::{Block, Blocks, Item};
use crate::stop;
use crate::trainer::{State, Trainer};

/// Trains without values and returns the level of the result. `observe` gets the level of the weights after each iteration. Data are at
/// the highest level: the operations that use them show which level they need.
pub(super) fn run_on<H: Head>(
    trace: &Trace,
    job: &Job<H>,
    warm_start: bool,
    mut observe: impl FnMut(usize),
) -> Result<usize> {
    let spec = job.spec();
    let blocks = Unread::new(trace, job)?;
    let start = match warm_start {
        true => {
            let vector = Meta::new(spec.entry_level, Scale::power_of_two(spec.state_scale));
            State::from_weights(vec![vector; job.weights().len()])
        }
        false => State::default(),
    };
    let level = |state: &State<Meta>| lowest(&state.weights);
    let trainer = Trainer::new(trace, job, &blocks)?;
    let run = || {
        trainer.run(start, |state| {
            observe(level(state));
            stop::check()?;
            Ok::<_, Error>(ControlFlow::<std::convert::Infallible>::Continue(()))
        })
    };
    let run = alone(run)?;
    let ControlFlow::Continue(state) = run;
    Ok(level(&state))
}

/// Runs one iteration without values, from a state at the job's entry level or from zero, and returns the level of the state after it.
pub(super) fn iterate_on<H: Head>(trace: &Trace, job: &Job<H>, from_zero: bool) -> Result<usize> {
    let spec = job.spec();
    let vector = Meta::new(spec.entry_level, Scale::power_of_two(spec.state_scale));
    let weights = vec![vector; job.weights().len()];
    let state = match from_zero {
        true => State::default(),
        false => {
            let momentum = if spec.optimizer.has_momentum() { weights.clone() } else { Vec::new() };
            State { iteration: job.iterations().saturating_sub(1), weights, momentum, history: Vec::new() }
        }
    };
    let blocks = Unread::new(trace, job)?;
    let trainer = Trainer::new(trace, job, &blocks)?;
    let state = alone(|| trainer.iterate(state))?;
    Ok(lowest(&[state.weights, state.momentum].concat()))
}

fn lowest(vectors: &[Meta]) -> usize {
    vectors.iter().map(|vector| vector.level).min().unwrap_or_default()
}

/// The data of a job without values, at the highest level. All blocks are the same.
struct Unread {
    block: Block<Meta>,
    count: usize,
}

impl Unread {
    fn new<H: Head>(trace: &Trace, job: &Job<H>) -> Result<Self> {
        let spec = job.spec();
        let highest = spec.entry_level.max(trace.parameters().max_level());
        let block = job.layout().build(|item| {
            let (scale, source) = match item {
                Item::Samples(_) => (spec.data_scale, Source::Samples),
                Item::Weights { .. } => (spec.row_scale, Source::Weights),
                Item::Targets { .. } => (spec.row_scale, Source::Targets),
            };
            Ok(Meta { source: Some(source), ..Meta::new(highest, Scale::power_of_two(scale)) })
        })?;
        Ok(Self { block, count: spec.packing.blocks() })
    }
}

impl Blocks<Meta> for Unread {
    fn count(&self) -> usize {
        self.count
    }

    fn block(&self, _: usize) -> Result<Cow<'_, Block<Meta>>> {
        Ok(Cow::Borrowed(&self.block))
    }
}

/// Scores of samples without values, with samples and weights at `level`.
pub(super) fn score_on<H: Head>(trace: &Trace, job: &Job<H>, level: usize) -> Result<Vec<Meta>> {
    let (spec, packing) = (job.spec(), job.packing());
    let value = |scale| Meta::new(level, Scale::power_of_two(scale));
    let samples = vec![value(spec.data_scale); packing.diagonals()];
    let weights = vec![value(spec.state_scale); job.weights().len()];
    spec.head.score(trace, packing, &samples, &weights)
}
