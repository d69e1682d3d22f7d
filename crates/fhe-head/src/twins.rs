//! The plain and the simulated twin of an encrypted training, on the data party's side.

use ckks::{Parameters, Scale};
use ndarray::Array1;
use rayon::prelude::*;

use crate::engine::Rows;
use crate::engine::plain::Plain;
use crate::engine::simulate::{Simulate, Simulated};
use crate::engine::trace::{RefreshContract, Trace};
use crate::error::Result;
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

/// Trains with exact arithmetic and exact functions: one period of each parameter.
///
/// # Errors
/// [`crate::Error::Shape`] if the plan is for other data.
pub fn train_plain<H: Head>(plan: &Plan<H>, samples: &Samples) -> Result<Vec<Array1<f64>>> {
    let engine = Plain::new(plan.job.packing().slots());
    let blocks = blocks(plan, samples, |slots, _, _| Ok(slots))?;
    let state = Trainer::new(&engine, &plan.job, &blocks)?.run(State::default(), |_| Ok(()))?;
    let parameters: Vec<&[f64]> = state.parameters.iter().map(Vec::as_slice).collect();
    Ok(weights(plan, &parameters))
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
) -> Result<SimulatedHead> {
    let engine = Simulate::new(Trace::new(parameters, contract.cloned()).with_keys(plan.keys.clone()));
    let blocks: Vec<Block<Simulated>> =
        blocks(plan, samples, |slots, level, scale| engine.encrypt(slots, level, scale))?;
    let state = Trainer::new(&engine, &plan.job, &blocks)?.run(State::default(), |_| Ok(()))?;
    let slots: Vec<&[f64]> = state.parameters.iter().map(Simulated::slots).collect();
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
    encode: impl Fn(Vec<f64>, usize, Scale) -> Result<V> + Sync,
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
            let weight = encode(packed.weights(), levels.weights, scale(spec.row_scale))?;
            let target = |k| encode(packed.targets(&spec.head, k), levels.targets, scale(spec.row_scale));
            let targets = (0..spec.head.targets()).map(target).collect::<Result<_>>()?;
            Ok(Block { samples, rows: Rows { weight, targets } })
        })
        .collect()
}

/// One period of each parameter from the slots of `p = w / B`.
fn weights<H: Head>(plan: &Plan<H>, slots: &[&[f64]]) -> Vec<Array1<f64>> {
    let one = |(parameter, slots): (&crate::head::Parameter, &&[f64])| {
        Array1::from_vec(untile(slots, parameter.period)) * parameter.unit
    };
    plan.parameters().iter().zip(slots).map(one).collect()
}
