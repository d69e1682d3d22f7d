//! Parts of the linear heads: logits, and residuals at zero weights.

use ckks::Scale;

use super::quantities::ErrorScale;
use crate::engine::{Engine, require_levels};
use crate::error::Result;
use crate::packing::{Packing, Rows, forward, rotated_weights};

/// Logits of each output divided by the unit, in column 0 of one vector for each output. One level. Those of a complex block are
/// complex; the data party reads both parts.
pub(super) fn linear_scores<E: Engine>(
    engine: &E,
    packing: &Packing,
    samples: &[E::Value],
    weights: &[E::Value],
) -> Result<Vec<E::Value>> {
    forward(engine, packing, samples, &rotated_weights(engine, packing, weights)?, |_| 0)
}

/// Residuals of all outputs while the logits are zero: `-rate` times the targets. One level.
pub(super) fn residuals_at_zero<E: Engine>(
    engine: &E,
    rows: &Rows<E::Value>,
    rate: f64,
    scale: &ErrorScale<'_>,
) -> Result<Vec<E::Value>> {
    rows.targets.iter().map(|target| residual_at_zero(engine, target, rate, scale)).collect()
}

/// The residual of one output while its logits are zero. One level.
pub(super) fn residual_at_zero<E: Engine>(
    engine: &E,
    target: &E::Value,
    rate: f64,
    scale: &ErrorScale<'_>,
) -> Result<E::Value> {
    let level = engine.level(target);
    require_levels("gradient", level, 1)?;
    engine.mul_const(target, -rate, &scale(level - 1))
}

/// Predictions minus `rate` times the targets, at scale `out`, which is that of the predictions.
pub(super) fn minus_targets<E: Engine>(
    engine: &E,
    predictions: &[E::Value],
    rows: &Rows<E::Value>,
    rate: f64,
    out: &Scale,
) -> Result<Vec<E::Value>> {
    let residual = |(prediction, target): (&E::Value, &E::Value)| {
        let target = engine.drop_to(target, engine.level(prediction) + 1)?;
        engine.sub(prediction, &engine.mul_const(&target, rate, out)?)
    };
    predictions.iter().zip(&rows.targets).map(residual).collect()
}
