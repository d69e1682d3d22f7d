//! Training in the clear on matrices: the data party's quick look before it encrypts.
//!
//! The twins of [`fhe_head::twins`] run the trainer itself on slots. This runs the same iterations on matrices, many methods at a time.

mod hidden;
mod linear;
mod link;
#[cfg(test)]
mod tests;

pub(crate) use hidden::{HiddenMethod, HiddenRun, train_hidden};
pub(crate) use linear::{Iterate, Method, logits, train_linear};
pub(crate) use link::{LinkFunction, logistic_loss};

use std::ops::Range;

use fhe_head::{Samples, Step};
use ndarray::{Array, ArrayView1, ArrayView2, Dimension, Zip, s};

/// A training problem in the feature space that is encrypted.
#[derive(Clone, Copy)]
pub(crate) struct Problem<'a> {
    /// Samples by features, the constant feature last.
    pub(crate) x: ArrayView2<'a, f64>,
    /// Labels: samples by columns.
    pub(crate) y: ArrayView2<'a, f64>,
    /// Weights of the samples; only their ratios matter.
    pub(crate) weights: ArrayView1<'a, f64>,
    /// Mini-batches, which take equal shares of the samples in order; 1 for full batches.
    pub(crate) batches: usize,
}

impl<'a> Problem<'a> {
    /// The problem of these samples, dealt into batches.
    pub(crate) fn new(samples: &'a Samples, batches: usize) -> Self {
        Self { x: samples.features(), y: samples.labels(), weights: samples.weights(), batches }
    }

    /// The samples of iteration `t`.
    fn batch(&self, t: usize) -> Self {
        let (samples, batch) = (self.y.nrows(), t % self.batches);
        let [from, to] = [batch, batch + 1].map(|batch| batch * samples / self.batches);
        self.rows(from..to)
    }

    fn rows(&self, rows: Range<usize>) -> Self {
        Self {
            x: self.x.slice_move(s![rows.clone(), ..]),
            y: self.y.slice_move(s![rows.clone(), ..]),
            weights: self.weights.slice_move(s![rows]),
            batches: 1,
        }
    }
}

/// The update of weights and momentum, entry by entry.
fn update<D: Dimension>(
    weights: &mut Array<f64, D>,
    momentum: &mut Array<f64, D>,
    gradient: &Array<f64, D>,
    step: &Step,
) {
    Zip::from(weights).and(momentum).and(gradient).for_each(|weight, momentum, &gradient| {
        (*weight, *momentum) = step.update(*weight, *momentum, gradient);
    });
}

/// Largest absolute value; infinite once there is a NaN, which `max` alone would pass over.
fn largest<'a>(values: impl IntoIterator<Item = &'a f64>) -> f64 {
    values.into_iter().fold(0.0, |max: f64, x| if x.is_nan() { f64::INFINITY } else { max.max(x.abs()) })
}
