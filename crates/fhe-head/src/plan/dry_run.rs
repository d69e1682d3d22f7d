//! Runs of the trainer without values.

use ckks::Scale;

use crate::engine::Rows;
use crate::engine::trace::{Meta, Source, Trace};
use crate::error::Result;
use crate::head::Head;
use crate::job::Job;
use crate::trainer::{Block, State, Trainer};

/// Trains without values: the level of the result. `observe` is told the level of the parameters after each iteration. The
/// data comes at the highest level: what it takes part in shows which level it needs.
pub(super) fn run_on<H: Head>(
    trace: &Trace,
    job: &Job<H>,
    warm_start: bool,
    mut observe: impl FnMut(usize),
) -> Result<usize> {
    let (spec, packing) = (job.spec(), job.packing());
    let blocks = blocks(trace, job);
    let start = match warm_start {
        true => {
            let vector = Meta::new(spec.entry_level, Scale::power_of_two(spec.state_scale));
            State::from_parameters(vec![vector; spec.head.parameters(packing).len()])
        }
        false => State::default(),
    };
    let level = |state: &State<Meta>| lowest(&state.parameters);
    let state = Trainer::new(trace, job, &blocks)?.run(start, |state| {
        observe(level(state));
        Ok(())
    })?;
    Ok(level(&state))
}

/// One iteration without values, from a state at the job's entry level, or from zero: the level of the state after it.
pub(super) fn iterate_on<H: Head>(trace: &Trace, job: &Job<H>, from_zero: bool) -> Result<usize> {
    let spec = job.spec();
    let vector = Meta::new(spec.entry_level, Scale::power_of_two(spec.state_scale));
    let parameters = vec![vector; spec.head.parameters(job.packing()).len()];
    let state = match from_zero {
        true => State::default(),
        false => {
            let momentum = if spec.optimizer.has_momentum() { parameters.clone() } else { Vec::new() };
            State { iteration: job.iterations().saturating_sub(1), parameters, momentum, history: Vec::new() }
        }
    };
    let state = Trainer::new(trace, job, &blocks(trace, job))?.iterate(state)?;
    Ok(lowest(&[state.parameters, state.momentum].concat()))
}

fn lowest(vectors: &[Meta]) -> usize {
    vectors.iter().map(|vector| vector.level).min().unwrap_or_default()
}

/// The data of a job at the highest level.
fn blocks<H: Head>(trace: &Trace, job: &Job<H>) -> Vec<Block<Meta>> {
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
    vec![block; packing.blocks()]
}

/// Scores without values, with samples and parameters at `level`.
pub(super) fn score_on<H: Head>(trace: &Trace, job: &Job<H>, level: usize) -> Result<Vec<Meta>> {
    let (spec, packing) = (job.spec(), job.packing());
    let value = |scale| Meta::new(level, Scale::power_of_two(scale));
    let samples = vec![value(spec.data_scale); packing.diagonals()];
    let parameters = vec![value(spec.state_scale); spec.head.parameters(packing).len()];
    spec.head.score(trace, packing, &samples, &parameters)
}
