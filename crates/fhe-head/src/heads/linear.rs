//! Parts of the linear heads: logits, and residuals at zero weights.

use ckks::Scale;
use ckks::threads::try_map;

use super::columns::for_both_halves;
use super::quantities::ErrorScale;
use super::weights::Layer;
use crate::engine::{Engine, require_levels};
use crate::error::Result;
use crate::packing::{Packing, Rows, forward, rotated_weights};

/// Logits of each output of a linear layer divided by the unit, in column 0 of one vector for each output. One level. Those of a complex
/// block are complex. `weights` are the vectors of the state that hold the layer ([`Layer`]).
///
/// # Errors
/// Those of the engine.
pub fn linear_scores<E: Engine>(
    engine: &E,
    packing: &Packing,
    samples: &[E::Value],
    weights: &[E::Value],
) -> Result<Vec<E::Value>> {
    LinearLayer::new(engine, packing, weights)?.logits(samples)
}

/// A linear layer, ready for the samples of all blocks.
pub(super) struct LinearLayer<'a, E: Engine> {
    engine: &'a E,
    packing: &'a Packing,
    rotated: Vec<Vec<E::Value>>,
    /// Vectors of separate intercepts.
    intercepts: &'a [E::Value],
    /// The intercept of each output in column 0, at the scale of the logits. The first block shows which that is.
    at_logits: Option<Vec<E::Value>>,
}

impl<'a, E: Engine> LinearLayer<'a, E> {
    /// The layer that these vectors of the state hold.
    pub(super) fn new(engine: &'a E, packing: &'a Packing, weights: &'a [E::Value]) -> Result<Self> {
        let (features, intercepts) = Layer::split(packing, weights);
        let rotated = rotated_weights(engine, packing, features)?;
        Ok(Self { engine, packing, rotated, intercepts, at_logits: None })
    }

    /// Logits of the samples of a block.
    pub(super) fn logits(&mut self, samples: &[E::Value]) -> Result<Vec<E::Value>> {
        let products = forward(self.engine, self.packing, samples, &self.rotated, |_| 0)?;
        if self.intercepts.is_empty() {
            return Ok(products);
        }
        let intercepts = match self.at_logits.take() {
            Some(intercepts) => intercepts,
            None => self.first_columns(&products[0])?,
        };
        let logits = products.iter().zip(&intercepts);
        let logits = logits.map(|(products, intercept)| self.engine.add(products, intercept)).collect();
        self.at_logits = Some(intercepts);
        logits
    }

    /// The intercept of each output in column 0, at the level and scale of `logits`.
    fn first_columns(&self, logits: &E::Value) -> Result<Vec<E::Value>> {
        let (engine, columns, outputs) = (self.engine, self.packing.columns(), self.rotated.len());
        let rotated = try_map(self.intercepts.iter().enumerate(), |(v, vector)| {
            let above = engine.drop_to(vector, (engine.level(logits) + 1).min(engine.level(vector)))?;
            let vector = engine.mul_const(&above, 1.0, &engine.scale(logits))?;
            let vector = for_both_halves(engine, self.packing, vector)?;
            let steps: Vec<isize> = (0..columns.min(outputs - v * columns) as isize).collect();
            engine.rotate_many(&vector, &steps)
        })?;
        Ok(rotated.into_iter().flatten().collect())
    }
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
