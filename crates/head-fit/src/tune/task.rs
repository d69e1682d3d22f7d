//! What a choice is made for, and what comes of it.

use fhe_head::{BuiltIn, Samples, Scheme};
use ndarray::Array1;

use super::held_out::Measured;
use crate::classifier::Classifier;
use crate::data::Data;
use crate::features::FeatureMap;
use crate::labels::Split;
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
    /// The splits on which linear heads are compared ([`splits`](super::splits)).
    pub(crate) splits: &'a [Split],
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
    /// What cross-validation says of the choice, if it was asked.
    pub(crate) held_out: Option<Measured>,
}
