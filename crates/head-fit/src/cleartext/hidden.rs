//! A hidden layer in the clear.

use fhe_head::functions::{logistic, softmax};
use fhe_head::{Functions, Head as _, Mlp, Optimizer, Output, Step};
use ndarray::{Array1, Array2, ArrayView2, Axis};

use super::{Problem, largest, update};

/// How to train.
#[derive(Clone, Debug)]
pub(crate) struct HiddenMethod<'a> {
    /// The network, with its polynomials.
    pub(crate) head: &'a Mlp,
    /// First-order method.
    pub(crate) optimizer: Optimizer,
    /// Learning rate of each iteration.
    pub(crate) rates: &'a [f64],
    /// Weight of the L2 penalty.
    pub(crate) alpha: f64,
    /// Which functions are computed.
    pub(crate) functions: Functions,
}

/// A trained network, and how far its values reached.
#[derive(Clone, Debug)]
pub(crate) struct HiddenRun {
    weights: Weights,
    /// Largest argument of the activation.
    pub(crate) arguments: f64,
    /// Largest logit.
    pub(crate) logits: f64,
    /// Largest entry of weights and momenta in their units.
    pub(crate) state: f64,
}

/// Weights as matrices, a column for each unit or output.
#[derive(Clone, Debug)]
struct Weights {
    hidden: Array2<f64>,
    output: Array2<f64>,
    intercepts: Array1<f64>,
}

/// Trains from given weights, one period of each vector in the head's order.
///
/// Reaches are infinite once there is a NaN.
pub(crate) fn train_hidden(
    problem: &Problem<'_>,
    method: &HiddenMethod<'_>,
    start: &[Array1<f64>],
) -> HiddenRun {
    let mut trained =
        HiddenRun { weights: Weights::of(method.head, start), arguments: 0.0, logits: 0.0, state: 0.0 };
    let mut momentum = trained.weights.zeros();
    trained.measure(method.head, problem, &momentum);
    for (t, step) in method.optimizer.steps(method.rates).iter().enumerate() {
        let gradient = trained.weights.gradient(&problem.batch(t), method);
        trained.weights.update(&mut momentum, &gradient, step);
        trained.measure(method.head, problem, &momentum);
    }
    trained
}

impl HiddenRun {
    /// The weights, one period of each vector in the head's order.
    #[cfg(test)]
    pub(super) fn weights(&self) -> Vec<Array1<f64>> {
        let Weights { hidden, output, intercepts } = &self.weights;
        let columns =
            |matrix: &Array2<f64>| matrix.columns().into_iter().map(|c| c.to_owned()).collect::<Vec<_>>();
        let intercepts = intercepts.iter().map(|&b| Array1::from_elem(1, b));
        columns(hidden).into_iter().chain(columns(output)).chain(intercepts).collect()
    }

    /// Mean log loss on samples, with the functions that were trained with.
    pub(crate) fn log_loss(&self, problem: &Problem<'_>, method: &HiddenMethod<'_>) -> f64 {
        let (_, mut z) = self.weights.forward(&problem.x, method);
        let mut total = 0.0;
        for (mut row, &label) in z.rows_mut().into_iter().zip(&problem.y.column(0)) {
            let p = match &method.head.output {
                Output::Softmax(_) => {
                    let mut p = row.to_vec();
                    softmax(&mut p);
                    p[label as usize]
                }
                Output::Logistic(_) if row.len() == 1 => {
                    logistic(if label == 1.0 { row[0] } else { -row[0] })
                }
                Output::Logistic(_) => {
                    row.mapv_inplace(logistic);
                    row[label as usize] / row.sum()
                }
            };
            total -= p.max(f64::EPSILON).ln();
        }
        if total.is_nan() { f64::INFINITY } else { total / problem.y.nrows() as f64 }
    }

    fn measure(&mut self, head: &Mlp, problem: &Problem<'_>, momentum: &Weights) {
        let arguments = problem.x.dot(&self.weights.hidden);
        let hidden = arguments.mapv(|z| head.activation.polynomial(z).0);
        let logits = hidden.dot(&self.weights.output) + &self.weights.intercepts;
        self.arguments = self.arguments.max(largest(&arguments));
        self.logits = self.logits.max(largest(&logits));
        let [hidden, output, intercepts] = head.units().map(fhe_head::Unit::value);
        for weights in [&self.weights, momentum] {
            self.state = self
                .state
                .max(largest(&weights.hidden) / hidden)
                .max(largest(&weights.output) / output.abs())
                .max(largest(&weights.intercepts) / intercepts);
        }
    }
}

