//! Linear heads of any number of outputs. Many methods run side by side, so that the samples are read once an iteration for all.

use fhe_head::functions::{logistic, softmax};
use fhe_head::{Optimizer, Sigmoid, Softmax};
use ndarray::{Array1, Array2, s};

use super::{Problem, largest, update};

/// What makes probabilities of logits, with the polynomial that stands for it or exact.
#[derive(Clone, Copy)]
pub(crate) enum Link<'a> {
    /// The logistic function of each output.
    Logistic(Option<&'a Sigmoid>),
    /// The softmax of all outputs.
    Softmax(Option<&'a Softmax>),
}

impl Link<'_> {
    /// The same link without a polynomial.
    pub(crate) fn exact(self) -> Link<'static> {
        match self {
            Self::Logistic(_) => Link::Logistic(None),
            Self::Softmax(_) => Link::Softmax(None),
        }
    }

    /// Logits to what the loss compares with labels, in place.
    pub(crate) fn apply(self, logits: &mut [f64]) {
        match self {
            Self::Logistic(None) => logits.iter_mut().for_each(|z| *z = logistic(*z)),
            Self::Logistic(Some(sigmoid)) => {
                logits.iter_mut().for_each(|z| *z = 0.5 + sigmoid.centred(*z / sigmoid.half_width()));
            }
            Self::Softmax(None) => softmax(logits),
            Self::Softmax(Some(approximation)) => approximation.apply(logits),
        }
    }
}

/// How to train.
#[derive(Clone)]
pub(crate) struct Method<'a> {
    pub(crate) optimizer: Optimizer,
    /// Learning rate of each iteration.
    pub(crate) rates: Vec<f64>,
    /// Weight of the L2 penalty.
    pub(crate) alpha: f64,
    pub(crate) link: Link<'a>,
}

/// After an iteration.
#[derive(Clone)]
pub(crate) struct Iterate {
    /// Features, the constant one last, by outputs.
    pub(crate) weights: Array2<f64>,
    /// Largest absolute entry of the method's second vectors.
    pub(crate) largest_momentum: f64,
    /// Largest absolute logit at which this iteration evaluated its function; infinite once there is a NaN.
    pub(crate) largest_logit: f64,
    /// Root mean square of these logits.
    pub(crate) rms_logit: f64,
}

/// Runs all iterations of each method, from these weights of each output or from zero.
pub(crate) fn train_linear(
    problem: &Problem<'_>,
    outputs: usize,
    start: Option<&[Array1<f64>]>,
    methods: &[Method<'_>],
) -> Vec<Vec<Iterate>> {
    let features = problem.x.ncols();
    let mut first = Array2::<f64>::zeros((features, outputs));
    for (mut column, start) in first.columns_mut().into_iter().zip(start.into_iter().flatten()) {
        column.assign(start);
    }
    let steps: Vec<_> = methods.iter().map(|method| method.optimizer.steps(&method.rates)).collect();
    let mut weights = vec![first.clone(); methods.len()];
    let mut momenta = vec![Array2::<f64>::zeros(first.dim()); methods.len()];
    let mut runs: Vec<Vec<Iterate>> = vec![Vec::new(); methods.len()];
    for t in 0..steps.iter().map(Vec::len).max().unwrap_or(0) {
        let batch = problem.batch(t);
        let share = &batch.weights / batch.weights.sum();
        let logits = batch.x.dot(&side_by_side(&weights));
        let mut residuals = logits.clone();
        for (k, method) in methods.iter().enumerate() {
            let columns = s![.., k * outputs..(k + 1) * outputs];
            let mut own = residuals.slice_mut(columns);
            for ((mut row, label), share) in own.rows_mut().into_iter().zip(&batch.y).zip(&share) {
                if let Some(row) = row.as_slice_mut() {
                    method.link.apply(row);
                    if outputs == 1 {
                        row[0] -= f64::from(u8::from(*label == 1.0));
                    } else {
                        row[*label as usize] -= 1.0;
                    }
                    row.iter_mut().for_each(|e| *e *= share);
                }
            }
        }
        let gradients = batch.x.t().dot(&residuals);
        for (k, method) in methods.iter().enumerate() {
            let Some(step) = steps[k].get(t) else { continue };
            let columns = s![.., k * outputs..(k + 1) * outputs];
            let mut gradient = gradients.slice(columns).to_owned();
            let mut penalty = &weights[k] * method.alpha;
            penalty.row_mut(features - 1).fill(0.0);
            gradient += &penalty;
            update(&mut weights[k], &mut momenta[k], &gradient, step);
            let z = logits.slice(columns);
            runs[k].push(Iterate {
                weights: weights[k].clone(),
                largest_momentum: largest(&momenta[k]),
                largest_logit: largest(z),
                rms_logit: (z.fold(0.0, |sum, z| sum + z * z) / z.len() as f64).sqrt(),
            });
        }
    }
    runs
}

/// Logits of heads on samples, for each head: samples (rows) by outputs.
pub(crate) fn logits(problem: &Problem<'_>, heads: &[&Array2<f64>]) -> Vec<Array2<f64>> {
    let owned: Vec<Array2<f64>> = heads.iter().map(|head| (*head).clone()).collect();
    let logits = problem.x.dot(&side_by_side(&owned));
    let outputs = heads.first().map_or(1, |head| head.ncols());
    (0..heads.len()).map(|k| logits.slice(s![.., k * outputs..(k + 1) * outputs]).to_owned()).collect()
}

/// The columns of all matrices.
fn side_by_side(matrices: &[Array2<f64>]) -> Array2<f64> {
    let (rows, columns) = matrices.first().map_or((0, 0), |matrix| matrix.dim());
    let mut all = Array2::zeros((rows, columns * matrices.len()));
    for (k, matrix) in matrices.iter().enumerate() {
        all.slice_mut(s![.., k * columns..(k + 1) * columns]).assign(matrix);
    }
    all
}
