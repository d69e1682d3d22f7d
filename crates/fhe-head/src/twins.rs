//! The plain and the simulated twin of an encrypted training, on the data party's side.

use ckks::{Parameters, Scale};
use ndarray::Array1;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::engine::plain::Plain;
use crate::engine::simulate::{Simulate, Simulated};
use crate::engine::trace::{RefreshContract, Trace};
use crate::engine::{Rows, Slots};
use crate::error::{Error, Result};
use crate::head::Head;
use crate::packing::untile;
use crate::plan::Plan;
use crate::samples::Samples;
use crate::trainer::{Block, State, Trainer};

/// A simulated training.
#[derive(Clone, Debug)]
pub struct SimulatedHead {
    /// One period of each parameter; those over the features have the constant one's last.
    pub parameters: Vec<Array1<f64>>,
    /// Standard deviation of the noise that encryption would leave in a weight, by estimate: the largest of all
    /// parameters.
    pub error_std: f64,
}

/// Which functions a training in plain arithmetic computes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Functions {
    /// Those that polynomials stand for.
    Exact,
    /// The polynomials, as under encryption.
    #[default]
    Polynomials,
}

impl Functions {
    fn engine<H: Head>(self, plan: &Plan<H>) -> Plain {
        let slots = plan.job.packing().slots();
        match self {
            Self::Exact => Plain::new(slots),
            Self::Polynomials => Plain::with_polynomials(slots),
        }
    }
}

/// Trains with exact arithmetic and exact functions, from given parameters or from zero: one period of each parameter.
///
/// # Errors
/// [`crate::Error::Shape`] if the plan is for other data or other parameters.
pub fn train_plain<H: Head>(
    plan: &Plan<H>,
    samples: &Samples,
    start: Option<&[Array1<f64>]>,
) -> Result<Vec<Array1<f64>>> {
    let mut last = Vec::new();
    train_observed(plan, samples, start, Functions::Exact, |state| {
        last = parameters(plan, state);
        Ok(())
    })?;
    Ok(last)
}

/// The parameters after each iteration in plain arithmetic: one period of each.
///
/// # Errors
/// As [`train_plain`].
pub fn trajectory<H: Head>(
    plan: &Plan<H>,
    samples: &Samples,
    start: Option<&[Array1<f64>]>,
    functions: Functions,
) -> Result<Vec<Vec<Array1<f64>>>> {
    let mut iterates = Vec::with_capacity(plan.job.iterations());
    train_observed(plan, samples, start, functions, |state| {
        iterates.push(parameters(plan, state));
        Ok(())
    })?;
    Ok(iterates)
}

/// Trains in plain arithmetic; `observe` sees the state after each iteration.
fn train_observed<H: Head>(
    plan: &Plan<H>,
    samples: &Samples,
    start: Option<&[Array1<f64>]>,
    functions: Functions,
    observe: impl FnMut(&State<Slots>) -> Result<()>,
) -> Result<()> {
    let engine = functions.engine(plan);
    let blocks = blocks(plan, samples, |slots, _, _| Ok(slots))?;
    let start = state(plan, start, |slots, _, _| Ok(slots))?;
    Trainer::new(&engine, &plan.job, &blocks)?.run(start, observe)?;
    Ok(())
}

/// One period of each parameter of a state in plain arithmetic.
fn parameters<H: Head>(plan: &Plan<H>, state: &State<Slots>) -> Vec<Array1<f64>> {
    let slots: Vec<&[f64]> = state.parameters.iter().map(Slots::real).collect();
    weights(plan, &slots)
}