impl Weights {
    fn of(head: &Mlp, parameters: &[Array1<f64>]) -> Self {
        let matrix = |columns: &[Array1<f64>]| {
            let rows = columns.first().map_or(0, Array1::len);
            Array2::from_shape_fn((rows, columns.len()), |(i, k)| columns[k][i])
        };
        let layers = head.layers(parameters);
        Self {
            hidden: matrix(layers.hidden),
            output: matrix(layers.output),
            intercepts: layers.intercepts.iter().map(|b| b[0]).collect(),
        }
    }

    /// As many zeros.
    fn zeros(&self) -> Self {
        Self {
            hidden: Array2::zeros(self.hidden.dim()),
            output: Array2::zeros(self.output.dim()),
            intercepts: Array1::zeros(self.intercepts.len()),
        }
    }

    /// Arguments of the activation, and logits.
    fn forward(&self, x: &ArrayView2<'_, f64>, method: &HiddenMethod<'_>) -> (Array2<f64>, Array2<f64>) {
        let arguments = x.dot(&self.hidden);
        let hidden = arguments.mapv(|z| method.activation(z).0);
        let logits = hidden.dot(&self.output) + &self.intercepts;
        (arguments, logits)
    }

    /// The gradient of the weighted mean loss on some samples, with the penalty.
    fn gradient(&self, batch: &Problem<'_>, method: &HiddenMethod<'_>) -> Self {
        let Problem { x, y, weights: share, .. } = *batch;
        let total = share.sum();
        let (arguments, mut error) = self.forward(&x, method);
        for ((mut row, &label), share) in error.rows_mut().into_iter().zip(&y.column(0)).zip(&share) {
            let mut values = row.to_vec();
            method.residual(&mut values, label);
            row.assign(&Array1::from_vec(values));
            row *= share / total;
        }
        let hidden = arguments.mapv(|z| method.activation(z).0);
        let slope = arguments.mapv(|z| method.activation(z).1);
        let mut gradient = Self {
            hidden: x.t().dot(&(error.dot(&self.output.t()) * &slope)),
            output: hidden.t().dot(&error),
            intercepts: error.sum_axis(Axis(0)),
        };
        let mut penalty = &self.hidden * method.alpha;
        penalty.row_mut(x.ncols() - 1).fill(0.0);
        gradient.hidden += &penalty;
        gradient.output.scaled_add(method.alpha, &self.output);
        gradient
    }

    fn update(&mut self, momentum: &mut Self, gradient: &Self, step: &Step) {
        update(&mut self.hidden, &mut momentum.hidden, &gradient.hidden, step);
        update(&mut self.output, &mut momentum.output, &gradient.output, step);
        update(&mut self.intercepts, &mut momentum.intercepts, &gradient.intercepts, step);
    }
}

impl HiddenMethod<'_> {
    /// The activation and its slope.
    fn activation(&self, z: f64) -> (f64, f64) {
        self.head.activation.of(self.functions, z)
    }

    /// Logits of a sample to predictions less labels.
    fn residual(&self, z: &mut [f64], label: f64) {
        let mut targets = vec![0.0; z.len()];
        self.head.target(&[label], &mut targets);
        let centre = match (&self.head.output, self.functions) {
            (Output::Logistic(_), Functions::Exact) => {
                z.iter_mut().for_each(|z| *z = logistic(*z));
                0.5
            }
            (Output::Logistic(head), Functions::Polynomials) => {
                let width = head.sigmoid.half_width();
                z.iter_mut().for_each(|z| *z = 0.5 + head.sigmoid.centred(*z / width));
                0.5
            }
            (Output::Softmax(_), Functions::Exact) => {
                softmax(z);
                1.0 / z.len() as f64
            }
            (Output::Softmax(head), Functions::Polynomials) => {
                head.softmax.apply(z);
                1.0 / z.len() as f64
            }
        };
        z.iter_mut().zip(&targets).for_each(|(p, target)| *p -= centre + target);
    }
}
