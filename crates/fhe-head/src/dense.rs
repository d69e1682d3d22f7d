//! Training on dense matrices: the data party's quick look before it encrypts, and the oracle of the trainer's tests.
//!
//! Many methods run side by side, so that the samples are read once an iteration for all of them.

use ndarray::{Array1, Array2, ArrayView1, ArrayView2, Axis, s};

use crate::optimizer::Optimizer;
use crate::sigmoid::{Sigmoid, logistic};

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
    /// Mini-batches, which take equal shares of the samples in order; 1 for full batches.
    pub batches: usize,
    /// Weights to start from, the constant feature's included; zero without any.
    pub start: Option<ArrayView1<'a, f64>>,
}

/// How to train.
#[derive(Clone, Debug)]
pub struct Method<'a> {
    /// First-order method.
    pub optimizer: Optimizer,
    /// Learning rate of each iteration.
    pub learning_rates: Vec<f64>,
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
    /// Largest absolute logit at which this iteration evaluated the logistic function; infinite once there is a NaN.
    pub largest_logit: f64,
    /// Root mean square of these logits.
    pub rms_logit: f64,
}

/// Runs all iterations of one method.
pub fn train(problem: &Problem<'_>, method: &Method<'_>) -> Vec<Iterate> {
    train_all(problem, std::slice::from_ref(method)).remove(0)
}

/// Runs several methods, each with a momentum buffer as PyTorch's `SGD` keeps it.
pub fn train_all(problem: &Problem<'_>, methods: &[Method<'_>]) -> Vec<Vec<Iterate>> {
    let (samples, features) = problem.x.dim();
    let momenta: Vec<Vec<f64>> =
        methods.iter().map(|method| method.optimizer.momenta(method.learning_rates.len())).collect();
    // one column a method
    let mut weights = Array2::<f64>::zeros((features, methods.len()));
    if let Some(start) = &problem.start {
        weights.columns_mut().into_iter().for_each(|mut column| column.assign(start));
    }
    let mut buffers = Array2::<f64>::zeros((features, methods.len()));
    let mut runs: Vec<Vec<Iterate>> = vec![Vec::new(); methods.len()];
    let iterations = methods.iter().map(|method| method.learning_rates.len()).max().unwrap_or(0);
    for t in 0..iterations {
        let batch = t % problem.batches;
        let [from, to] = [batch, batch + 1].map(|batch| batch * samples / problem.batches);
        let (x, y) = (problem.x.slice(s![from..to, ..]), problem.y.slice(s![from..to]));
        let share = problem.sample_weight.slice(s![from..to]);
        let share = &share / share.sum();
        let logits = x.dot(&weights);
        let mut residuals = Array2::<f64>::zeros(logits.dim());
        for (k, method) in methods.iter().enumerate() {
            for ((e, z), (y, s)) in
                residuals.column_mut(k).iter_mut().zip(logits.column(k)).zip(y.iter().zip(&share))
            {
                *e = s * (probability(method.sigmoid, *z) - y);
            }
        }
        let gradients = x.t().dot(&residuals);
        for (k, method) in methods.iter().enumerate() {
            let (Some(&rate), Some(&mu)) = (method.learning_rates.get(t), momenta[k].get(t)) else {
                continue;
            };
            let (mut w, mut buffer) = (weights.column_mut(k), buffers.column_mut(k));
            let mut gradient = gradients.column(k).to_owned();
            gradient.scaled_add(method.alpha, &w);
            gradient[problem.intercept] -= method.alpha * w[problem.intercept];
            buffer *= mu;
            buffer += &gradient;
            if method.optimizer.is_nesterov() {
                gradient.scaled_add(mu, &buffer);
                w.scaled_add(-rate, &gradient);
            } else {
                w.scaled_add(-rate, &buffer);
            }
            let z = logits.column(k);
            runs[k].push(Iterate {
                weights: w.to_owned(),
                // `max` alone would pass over NaN
                largest_logit: z
                    .fold(0.0, |max: f64, z| if z.is_nan() { f64::INFINITY } else { max.max(z.abs()) }),
                rms_logit: (z.fold(0.0, |sum, z| sum + z * z) / z.len() as f64).sqrt(),
            });
        }
    }
    runs
}

/// Logits of several heads at once: samples by heads.
pub fn logits(problem: &Problem<'_>, heads: &[ArrayView1<'_, f64>]) -> Array2<f64> {
    let mut weights = Array2::zeros((problem.x.ncols(), heads.len()));
    for (mut column, head) in weights.axis_iter_mut(Axis(1)).zip(heads) {
        column.slice_mut(s![..]).assign(head);
    }
    problem.x.dot(&weights)
}

fn probability(sigmoid: Option<&Sigmoid>, z: f64) -> f64 {
    match sigmoid {
        Some(sigmoid) => 0.5 + sigmoid.centred(z / sigmoid.half_width()),
        None => logistic(z),
    }
}
