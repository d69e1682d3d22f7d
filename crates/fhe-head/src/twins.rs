//! The plain and the simulated twin of an encrypted training, on the data party's side.

use ckks::{Parameters, Scale};
use ndarray::Array1;
use rayon::prelude::*;

use crate::engine::Rows;
use crate::engine::plain::Plain;
use crate::engine::simulate::{Simulate, Simulated};
use crate::engine::trace::{RefreshContract, Trace};
use crate::error::Result;
use crate::plan::Plan;
use crate::samples::Samples;
use crate::trainer::{Block, State, Trainer};

/// A simulated training.
#[derive(Clone, Debug)]
pub struct SimulatedHead {
    /// Weights of the `D` padded features, the constant one's last.
    pub weights: Array1<f64>,
    /// Standard deviation of the noise that encryption would leave in a weight, by estimate.
    pub error_std: f64,
}

/// Trains with exact arithmetic and the exact logistic function: weights of the `D` padded features.
///
/// # Errors
/// [`crate::Error::Shape`] if the plan is for other data.
pub fn train_plain(plan: &Plan, samples: &Samples) -> Result<Array1<f64>> {
    let engine = Plain::new(plan.job.packing().slots());
    let blocks = blocks(plan, samples, |slots, _, _| Ok(slots))?;
    let state = Trainer::new(&engine, &plan.job, &blocks)?.run(State::default(), |_| Ok(()))?;
    Ok(weights(plan, &state.weights.unwrap_or_default()))
}

/// Trains as the encrypted twin does, with levels, scales and noise tracked.
///
/// # Errors
/// Whatever ciphertexts would refuse: [`crate::Error::Level`], [`crate::Error::Overflow`] and so on.
pub fn train_simulated(
    plan: &Plan,
    parameters: &Parameters,
    contract: Option<&RefreshContract>,
    samples: &Samples,
) -> Result<SimulatedHead> {
    let engine = Simulate::new(Trace::new(parameters, contract.cloned()).with_keys(plan.keys.clone()));
    let blocks: Vec<Block<Simulated>> =
        blocks(plan, samples, |slots, level, scale| engine.encrypt(slots, level, scale))?;
    let state = Trainer::new(&engine, &plan.job, &blocks)?.run(State::default(), |_| Ok(()))?;
    let half_width = plan.job.sigmoid().half_width();
    let Some(value) = state.weights else {
        return Ok(SimulatedHead { weights: weights(plan, &[]), error_std: 0.0 });
    };
    // most of the error is common to all tiles of a weight: their mean does not average it away
    let error_std = half_width * engine.error_std(&value);
    Ok(SimulatedHead { weights: weights(plan, value.slots()), error_std })
}

/// All slot vectors of the data, each with its level and scale.
pub(crate) fn blocks<V: Send>(
    plan: &Plan,
    samples: &Samples,
    encode: impl Fn(Vec<f64>, usize, Scale) -> Result<V> + Sync,
) -> Result<Vec<Block<V>>> {
    let spec = plan.job.spec();
    let scale = Scale::power_of_two;
    (0..spec.packing.blocks())
        .map(|block| {
            let packed = samples.block(&spec.packing, block)?;
            let samples = (0..spec.packing.diagonals())
                .into_par_iter()
                .map(|i| encode(packed.diagonal(i), plan.levels.samples, scale(spec.data_scale)))
                .collect::<Result<Vec<_>>>()?;
            let weight = encode(packed.weights(), plan.levels.weights, scale(spec.row_scale))?;
            let label = encode(packed.labels(), plan.levels.labels, scale(spec.row_scale))?;
            Ok(Block { samples, rows: Rows { weight, label } })
        })
        .collect()
}

/// Weights from the slots of `p = w / B`.
pub(crate) fn weights(plan: &Plan, slots: &[f64]) -> Array1<f64> {
    let packing = plan.job.packing();
    if slots.is_empty() {
        return Array1::zeros(packing.features());
    }
    Array1::from_vec(packing.untile(slots)) * plan.job.sigmoid().half_width()
}
