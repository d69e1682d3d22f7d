//! Training of linear heads with several outputs on dense matrices: the data party's quick look before it encrypts.

use ndarray::{Array1, Array2, ArrayView1, ArrayView2, s};

use crate::optimizer::Optimizer;
use crate::sigmoid::{Sigmoid, logistic};
use crate::softmax::{Softmax, softmax};

/// The loss of a linear head, with the polynomial that stands for its function or without.
#[derive(Clone, Copy, Debug)]
pub enum Loss<'a> {
    /// One logistic regression for each class, against the rest.
    OneVsRest(Option<&'a Sigmoid>),
    /// Cross-entropy of the softmax.
    Softmax(Option<&'a Softmax>),
}

impl Loss<'_> {
    /// Logits to what the loss compares with labels, in place.
    pub fn probabilities(&self, logits: &mut [f64]) {
        match self {
            Self::OneVsRest(None) => logits.iter_mut().for_each(|z| *z = logistic(*z)),
            Self::OneVsRest(Some(sigmoid)) => {
                logits.iter_mut().for_each(|z| *z = 0.5 + sigmoid.centred(*z / sigmoid.half_width()));
            }
            Self::Softmax(None) => softmax(logits),
            Self::Softmax(Some(approximation)) => approximation.apply(logits),
        }
    }
}

/// Samples with the constant feature last, labels as class indices, weights of the samples.
#[derive(Clone, Copy, Debug)]
pub struct Problem<'a> {
    /// Samples by features.
    pub x: ArrayView2<'a, f64>,
    /// Class indices.
    pub y: ArrayView1<'a, f64>,
    /// Weights; only their ratios matter.
    pub sample_weight: ArrayView1<'a, f64>,
    /// Number of classes.
    pub classes: usize,
    /// Mini-batches, which take equal shares of the samples in order.
    pub batches: usize,
    /// Weights of each class to start from; zero without any.
    pub start: Option<&'a [Array1<f64>]>,
}

/// After an iteration.
#[derive(Clone, Debug)]
pub struct Iterate {
    /// Features by classes.
    pub weights: Array2<f64>,
    /// Largest absolute value of the method's second vector.
    pub largest_momentum: f64,
    /// Largest absolute logit at which this iteration evaluated its function; infinite once there is a NaN.
    pub largest_logit: f64,
}

/// Trains with one learning rate for each iteration.
pub fn train(
    problem: &Problem<'_>,
    loss: Loss<'_>,
    optimizer: Optimizer,
    rates: &[f64],
    alpha: f64,
) -> Vec<Iterate> {
    let (samples, features) = problem.x.dim();
    let mut weights = Array2::<f64>::zeros((features, problem.classes));
    let mut momentum = weights.clone();
    for (mut column, start) in weights.columns_mut().into_iter().zip(problem.start.into_iter().flatten()) {
        column.assign(start);
    }
    let mut run = Vec::with_capacity(rates.len());
    for (t, step) in optimizer.steps(rates).iter().enumerate() {
        let batch = t % problem.batches;
        let [from, to] = [batch, batch + 1].map(|b| b * samples / problem.batches);
        let (x, y) = (problem.x.slice(s![from..to, ..]), problem.y.slice(s![from..to]));
        let share = problem.sample_weight.slice(s![from..to]);
        let share = &share / share.sum();
        let mut error = x.dot(&weights);
        // `max` alone would pass over NaN
        let largest_logit =
            error.fold(0.0, |max: f64, z| if z.is_nan() { f64::INFINITY } else { max.max(z.abs()) });
        for ((mut row, label), share) in error.rows_mut().into_iter().zip(&y).zip(&share) {
            if let Some(row) = row.as_slice_mut() {
                loss.probabilities(row);
                row[*label as usize] -= 1.0;
                row.iter_mut().for_each(|e| *e *= share);
            }
        }
        let mut gradient = x.t().dot(&error);
        let mut penalty = &weights * alpha;
        penalty.row_mut(features - 1).fill(0.0);
        gradient += &penalty;
        let gradient = gradient * step.rate;
        weights = &weights - &gradient - &momentum * step.carry;
        momentum = &momentum * step.decay + &gradient;
        run.push(Iterate { weights: weights.clone(), largest_momentum: largest(&momentum), largest_logit });
    }
    run
}

/// Largest absolute entry.
pub fn largest(matrix: &Array2<f64>) -> f64 {
    matrix.fold(0.0, |max: f64, w| max.max(w.abs()))
}

/// Mean log loss of the right class (probabilities normalised over classes) and accuracy.
pub fn loss_and_accuracy(problem: &Problem<'_>, loss: Loss<'_>, weights: &Array2<f64>) -> (f64, f64) {
    let mut scores = problem.x.dot(weights);
    let (mut total, mut right) = (0.0, 0usize);
    for (mut row, label) in scores.rows_mut().into_iter().zip(&problem.y) {
        right += usize::from(argmax(&row.view()) == *label as usize);
        if let Some(row) = row.as_slice_mut() {
            loss.probabilities(row);
            let sum: f64 = row.iter().sum();
            total -= (row[*label as usize] / sum).max(f64::EPSILON).ln();
        }
    }
    let n = problem.y.len() as f64;
    (if total.is_nan() { f64::INFINITY } else { total / n }, right as f64 / n)
}

/// Index of the largest entry.
pub fn argmax(row: &ArrayView1<'_, f64>) -> usize {
    let larger =
        |best: (usize, f64), (i, &value): (usize, &f64)| if value > best.1 { (i, value) } else { best };
    row.iter().enumerate().fold((0, f64::NEG_INFINITY), larger).0
}

/// Predicted classes of scores.
pub fn predictions(scores: &Array2<f64>) -> Array1<usize> {
    scores.rows().into_iter().map(|row| argmax(&row)).collect()
}
