//! The heads that the crate brings.

mod logistic;

pub use logistic::Logistic;

use serde::{Deserialize, Serialize};

use crate::engine::Engine;
use crate::error::Result;
use crate::head::{Head, Parameter};
use crate::packing::Packing;
use crate::pass::Pass;

/// Any of the heads that the crate brings: what job files hold.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BuiltIn {
    /// Logistic regression: binary, or one against the rest for each class.
    Logistic(Logistic),
}

/// The same call on whichever head it is.
macro_rules! each {
    ($self:expr, $head:ident => $call:expr) => {
        match $self {
            Self::Logistic($head) => $call,
        }
    };
}

impl Head for BuiltIn {
    fn check(&self) -> Result<()> {
        each!(self, head => head.check())
    }

    fn accepts(&self, packing: &Packing) -> bool {
        each!(self, head => head.accepts(packing))
    }

    fn parameters(&self, packing: &Packing) -> Vec<Parameter> {
        each!(self, head => head.parameters(packing))
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
