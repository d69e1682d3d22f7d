//! Logistic regression: binary, or one against the rest for each class.

use ckks::threads::try_map;
use serde::{Deserialize, Serialize};

use super::{ErrorScale, linear_scores};
use crate::engine::{Engine, Rows};
use crate::error::{Error, Result};
use crate::head::{Head, Parameter};
use crate::packing::Packing;
use crate::pass::Pass;
use crate::sigmoid::{self, Sigmoid};

/// Logistic regressions side by side. Targets are `y - 1/2` of each output.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Logistic {
    /// 1 for a binary head, whose labels are 0 and 1; else one output for each class, against the rest.
    pub outputs: usize,
    /// The approximation of the logistic function.
    pub sigmoid: Sigmoid,
}

impl Logistic {
    /// A binary head.
    pub fn binary(sigmoid: Sigmoid) -> Self {
        Self { outputs: 1, sigmoid }
    }

    /// A head with one output for each class.
    pub fn one_vs_rest(classes: usize, sigmoid: Sigmoid) -> Self {
        Self { outputs: classes, sigmoid }
    }

    /// `rate s (sigma(z_k) - y_k)` for each output; `None` stands for logits that are all zero.
    ///
    /// # Errors
    /// [`Error::Level`] if the levels do not suffice.
    pub(super) fn residuals<E: Engine>(
        &self,
        engine: &E,
        logits: Option<&[E::Value]>,
        rows: &Rows<E::Value>,
        rate: f64,
        scale: &ErrorScale<'_>,
    ) -> Result<Vec<E::Value>> {
        let Some(logits) = logits else {
            return super::residuals_at_zero(engine, rows, rate, scale);
        };
        let residual = |(t, target): (&E::Value, &E::Value)| {
            sigmoid::residual(engine, &self.sigmoid, t, (&rows.weight, target), rate, scale)
        };
        try_map(logits.iter().zip(&rows.targets), residual)
    }
}

impl Head for Logistic {
    fn check(&self) -> Result<()> {
        if self.outputs == 1 || self.outputs > 2 {
            return Ok(());
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

    fn parameters(&self, packing: &Packing) -> Vec<Parameter> {
        (0..self.outputs)
            .map(|k| Parameter::features(format!("coef[{k}]"), packing, self.sigmoid.half_width()))
            .collect()
    }

    fn targets(&self) -> usize {
        self.outputs
    }

    fn target(&self, label: f64, targets: &mut [f64]) {
        let positive = |k: usize| if self.outputs == 1 { label == 1.0 } else { label == k as f64 };
        for (k, target) in targets.iter_mut().enumerate() {
            *target = if positive(k) { 0.5 } else { -0.5 };
        }
    }

    fn gradient<E: Engine>(
        &self,
        pass: &Pass<'_, E>,
        parameters: Option<&[E::Value]>,
    ) -> Result<Vec<E::Value>> {
        let rate = pass.rate / self.sigmoid.half_width();
        pass.linear_gradient(parameters, |logits, rows| {
            self.residuals(pass.engine, logits, rows, rate, &|level| pass.error_scale(level))
        })
    }

    fn scores(&self) -> usize {
        self.outputs
    }

    fn score<E: Engine>(
        &self,
        engine: &E,
        packing: &Packing,
        samples: &[E::Value],
        parameters: &[E::Value],
    ) -> Result<Vec<E::Value>> {
        linear_scores(engine, packing, samples, parameters)
    }

    fn score_unit(&self) -> f64 {
        self.sigmoid.half_width()
    }
}
