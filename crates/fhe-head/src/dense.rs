//! Training on dense matrices: the data party's quick look before it encrypts, and the oracle of the trainer's tests.

use crate::optimizer::Optimizer;
use crate::sigmoid::{Sigmoid, logistic};
use ndarray::{Array1, ArrayView1, ArrayView2};

/// A training problem in the feature space that is encrypted.
#[derive(Clone, Copy, Debug)]
pub struct Problem<'a> {
    /// Samples by features, the constant feature included.
    pub x: ArrayView2<'a, f64>,
    /// Labels, 0 or 1.
    pub y: ArrayView1<'a, f64>,
    /// Weights of the samples; only their ratios matter.
    pub sample_weight: ArrayView1<'a, f64>,
    /// Column of the constant feature, which the penalty leaves alone.
    pub intercept: usize,
}

/// How to train.
#[derive(Clone, Copy, Debug)]
pub struct Method<'a> {
    /// First-order method.
    pub optimizer: Optimizer,
    /// Learning rate of each iteration.
    pub learning_rates: &'a [f64],
    /// Weight of the L2 penalty.
    pub alpha: f64,
    /// The polynomial; `None` for the exact logistic function.
    pub sigmoid: Option<&'a Sigmoid>,
}

/// After an iteration.
#[derive(Clone, Debug)]
pub struct Iterate {
    /// Weights, the constant feature's included.
    pub weights: Array1<f64>,
    /// Largest absolute logit at which this iteration evaluated the logistic function.
    pub largest_logit: f64,
}

/// Runs all iterations from zero weights, with a momentum buffer as PyTorch's `SGD` keeps it.
pub fn train(problem: &Problem<'_>, method: &Method<'_>) -> Vec<Iterate> {
    let features = problem.x.ncols();
    let total: f64 = problem.sample_weight.sum();
    let mut weights = Array1::<f64>::zeros(features);
    let mut buffer = Array1::<f64>::zeros(features);
    let momenta = method.optimizer.momenta(method.learning_rates.len());
    let mut iterates = Vec::with_capacity(method.learning_rates.len());
    for (lr, mu) in method.learning_rates.iter().zip(momenta) {
        let logits = problem.x.dot(&weights);
        // `max` alone would pass over NaN
        let largest_logit =
            logits.iter().fold(0.0, |max: f64, z| if z.is_nan() { f64::INFINITY } else { max.max(z.abs()) });
        let probability = |z: f64| match method.sigmoid {
            Some(sigmoid) => 0.5 + sigmoid.centred(z / sigmoid.half_width()),
            None => logistic(z),
        };
        let residual: Array1<f64> = logits
            .iter()
            .zip(problem.y)
            .zip(problem.sample_weight)
            .map(|((z, y), s)| s / total * (probability(*z) - y))
            .collect();
        let mut gradient = problem.x.t().dot(&residual);
        gradient.scaled_add(method.alpha, &weights);
        gradient[problem.intercept] -= method.alpha * weights[problem.intercept];
        buffer = buffer * mu + &gradient;
        if method.optimizer.is_nesterov() {
            gradient.scaled_add(mu, &buffer);
            weights.scaled_add(-lr, &gradient);
        } else {
            weights.scaled_add(-lr, &buffer);
        }
        iterates.push(Iterate { weights: weights.clone(), largest_logit });
    }
    iterates
}
