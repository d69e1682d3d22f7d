//! A chosen method on held-out samples, as encryption would train it: polynomials, levels, scales, and an estimate of the noise.

use fhe_head::features::Preprocessing;
use fhe_head::heads::{BuiltIn, Logistic};
use fhe_head::labels::{Classes, stratified_folds};
use fhe_head::metrics::Metrics;
use fhe_head::optimizer::Optimizer;
use fhe_head::refresh::contract;
use fhe_head::twins::{Functions, train_simulated};
use ndarray::{Array1, Array2, Axis};
use serde::Serialize;

use super::planned::Planned;
use crate::args::{HeadKind, Hyper, Penalty, Preprocess, Solver};
use crate::console::Console;
use crate::exit::{Result, training_failure};
use crate::files::head::probabilities;
use crate::interrupt;
use crate::samples::Matrix;

const FOLDS: usize = 3;

/// Measures on the held-out samples of all folds.
#[derive(Clone, Copy, Debug, Serialize)]
pub(super) struct Measured {
    /// Share of samples that were put into their class.
    pub(super) accuracy: f64,
    /// Mean log loss.
    pub(super) log_loss: f64,
}

/// A method as it does in the plain and in the simulated twin.
#[derive(Clone, Copy, Debug, Serialize)]
pub(super) struct Validated {
    /// Number of folds.
    pub(super) folds: usize,
    /// Exact arithmetic and functions.
    pub(super) plain: Measured,
    /// As encryption would do it.
    pub(super) simulate: Measured,
    /// Standard deviation of the noise that encryption leaves in a weight, over the largest weight: the most of all folds.
    pub(super) noise: f64,
}

/// Trains the planned method on the other folds of each, in plain arithmetic and in simulation, on the planned parameter set.
/// Intervals follow from the training part of each fold.
///
/// # Errors
/// Data that are too few for folds; a simulation that encryption would refuse.
pub(super) fn validate(
    planned: &Planned,
    matrix: &Matrix,
    y: &Array1<f64>,
    classes: &Classes,
    hyper: &Hyper,
    console: &Console,
) -> Result<Validated> {
    let hyper = chosen(planned, hyper);
    let contract = contract(&planned.parameters);
    let mut labels = Vec::with_capacity(y.len());
    let (mut plain, mut simulated) = (Vec::new(), Vec::new());
    let mut noise: f64 = 0.0;
    let phase = console.phase("validate", FOLDS);
    for fold in stratified_folds(y, FOLDS, hyper.random_state) {
        interrupt::check()?;
        let (training, test) = (matrix.select(&fold.train), matrix.select(&fold.test));
        let train_y = y.select(Axis(0), &fold.train);
        let Planned { prepared, parameters, .. } = Planned::quietly(&training, &train_y, classes, &hyper)?;
        let predict = |weights: &[Array1<f64>], functions| -> fhe_head::Result<Array2<f64>> {
            probabilities(&prepared.classifier(weights)?.with_functions(functions), &test.x.view())
        };
        let simulation = train_simulated(
            &prepared.plan,
            &parameters,
            contract.as_ref(),
            &prepared.samples,
            prepared.start.as_deref(),
        )
        .map_err(training_failure)?;
        let weights = prepared.train_plain().map_err(training_failure)?;
        plain.push(predict(&weights, Functions::Exact).map_err(training_failure)?);
        simulated.push(predict(&simulation.parameters, Functions::Polynomials).map_err(training_failure)?);
        let largest = simulation.parameters.iter().flatten().fold(0.0, |max: f64, w| max.max(w.abs()));
        noise = noise.max(simulation.error_std / largest);
        labels.extend(fold.test.iter().map(|&sample| y[sample]));
        phase.step();
    }
    phase.done();
    let measure = |parts: &[Array2<f64>]| -> Measured {
        let rows: Vec<_> = parts.iter().flat_map(|part| part.outer_iter()).collect();
        let p = Array2::from_shape_fn((rows.len(), classes.count()), |(row, class)| rows[row][class]);
        let Metrics { accuracy, log_loss, .. } = Metrics::of_classes(&labels, &p.view());
        Measured { accuracy, log_loss }
    };
    Ok(Validated { folds: FOLDS, plain: measure(&plain), simulate: measure(&simulated), noise })
}

/// What was said, and in the place of what was left open what was chosen, but for the intervals.
fn chosen(planned: &Planned, hyper: &Hyper) -> Hyper {
    let request = &planned.prepared.request;
    let (solver, momentum) = match request.optimizer {
        Optimizer::NesterovSchedule => (Some(Solver::Nesterov), None),
        Optimizer::Nesterov(momentum) => (None, Some(momentum)),
        _ => (Some(Solver::Gd), None),
    };
    let (preprocess, ridge) = match planned.prepared.preprocessing {
        Preprocessing::Center => (Preprocess::None, None),
        Preprocessing::Standardize => (Preprocess::Standardize, None),
        Preprocessing::Whiten { ridge, .. } => (Preprocess::Whiten, Some(ridge)),
    };
    let head = match &request.head {
        BuiltIn::Logistic(Logistic { outputs: 1, .. }) => HeadKind::Logreg,
        BuiltIn::Logistic(_) => HeadKind::Ovr,
        BuiltIn::Softmax(_) => HeadKind::Softmax,
        BuiltIn::Mlp(_) => HeadKind::Mlp,
    };
    let sigmoid_degree = match &request.head {
        BuiltIn::Logistic(Logistic { sigmoid, .. }) => Some(sigmoid.degree().value()),
        _ => hyper.sigmoid_degree,
    };
    let mut chosen = Hyper {
        head: Some(head),
        solver,
        momentum,
        max_iter: Some(request.learning_rates.len()),
        penalty: Some(Penalty::Alpha(request.alpha)),
        preprocess,
        ridge,
        sigmoid_degree,
        preset: Some(planned.parameters.name().to_owned()),
        ..hyper.clone()
    };
    chosen.steps.learning_rate = request.learning_rates.first().copied();
    chosen
}