/// Trains as the encrypted twin does, with levels, scales and noise tracked.
///
/// # Errors
/// Whatever ciphertexts would refuse: [`crate::Error::Level`], [`crate::Error::Overflow`] and so on.
pub fn train_simulated<H: Head>(
    plan: &Plan<H>,
    parameters: &Parameters,
    contract: Option<&RefreshContract>,
    samples: &Samples,
    start: Option<&[Array1<f64>]>,
) -> Result<SimulatedHead> {
    let engine = Simulate::new(Trace::new(parameters, contract.cloned()).with_keys(plan.keys.clone()));
    let blocks: Vec<Block<Simulated>> =
        blocks(plan, samples, |slots, level, scale| engine.encrypt(slots, level, scale))?;
    let start = state(plan, start, |slots, level, scale| engine.encrypt(slots, level, scale))?;
    let state = Trainer::new(&engine, &plan.job, &blocks)?.run(start, |_| Ok(()))?;
    let slots: Vec<&[f64]> = state.parameters.iter().map(|p| p.slots().real()).collect();
    // most of the error is common to all tiles of a weight: their mean does not average it away
    let error_std = plan
        .parameters()
        .iter()
        .zip(&state.parameters)
        .fold(0.0, |max: f64, (parameter, value)| max.max(parameter.unit * engine.error_std(value)));
    Ok(SimulatedHead { parameters: weights(plan, &slots), error_std })
}

/// All slot vectors of the data, each with its level and scale.
pub(crate) fn blocks<H: Head, V: Send>(
    plan: &Plan<H>,
    samples: &Samples,
    encode: impl Fn(Slots, usize, Scale) -> Result<V> + Sync,
) -> Result<Vec<Block<V>>> {
    let (spec, levels) = (plan.job.spec(), plan.levels);
    let scale = Scale::power_of_two;
    (0..spec.packing.blocks())
        .map(|block| {
            let packed = samples.block(&spec.packing, block)?;
            let samples = (0..spec.packing.diagonals())
                .into_par_iter()
                .map(|i| encode(packed.diagonal(i), levels.samples, scale(spec.data_scale)))
                .collect::<Result<Vec<_>>>()?;
            let rows = (0..spec.packing.halves()).map(|half| {
                let weight = encode(packed.weights(half), levels.weights, scale(spec.row_scale))?;
                let target = |k| packed.targets(&spec.head, half, k);
                let encode = |k| encode(target(k), levels.targets, scale(spec.row_scale));
                Ok(Rows { weight, targets: (0..spec.head.targets()).map(encode).collect::<Result<_>>()? })
            });
            Ok(Block { samples, rows: rows.collect::<Result<_>>()? })
        })
        .collect()
}

/// A state may start as far out as the planner leaves room, in units.
const LARGEST_START: f64 = 8.0;

/// The state that starts from these parameters, each with its level and scale; from zero without any.
///
/// # Errors
/// [`Error::Shape`] if they are not one period of each parameter; [`Error::OutsideInterval`] if one is far beyond its unit; errors
/// of `encode`.
pub(crate) fn state<H: Head, V: Send>(
    plan: &Plan<H>,
    start: Option<&[Array1<f64>]>,
    encode: impl Fn(Slots, usize, Scale) -> Result<V> + Sync,
) -> Result<State<V>> {
    let Some(start) = start else { return Ok(State::default()) };
    let (parameters, spec) = (plan.parameters(), plan.job.spec());
    if parameters.len() != start.len() {
        let (expected, got) = (parameters.len(), start.len());
        return Err(Error::Shape { what: "initial parameters", expected, got });
    }
    let vectors = parameters.par_iter().zip(start).map(|(parameter, weights)| {
        if weights.len() != parameter.period {
            let (expected, got) = (parameter.period, weights.len());
            return Err(Error::Shape { what: "weights of an initial parameter", expected, got });
        }
        let largest = weights.fold(0.0, |max: f64, w| max.max(w.abs()));
        let half_width = LARGEST_START * parameter.unit.abs();
        if largest.is_nan() || largest > half_width {
            let when = format!("in the initial {}", parameter.name);
            return Err(Error::OutsideInterval { logit: largest, half_width, when });
        }
        let slots = spec.packing.tile(&(weights / parameter.unit).to_vec());
        encode(slots.into(), spec.entry_level, Scale::power_of_two(spec.state_scale))
    });
    Ok(State::from_parameters(vectors.collect::<Result<_>>()?))
}

/// One period of each parameter from the slots of `p = w / B`.
fn weights<H: Head>(plan: &Plan<H>, slots: &[&[f64]]) -> Vec<Array1<f64>> {
    let one = |(parameter, slots): (&crate::head::Parameter, &&[f64])| {
        Array1::from_vec(untile(slots, parameter.period)) * parameter.unit
    };
    plan.parameters().iter().zip(slots).map(one).collect()
}
