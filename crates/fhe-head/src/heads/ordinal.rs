//! Classes in an order: logistic regressions for the steps between neighbours, which share the weights of the features.

use ckks::threads::try_map;
use serde::{Deserialize, Serialize};

use super::columns::for_both_halves;
use super::head::Head;
use super::linear::linear_scores;
use super::pass::Pass;
use super::quantities::{Gradient, Residual, Unit};
use super::weights::{Layer, Weights};
use crate::engine::Engine;
use crate::error::Result;
use crate::functions::Sigmoid;
use crate::packing::Packing;
use crate::ranges;

/// Proportional odds for classes `0 .. steps`: class `y` is above `k` with probability `sigma(w . x + b + b_k)`. The loss is the sum of the
/// logistic losses of all steps (Rennie and Srebro 2005, all thresholds). The target of step `k` is 1/2 for a class above `k`, else -1/2.
///
/// The weights are one layer, with its intercept `b`, and a threshold `b_k` for each step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ordinal {
    /// Steps between neighbouring classes: one less than there are classes.
    pub steps: usize,
    /// The approximation of the logistic function.
    pub sigmoid: Sigmoid,
}

impl Ordinal {
    /// How many vectors of the state hold the layer; the thresholds follow.
    fn layer_vectors(packing: &Packing) -> usize {
        Layer::vector_counts(packing, 1).iter().sum()
    }

    /// Intercepts of the steps, each with that of the layer, from the weights as the data party has them.
    pub fn thresholds(weights: &[ndarray::Array1<f64>]) -> Vec<f64> {
        let Some((layer, thresholds)) = weights.split_first() else { return Vec::new() };
        let shared = layer.last().copied().unwrap_or_default();
        thresholds.iter().map(|threshold| shared + threshold[0]).collect()
    }
}

impl Head for Ordinal {
    fn check(&self) -> Result<()> {
        ranges::outputs("steps", self.steps, 1)
    }

    /// Only `linear_gradient` and `linear_scores` touch the samples, and both handle two in a slot.
    fn pairs_samples(&self) -> bool {
        true
    }

    fn weights(&self) -> Vec<Weights> {
        let unit = self.score_unit();
        let threshold = |k| Weights::intercept(format!("threshold[{k}]"), unit);
        [Weights::layer("coef", 1, unit)].into_iter().chain((0..self.steps).map(threshold)).collect()
    }

    fn targets(&self) -> usize {
        self.steps
    }

    fn target(&self, labels: &[f64], targets: &mut [f64]) {
        for (k, target) in targets.iter_mut().enumerate() {
            *target = if labels[0] > k as f64 { 0.5 } else { -0.5 };
        }
    }

    fn gradient<E: Engine>(
        &self,
        pass: &Pass<'_, E>,
        weights: Option<&[E::Value]>,
    ) -> Result<Vec<Gradient<E::Value>>> {
        let engine = pass.engine;
        let layer = Self::layer_vectors(pass.packing);
        let (coef, thresholds) = weights.map(|weights| weights.split_at(layer)).unzip();
        // residuals of each step, summed over the blocks: the gradients of the thresholds come from them
        let mut steps: Vec<Option<Residual<E::Value>>> = vec![None; self.steps];
        let mut gradients = pass.linear_gradient(coef, |logits, rows| {
            let mut total = None;
            for (k, step) in steps.iter_mut().enumerate() {
                let logit = logits.zip(thresholds).map(|(logits, thresholds)| {
                    let threshold = engine.mul_const(&thresholds[k], 1.0, &engine.scale(&logits[0]))?;
                    engine.add(&logits[0], &threshold)
                });
                let residual = pass.logistic_residual(&self.sigmoid, logit.transpose()?.as_ref(), rows, k)?;
                *step = Some(sum(engine, step.as_ref(), &residual)?);
                total = Some(sum(engine, total.as_ref(), &residual)?);
            }
            Ok(total.into_iter().collect())
        })?;
        for residuals in steps.iter().flatten() {
            gradients.push(pass.sum_over_samples(residuals)?);
        }
        Ok(gradients)
    }

    fn scores(&self) -> usize {
        self.steps
    }

    fn score<E: Engine>(
        &self,
        engine: &E,
        packing: &Packing,
        samples: &[E::Value],
        weights: &[E::Value],
    ) -> Result<Vec<E::Value>> {
        let (coef, thresholds) = weights.split_at(Self::layer_vectors(packing));
        let shared = linear_scores(engine, packing, samples, coef)?;
        try_map(thresholds, |threshold| {
            let threshold = engine.mul_const(threshold, 1.0, &engine.scale(&shared[0]))?;
            engine.add(&shared[0], &for_both_halves(engine, packing, threshold)?)
        })
    }

    fn score_unit(&self) -> Unit {
        Unit::of_half_width(self.sigmoid.half_width())
    }
}

fn sum<E: Engine>(
    engine: &E,
    sum: Option<&Residual<E::Value>>,
    residual: &Residual<E::Value>,
) -> Result<Residual<E::Value>> {
    sum.map_or_else(|| Ok(residual.clone()), |sum| sum.plus(engine, residual))
}
