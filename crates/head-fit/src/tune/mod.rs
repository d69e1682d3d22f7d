//! Choosing what the options leave open, by cross-validation in the clear, and the rehearsal of what was chosen.

mod approximation;
mod grid;
mod hidden;
mod linear;
mod round;

pub(crate) use hidden::MLP_ITERATIONS;

use fhe_head::{BuiltIn, Result, Samples, Scheme};
use ndarray::Array1;

use crate::classifier::Classifier;
use crate::data::Data;
use crate::features::FeatureMap;
use crate::kind::Kind;
use crate::model::Model;

/// What a choice is made for.
#[derive(Clone, Copy)]
pub(crate) struct Task<'a, 'd> {
    pub(crate) options: &'a Classifier,
    /// Samples with the weights of their classes.
    pub(crate) data: &'a Data<'d>,
    pub(crate) scheme: &'a Scheme,
    /// The model that the training starts from, if not from zero or random weights. What is chosen is chosen for trainings from zero.
    pub(crate) start: Option<&'a Model>,
    /// Mini-batches of the training.
    pub(crate) batches: usize,
}

/// A training in the clear with the polynomials, whose values stayed inside their intervals.
pub(crate) struct Rehearsed {
    /// The options with everything filled in.
    pub(crate) options: Classifier,
    pub(crate) map: FeatureMap,
    /// Shuffled if there are mini-batches.
    pub(crate) samples: Samples,
    pub(crate) head: BuiltIn,
    /// Learning rate of each iteration.
    pub(crate) rates: Vec<f64>,
    /// Weights to start from, one period of each vector.
    pub(crate) start: Option<Vec<Array1<f64>>>,
    /// Largest weight or momentum over its unit.
    pub(crate) largest_state: f64,
}

/// Chooses what is open, and rehearses it on all samples.
///
/// # Errors
/// [`fhe_head::Error::OutsideInterval`] if nothing allowed keeps values inside; [`fhe_head::Error::NeedsBootstrapping`] if the options
/// ask for more depth than the scheme has.
pub(crate) fn choose(task: Task<'_, '_>) -> Result<Rehearsed> {
    match task.options.kind {
        Kind::Logistic { .. } | Kind::Softmax { .. } => linear::choose(task),
        Kind::Mlp { hidden, activation, activation_interval } => {
            hidden::choose(task, hidden::Layer { hidden, activation, activation_interval })
        }
    }
}
