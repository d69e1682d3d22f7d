//! An enum of the heads that come with the crate.

use std::marker::PhantomData;

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
use crate::engine::{Engine, Work, compiled_for_each_engine};
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
            BuiltIn::Logistic($head) => $call,
            BuiltIn::Softmax($head) => $call,
            BuiltIn::Ordinal($head) => $call,
            BuiltIn::Ridge($head) => $call,
            BuiltIn::Mlp($head) => $call,
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
        let mut gradient = Ok(Vec::new());
        E::run::<GradientWork<'_>>(GradientOf { head: self, pass, weights, gradient: &mut gradient });
        gradient
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
        let mut scores = Ok(Vec::new());
        E::run::<ScoreWork<'_>>(ScoreOf {
            head: self,
            engine,
            packing,
            samples,
            weights,
            scores: &mut scores,
        });
        scores
    }

    fn score_unit(&self) -> Unit {
        each!(self, head => head.score_unit())
    }
}

/// A gradient, compiled here for each engine.
struct GradientWork<'a>(PhantomData<&'a ()>);

struct GradientOf<'a, E: Engine> {
    head: &'a BuiltIn,
    pass: &'a Pass<'a, E>,
    weights: Option<&'a [E::Value]>,
    gradient: &'a mut Result<Vec<Gradient<E::Value>>>,
}

impl<'a> Work for GradientWork<'a> {
    type On<E: Engine> = GradientOf<'a, E>;
    compiled_for_each_engine!(GradientOf::run);
}

impl<E: Engine> GradientOf<'_, E> {
    fn run(self) {
        let Self { head, pass, weights, gradient } = self;
        *gradient = each!(head, head => head.gradient(pass, weights));
    }
}

/// Scores, compiled here for each engine.
struct ScoreWork<'a>(PhantomData<&'a ()>);

struct ScoreOf<'a, E: Engine> {
    head: &'a BuiltIn,
    engine: &'a E,
    packing: &'a Packing,
    samples: &'a [E::Value],
    weights: &'a [E::Value],
    scores: &'a mut Result<Vec<E::Value>>,
}

impl<'a> Work for ScoreWork<'a> {
    type On<E: Engine> = ScoreOf<'a, E>;
    compiled_for_each_engine!(ScoreOf::run);
}

impl<E: Engine> ScoreOf<'_, E> {
    fn run(self) {
        let Self { head, engine, packing, samples, weights, scores } = self;
        *scores = each!(head, head => head.score(engine, packing, samples, weights));
    }
}
