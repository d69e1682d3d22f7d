//! An enum of the heads that come with the crate.

use serde::{Deserialize, Serialize};

use super::head::Head;
use super::link::Link;
use super::logistic::Logistic;
use super::mlp::{Mlp, Output};
use super::ordinal::Ordinal;
use super::pass::Pass;
use super::quantities::{Gradient, Unit};
use super::refreshes::Refreshes;
use super::ridge::Ridge;
use super::softmax::Multinomial;
use super::weights::Weights;
use crate::engine::Engine;
use crate::error::Result;
use crate::packing::Packing;

/// A head that comes with the crate. The job files of the command line hold this type.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BuiltIn {
    /// Logistic regression: binary, one against the rest for each class, or one for each label.
    Logistic(Logistic),
    /// Multinomial logistic regression.
    Softmax(Multinomial),
    /// Proportional odds of classes in an order.
    Ordinal(Ordinal),
    /// Linear regression.
    Ridge(Ridge),
    /// A hidden layer, then the loss of a logistic regression or of a softmax.
    Mlp(Mlp),
}

/// Calls the same method of whichever head it is.
macro_rules! each {
    ($self:expr, $head:ident => $call:expr) => {
        match $self {
            Self::Logistic($head) => $call,
            Self::Softmax($head) => $call,
            Self::Ordinal($head) => $call,
            Self::Ridge($head) => $call,
            Self::Mlp($head) => $call,
        }
    };
}

impl BuiltIn {
    /// What becomes of the scores.
    pub fn link(&self) -> Link {
        match self {
            Self::Logistic(head) if head.multi_label => Link::MultiLabel,
            Self::Logistic(_) => Link::Logistic,
            Self::Softmax(_) => Link::Softmax,
            Self::Ordinal(_) => Link::Cumulative,
            Self::Ridge(_) => Link::Identity,
            Self::Mlp(mlp) => match mlp.output {
                Output::Logistic(_) => Link::Logistic,
                Output::Softmax(_) => Link::Softmax,
            },
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

    fn weights(&self) -> Vec<Weights> {
        each!(self, head => head.weights())
    }

    fn initial(&self, features: usize, random_state: u64) -> Option<Vec<Vec<f64>>> {
        each!(self, head => head.initial(features, random_state))
    }

    fn refresh_points(&self) -> &'static [&'static str] {
        each!(self, head => head.refresh_points())
    }

    fn blocks_at_once(&self, packing: &Packing, refreshes: Refreshes<'_>) -> usize {
        each!(self, head => head.blocks_at_once(packing, refreshes))
    }

    fn targets(&self) -> usize {
        each!(self, head => head.targets())
    }

    fn target(&self, labels: &[f64], targets: &mut [f64]) {
        each!(self, head => head.target(labels, targets));
    }

    fn gradient<E: Engine>(
        &self,
        pass: &Pass<'_, E>,
        weights: Option<&[E::Value]>,
    ) -> Result<Vec<Gradient<E::Value>>> {
        each!(self, head => head.gradient(pass, weights))
    }

    fn scores(&self) -> usize {
        each!(self, head => head.scores())
    }

    fn score<E: Engine>(
        &self,
        engine: &E,
        packing: &Packing,
        samples: &[E::Value],
        weights: &[E::Value],
    ) -> Result<Vec<E::Value>> {
        each!(self, head => head.score(engine, packing, samples, weights))
    }

    fn score_unit(&self) -> Unit {
        each!(self, head => head.score_unit())
    }
}
