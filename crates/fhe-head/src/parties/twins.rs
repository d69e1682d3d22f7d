//! The plain and the simulated twin of an encrypted training, on the data party's side.

use std::convert::Infallible;
use std::ops::ControlFlow;

use ckks::Scale;
use ndarray::{Array1, Array2, ArrayView2, Axis};

use super::start::starting_state;
use crate::engine::{Plain, Simulate, Simulated, Slots, Trace};
use crate::error::{Error, Result};
use crate::functions::Functions;
use crate::heads::{Head, WeightVector};
use crate::job::Job;
use crate::packing::{Block, untile};
use crate::plan::Plan;
use crate::samples::Samples;
use crate::scheme::Scheme;
use crate::stop;
use crate::trainer::{State, Trainer};

/// A simulated training.
#[derive(Clone, Debug)]
pub struct SimulatedHead {
    /// As [`Job::to_vectors`] takes them, with those of the padding.
    pub weights: Vec<Array1<f64>>,
    /// Estimated standard deviation of the noise that encryption leaves in a weight: the largest of all vectors.
    pub error_std: f64,
    /// Estimated variance of a coefficient of the error of a vector's ciphertext, as an integer at its scale: the mean over all coefficients,
    /// and the largest of all vectors. A vector that was summed over its tiles has its error in the coefficients of its period alone.
    pub variance: f64,
}

/// Trains in floating point with exact functions, from `start` or from zero. Returns the weights as
/// [`Job::to_vectors`] takes them, with those of the padding.
///
/// # Errors
/// [`Error::Shape`] if data or initial weights have another shape than the plan; [`Error::OutsideInterval`] if an initial weight
/// exceeds eight times its unit.
pub fn train_plain<H: Head>(
    plan: &Plan<H>,
    samples: &Samples,
    start: Option<&[Array1<f64>]>,
) -> Result<Vec<Array1<f64>>> {
    let iterates = trajectory(plan, samples, start, Functions::Exact)?;
    Ok(iterates.into_iter().next_back().unwrap_or_default())
}

/// The weights after each iteration in floating point, with the functions or their polynomials.
///
/// # Errors
/// Those of [`train_plain`].
pub fn trajectory<H: Head>(
    plan: &Plan<H>,
    samples: &Samples,
    start: Option<&[Array1<f64>]>,
    functions: Functions,
) -> Result<Vec<Vec<Array1<f64>>>> {
    let slots = plan.job.packing().slots();
    let engine = match functions {
        Functions::Exact => Plain::new(slots),
        Functions::Polynomials => Plain::with_polynomials(slots),
    };
    let blocks = blocks(plan, samples, |slots, _, _| Ok(slots))?;
    let start = starting_state(&plan.job, start, |slots, _, _| Ok(slots))?;
    let mut iterates = Vec::with_capacity(plan.job.iterations());
    let _ = Trainer::new(&engine, &plan.job, &blocks)?.run(start, |state| {
        iterates.push(weights(&plan.job, state.weights.iter().map(Slots::real)));
        stop::check()?;
        Ok::<_, Error>(ControlFlow::<Infallible>::Continue(()))
    })?;
    Ok(iterates)
}

/// Trains as the encrypted twin does, and tracks levels, scales and noise.
///
/// # Errors
/// Those of ciphertexts: [`Error::Level`], [`Error::Overflow`], missing keys; and those of [`train_plain`].
pub fn train_simulated<H: Head>(
    plan: &Plan<H>,
    scheme: &Scheme,
    samples: &Samples,
    start: Option<&[Array1<f64>]>,
) -> Result<SimulatedHead> {
    let engine = Simulate::new(Trace::new(scheme).with_keys(plan.keys.clone()));
    let encrypt = |slots, level, scale| engine.encrypt(slots, level, scale);
    let blocks: Vec<Block<Simulated>> = blocks(plan, samples, encrypt)?;
    let start = starting_state(&plan.job, start, encrypt)?;
    let go_on = |_: &_| stop::check().map(|()| ControlFlow::<Infallible>::Continue(()));
    let ControlFlow::Continue(state) = Trainer::new(&engine, &plan.job, &blocks)?.run(start, go_on)?;
    let vectors = plan.job.weights();
    // most of the error is common to all tiles of a weight, so their mean keeps it
    let error_std = vectors
        .iter()
        .zip(&state.weights)
        .fold(0.0, |max: f64, (vector, value)| max.max(vector.unit.value() * engine.error_std(value)));
    let variance = largest_variance(&engine, &state);
    let weights = weights(&plan.job, state.weights.iter().map(|value| value.slots().real()));
    Ok(SimulatedHead { weights, error_std, variance })
}

