//! Logistic regression: binary, one output against the rest for each class, or one for each label of a sample.

use ckks::threads::try_map;
use serde::{Deserialize, Serialize};

use super::head::Head;
use super::linear::residuals_at_zero;
use super::logistic_residual::logistic_residual;
use super::pass::Pass;
use super::quantities::{ErrorScale, Gradient, Unit};
use super::weights::Weights;
use crate::engine::Engine;
use crate::error::{Error, Result};
use crate::functions::Sigmoid;
use crate::packing::Rows;
use crate::ranges;

/// Independent logistic regressions, one for each output. The target of an output is `y - 1/2`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Logistic {
    /// 1 for a binary head, with labels 0 and 1. Otherwise the number of classes, one output for each against the rest, or of labels.
    pub outputs: usize,
    /// Whether the outputs are labels, of which a sample may have any number: it then has a 0 or 1 for each.
    #[serde(default)]
    pub multi_label: bool,
    /// The approximation of the logistic function.
    pub sigmoid: Sigmoid,
}

impl Logistic {
    /// A binary head.
    pub fn binary(sigmoid: Sigmoid) -> Self {
        Self { outputs: 1, multi_label: false, sigmoid }
    }

    /// A head with one output for each class, against the rest.
    pub fn one_vs_rest(classes: usize, sigmoid: Sigmoid) -> Self {
        Self { outputs: classes, multi_label: false, sigmoid }
    }

    /// A head with one output for each label, of which a sample may have any number.
    pub fn multi_label(labels: usize, sigmoid: Sigmoid) -> Self {
        Self { outputs: labels, multi_label: true, sigmoid }
    }

    /// `rate s (sigma(z_k) - y_k)` for each output, at the scale that `scale` gives for its level. `logits` is `None` if all are zero.
    ///
    /// # Errors
    /// [`Error::Level`] if too few levels are left.
    pub(super) fn residuals<E: Engine>(
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
        let residual = |(t, target): (&E::Value, &E::Value)| {
            logistic_residual(engine, &self.sigmoid, t, &rows.weight, target, rate, scale)
        };
        try_map(logits.iter().zip(&rows.targets), residual)
    }
}

impl Head for Logistic {
    fn check(&self) -> Result<()> {
        if self.outputs == 1 || self.outputs > 2 || (self.multi_label && self.outputs > 0) {
            return ranges::outputs("outputs", self.outputs, 1);
        }
        Err(Error::Parameter {
            name: "outputs",
            got: self.outputs.to_string(),
            expected: "1 for two classes, else as many as there are classes".into(),
        })
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
        let positive = |k: usize| match self.outputs {
            _ if self.multi_label => labels[k] == 1.0,
            1 => labels[0] == 1.0,
            _ => labels[0] == k as f64,
        };
        for (k, target) in targets.iter_mut().enumerate() {
            *target = if positive(k) { 0.5 } else { -0.5 };
        }
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
        Unit::of_half_width(self.sigmoid.half_width())
    }
}
