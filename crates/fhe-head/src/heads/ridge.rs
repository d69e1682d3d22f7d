//! Linear regression. With an L2 penalty, or behind a whitening with a ridge, it is ridge regression.

use ckks::threads::try_map;
use serde::{Deserialize, Serialize};

use super::head::Head;
use super::linear::{minus_targets, residuals_at_zero};
use super::pass::Pass;
use super::quantities::{ErrorScale, Gradient, Unit};
use super::weights::Weights;
use crate::engine::{Engine, require_levels};
use crate::error::Result;
use crate::packing::Rows;
use crate::ranges;

/// Independent least squares, one for each output: half the weighted mean squared error. The labels of a sample are its numbers, and the
/// targets too.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ridge {
    /// Numbers that are predicted.
    pub outputs: usize,
    /// Bound on the predictions and the weights: their unit. No polynomial depends on it, but ciphertexts hold what is of order one
    /// best, and bootstraps hold nothing that is much larger.
    pub half_width: f64,
}

impl Ridge {
    /// `rate s (z_k - y_k)` for each output, at the scale that `scale` gives for its level. `logits` are `z / B`, or `None` if all are
    /// zero. One level.
    fn residuals<E: Engine>(
        &self,
        engine: &E,
        logits: Option<&[E::Value]>,
        rows: &Rows<E::Value>,
        rate: f64,
        scale: &ErrorScale<'_>,
    ) -> Result<Vec<E::Value>> {
        let Some(logits) = logits else {
            return residuals_at_zero(engine, rows, rate, scale);
        };
        let level = engine.level(&logits[0]);
        require_levels("gradient", level, 1)?;
        let out = scale(level - 1);
        // the rate and the unit multiply the row weights in advance, so they take no level
        let weight_scale = out.mul(&engine.rescale_factor(level)).div(&engine.scale(&logits[0]));
        let weight = engine.drop_to(&rows.weight, level + 1)?;
        let weight = engine.mul_const(&weight, rate * self.half_width, &weight_scale)?;
        let predictions = try_map(logits, |z| engine.mul(&weight, z))?;
        minus_targets(engine, &predictions, rows, rate, &out)
    }
}

impl Head for Ridge {
    fn check(&self) -> Result<()> {
        ranges::outputs("outputs", self.outputs, 1)?;
        ranges::half_width("half_width", Some(self.half_width))
    }

    fn pairs_samples(&self) -> bool {
        true
    }

    fn weights(&self) -> Vec<Weights> {
        vec![Weights::layer("coef", self.outputs, self.score_unit())]
    }

    fn targets(&self) -> usize {
        self.outputs
    }

    fn target(&self, labels: &[f64], targets: &mut [f64]) {
        targets.copy_from_slice(labels);
    }

    fn gradient<E: Engine>(
        &self,
        pass: &Pass<'_, E>,
        weights: Option<&[E::Value]>,
    ) -> Result<Vec<Gradient<E::Value>>> {
        pass.linear_gradient(weights, |logits, rows| {
            pass.residuals(self.score_unit(), |rate, scale| {
                self.residuals(pass.engine, logits, rows, rate, scale)
            })
        })
    }

    fn scores(&self) -> usize {
        self.outputs
    }

    fn score_unit(&self) -> Unit {
        Unit::of_half_width(self.half_width)
    }
}
