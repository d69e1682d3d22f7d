//! Linear heads of any number of outputs. Many methods run side by side, so that the samples are read once an iteration for all.

use fhe_head::Optimizer;
use ndarray::{Array2, s};

use super::link::LinkFunction;
use super::{Problem, largest, update};

/// How to train.
#[derive(Clone)]
pub(crate) struct Method<'a> {
    pub(crate) optimizer: Optimizer,
    /// Learning rate of each iteration.
    pub(crate) rates: Vec<f64>,
    /// Weight of the L2 penalty.
    pub(crate) alpha: f64,
    pub(crate) link: LinkFunction<'a>,
    /// A run ends with the iteration whose logits leave this interval, once those of all methods have.
    pub(crate) within: f64,
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

/// Runs the iterations of each method, from these weights (features, the constant one last, by outputs) or from zero.
pub(crate) fn train_linear(
    problem: &Problem<'_>,
    outputs: usize,
    start: Option<&Array2<f64>>,
    methods: &[Method<'_>],
) -> Vec<Vec<Iterate>> {
    let features = problem.x.ncols();
    let first = start.cloned().unwrap_or_else(|| Array2::zeros((features, outputs)));
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
            for ((mut row, labels), share) in own.rows_mut().into_iter().zip(batch.y.rows()).zip(&share) {
                if let Some(row) = row.as_slice_mut() {
                    method.link.apply(row);
                    method.link.subtract(row, &labels);
                    row.iter_mut().for_each(|e| *e *= share);
                }
            }
        }
        let gradients = batch.x.t().dot(&residuals);
        for (k, method) in methods.iter().enumerate() {
            let Some(step) = steps[k].get(t) else { continue };
            let columns = s![.., k * outputs..(k + 1) * outputs];
            let mut gradient = gradients.slice(columns).to_owned();
            method.link.tie(&mut gradient);
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
        let left = |(run, method): (&Vec<Iterate>, &Method<'_>)| {
            run.last().is_some_and(|iterate| iterate.largest_logit > method.within)
        };
        if runs.iter().zip(methods).all(left) {
            break;
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
