//! The linear heads that can follow a hidden layer.

use serde::{Deserialize, Serialize};

use crate::engine::Engine;
use crate::error::Result;
use crate::heads::head::Head;
use crate::heads::logistic::Logistic;
use crate::heads::quantities::{ErrorScale, Unit};
use crate::heads::softmax::Multinomial;
use crate::packing::Rows;

/// The linear head after the hidden layer, which determines the loss.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Output {
    /// Logistic loss of each output.
    Logistic(Logistic),
    /// Cross-entropy of the softmax over all classes.
    Softmax(Multinomial),
}

impl Output {
    pub(super) fn check(&self) -> Result<()> {
        match self {
            Self::Logistic(head) => head.check(),
            Self::Softmax(head) => head.check(),
        }
    }

    pub(super) fn outputs(&self) -> usize {
        match self {
            Self::Logistic(head) => head.targets(),
            Self::Softmax(head) => head.targets(),
        }
    }

    pub(super) fn unit(&self) -> Unit {
        match self {
            Self::Logistic(head) => head.score_unit(),
            Self::Softmax(head) => head.score_unit(),
        }
    }

    pub(super) fn residuals<E: Engine>(
        &self,
        engine: &E,
        logits: &[E::Value],
        rows: &Rows<E::Value>,
        rate: f64,
        scale: &ErrorScale<'_>,
    ) -> Result<Vec<E::Value>> {
        match self {
            Self::Logistic(head) => head.residuals(engine, Some(logits), rows, rate, scale),
            Self::Softmax(head) => head.residuals(engine, Some(logits), rows, rate, scale),
        }
    }
}
