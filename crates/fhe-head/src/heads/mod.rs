//! The heads that the crate brings.

mod logistic;
mod mlp;
mod softmax;

pub use logistic::Logistic;
pub use mlp::{Mlp, Output};
pub use softmax::Multinomial;

use ckks::Scale;
use serde::{Deserialize, Serialize};

use crate::engine::{Engine, Rows};
use crate::error::Result;
use crate::head::{Head, Parameter};
use crate::packing::{Packing, forward, rotated_weights};
use crate::pass::{Pass, require_levels};

/// Any of the heads that the crate brings: what job files hold.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BuiltIn {
    /// Logistic regression: binary, or one against the rest for each class.
    Logistic(Logistic),
    /// Multinomial logistic regression.
    Softmax(Multinomial),
    /// A hidden layer before one of these losses.
    Mlp(Mlp),
}

/// The scale at which residuals at a level are wanted.
pub(crate) type ErrorScale<'a> = dyn Fn(usize) -> Scale + Sync + 'a;

/// Scores of a linear head: the logits of each output, every one in column 0 of a ciphertext of its own. Those of a complex block stay
/// complex: the data party reads both parts.
fn linear_scores<E: Engine>(
    engine: &E,
    packing: &Packing,
    samples: &[E::Value],
    parameters: &[E::Value],
) -> Result<Vec<E::Value>> {
    forward(engine, packing, samples, &rotated_weights(engine, packing, parameters)?, |_| 0)
}

/// Residuals while all logits are zero: `-rate` times the targets.
fn residuals_at_zero<E: Engine>(
    engine: &E,
    rows: &Rows<E::Value>,
    rate: f64,
    scale: &ErrorScale<'_>,
) -> Result<Vec<E::Value>> {
    rows.targets.iter().map(|target| residual_at_zero(engine, target, rate, scale)).collect()
}

/// The residual of one output while its logits are zero.
pub(crate) fn residual_at_zero<E: Engine>(
    engine: &E,
    target: &E::Value,
    rate: f64,
    scale: &ErrorScale<'_>,
) -> Result<E::Value> {
    let level = engine.level(target);
    require_levels("gradient", level, 1)?;
    engine.mul_const(target, -rate, &scale(level - 1))
}

/// `rate` times the targets taken off predictions, at the scale of these.
fn minus_targets<E: Engine>(
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

/// The same call on whichever head it is.
macro_rules! each {
    ($self:expr, $head:ident => $call:expr) => {
        match $self {
            Self::Logistic($head) => $call,
            Self::Softmax($head) => $call,
            Self::Mlp($head) => $call,
        }
    };
}

impl BuiltIn {
    /// Whether probabilities are the softmax of all logits; else each is the logistic function of its own.
    pub fn is_softmax(&self) -> bool {
        match self {
            Self::Logistic(_) => false,
            Self::Softmax(_) => true,
            Self::Mlp(mlp) => matches!(mlp.output, Output::Softmax(_)),
        }
    }
}

impl Head for BuiltIn {
    fn check(&self) -> Result<()> {
        each!(self, head => head.check())
    }

    fn accepts(&self, packing: &Packing) -> bool {
        each!(self, head => head.accepts(packing))
    }

    fn pairs_samples(&self) -> bool {
        each!(self, head => head.pairs_samples())
    }

    fn parameters(&self, packing: &Packing) -> Vec<Parameter> {
        each!(self, head => head.parameters(packing))
    }

    fn initial(&self, features: usize, random_state: u64) -> Option<Vec<Vec<f64>>> {
        each!(self, head => head.initial(features, random_state))
    }

    fn refresh_points(&self) -> &'static [&'static str] {
        each!(self, head => head.refresh_points())
    }

    fn targets(&self) -> usize {
        each!(self, head => head.targets())
    }

    fn target(&self, label: f64, targets: &mut [f64]) {
        each!(self, head => head.target(label, targets));
    }

    fn gradient<E: Engine>(
        &self,
        pass: &Pass<'_, E>,
        parameters: Option<&[E::Value]>,
    ) -> Result<Vec<E::Value>> {
        each!(self, head => head.gradient(pass, parameters))
    }

    fn scores(&self) -> usize {
        each!(self, head => head.scores())
    }

    fn score<E: Engine>(
        &self,
        engine: &E,
        packing: &Packing,
        samples: &[E::Value],
        parameters: &[E::Value],
    ) -> Result<Vec<E::Value>> {
        each!(self, head => head.score(engine, packing, samples, parameters))
    }

    fn score_unit(&self) -> f64 {
        each!(self, head => head.score_unit())
    }
}