/// The variance of a training's error ([`SimulatedHead::variance`]) where the weights do not follow from `samples` alone: those after each
/// iteration are `course`, in the form of [`trajectory`]. So the samples may be a part of what is trained on. From zero, without bootstraps
/// at the end.
///
/// # Errors
/// Those of [`train_simulated`].
pub fn variance_along<H: Head>(
    plan: &Plan<H>,
    scheme: &Scheme,
    samples: &Samples,
    course: &[Vec<Array1<f64>>],
) -> Result<f64> {
    let engine = Simulate::new(Trace::new(scheme).with_keys(plan.keys.clone()));
    let blocks: Vec<Block<Simulated>> =
        blocks(plan, samples, |slots, level, scale| engine.encrypt(slots, level, scale))?;
    let trainer = Trainer::new(&engine, &plan.job, &blocks)?;
    let mut state = State::default();
    for weights in course {
        stop::check()?;
        state = trainer.iterate(state)?;
        let slots = starting_state(&plan.job, Some(weights), |slots, _, _| Ok(slots))?.weights;
        state.weights = state.weights.iter().zip(slots).map(|(value, slots)| value.around(slots)).collect();
    }
    Ok(largest_variance(&engine, &state))
}

fn largest_variance(engine: &Simulate, state: &State<Simulated>) -> f64 {
    state.weights.iter().map(|value| engine.variance(value)).fold(0.0, f64::max)
}

/// Scores (logits) of samples under a head's weights in floating point: samples by scores. The rows of `samples` are in the feature
/// space of the training, without the constant feature.
///
/// # Errors
/// [`Error::Shape`] if the weights are not those of the head, or the samples have more features; [`Error::OutsideInterval`] if one exceeds eight times its unit.
pub fn score<H: Head>(
    job: &Job<H>,
    weights: &[Array1<f64>],
    samples: &ArrayView2<'_, f64>,
    functions: Functions,
) -> Result<Array2<f64>> {
    let packing = job.packing().for_samples(samples.nrows());
    let engine = match functions {
        Functions::Exact => Plain::new(packing.slots()),
        Functions::Polynomials => Plain::with_polynomials(packing.slots()),
    };
    let state = starting_state(job, Some(weights), |slots, _, _| Ok(slots))?;
    if samples.ncols() > packing.most_features() {
        let (expected, got) = (packing.most_features(), samples.ncols());
        return Err(Error::Shape { what: "features", expected, got });
    }
    let mut scores = Array2::zeros((samples.nrows(), job.head().scores()));
    let blocks = samples.axis_chunks_iter(Axis(0), packing.block_samples());
    let outputs = scores.axis_chunks_iter_mut(Axis(0), packing.block_samples());
    for (rows, mut out) in blocks.zip(outputs) {
        let diagonals: Vec<Slots> =
            (0..packing.diagonals()).map(|i| packing.diagonal_slots(&rows, i)).collect();
        let values = job.head().score(&engine, &packing, &diagonals, &state.weights)?;
        for (mut column, value) in out.columns_mut().into_iter().zip(values) {
            let (real, imaginary) = value.parts();
            let numbers = [real, imaginary]
                .into_iter()
                .flat_map(|part| part.real().iter().step_by(packing.columns()).copied().collect::<Vec<_>>());
            column
                .iter_mut()
                .zip(numbers)
                .for_each(|(score, number)| *score = job.head().score_unit().value() * number);
        }
    }
    Ok(scores)
}

/// All blocks of the data. `encode` makes each vector from slots, level and scale.
fn blocks<H: Head, V: Send>(
    plan: &Plan<H>,
    samples: &Samples,
    encode: impl Fn(Slots, usize, Scale) -> Result<V> + Sync,
) -> Result<Vec<Block<V>>> {
    let job = &plan.job;
    let block = |index| {
        stop::check()?;
        let packed = samples.block(job.packing(), index)?;
        job.layout().build(|item| {
            let (level, scale) = plan.encoding(item);
            encode(packed.slots(job.head(), item), level, scale)
        })
    };
    (0..job.packing().blocks()).map(block).collect()
}

/// The weights, from the slots of all vectors of the state.
fn weights<'a, H: Head>(job: &Job<H>, slots: impl Iterator<Item = &'a [f64]>) -> Vec<Array1<f64>> {
    let vectors = job.weights();
    let one = |(vector, slots): (&WeightVector, &[f64])| {
        Array1::from_vec(untile(slots, vector.period)) * vector.unit.value()
    };
    job.from_vectors(&vectors.iter().zip(slots).map(one).collect::<Vec<_>>())
}
