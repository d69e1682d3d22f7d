//! A chosen method on held-out samples, as encryption would train it: polynomials, levels, scales, and an estimate of the noise.

use fhe_head::labels::{Classes, stratified_folds};
use fhe_head::metrics::Metrics;
use fhe_head::refresh::contract;
use fhe_head::twins::{Functions, train_simulated};
use ndarray::{Array1, Array2, Axis};
use serde::Serialize;

use super::Planned;
use crate::args::Hyper;
use crate::console::Console;
use crate::exit::{Result, training_failure};
use crate::files::head::probabilities;
use crate::interrupt;
use crate::samples::Matrix;

const FOLDS: usize = 3;

/// Measures on the held-out samples of all folds.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Measured {
    /// Share of samples that were put into their class, from 0 to 1.
    pub(crate) accuracy: f64,
    /// Mean log loss.
    pub(crate) log_loss: f64,
}

/// The measures of a method.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Validated {
    /// Number of folds.
    pub(crate) folds: usize,
    /// In the plain twin: exact arithmetic and functions.
    pub(crate) plain: Measured,
    /// In the simulated twin: as encryption would do it.
    pub(crate) simulate: Measured,
    /// Standard deviation of the noise that encryption leaves in a weight, relative to the largest weight; the maximum over the
    /// folds.
    pub(crate) noise: f64,
}

/// Trains the planned method on all folds but one, for each fold, in plain arithmetic and in simulation on the planned parameter set.
/// Intervals that the flags leave open follow from the training part of each fold.
///
/// # Errors
/// Too few samples for the folds; a training that encryption would refuse.
pub(crate) fn validate(
    planned: &Planned,
    matrix: &Matrix,
    y: &Array1<f64>,
    classes: &Classes,
    hyper: &Hyper,
    console: &Console,
) -> Result<Validated> {
    let open_intervals =
        Hyper { sigmoid_interval: hyper.sigmoid_interval, hidden: hyper.hidden, ..planned.chosen(hyper) };
    let (mut labels, mut folds) = (Vec::with_capacity(y.len()), Vec::with_capacity(FOLDS));
    let phase = console.phase("validate", FOLDS);
    for fold in stratified_folds(y, FOLDS, hyper.random_state) {
        interrupt::check()?;
        let (training, test) = (matrix.select(&fold.train), matrix.select(&fold.test));
        let train_y = y.select(Axis(0), &fold.train);
        let planned = Planned::quietly(&training, &train_y, classes, &open_intervals)?;
        folds.push(both_twins(&planned, &test)?);
        labels.extend(fold.test.iter().map(|&sample| y[sample]));
        phase.step();
    }
    phase.done();
    let measure = |twin: fn(&Fold) -> &Array2<f64>| -> Measured {
        let rows: Vec<_> = folds.iter().flat_map(|fold| twin(fold).outer_iter()).collect();
        let p = Array2::from_shape_fn((rows.len(), classes.count()), |(row, class)| rows[row][class]);
        let Metrics { accuracy, log_loss, .. } = Metrics::of_classes(&labels, &p.view());
        Measured { accuracy, log_loss }
    };
    let (plain, simulate) = (measure(|fold| &fold.plain), measure(|fold| &fold.simulated));
    let noise = folds.iter().fold(0.0, |most: f64, fold| most.max(fold.noise));
    Ok(Validated { folds: FOLDS, plain, simulate, noise })
}

/// What the twins of one training say of the samples of its fold.
struct Fold {
    /// Probabilities of the plain twin: samples (rows) by classes (columns).
    plain: Array2<f64>,
    /// Those of the simulated twin.
    simulated: Array2<f64>,
    /// Standard deviation of the noise in a weight, relative to the largest weight.
    noise: f64,
}

fn both_twins(planned: &Planned, test: &Matrix) -> Result<Fold> {
    let Planned { prepared, parameters, .. } = planned;
    let predict = |weights: &[Array1<f64>], functions| -> fhe_head::Result<Array2<f64>> {
        probabilities(&prepared.classifier(weights)?.with_functions(functions), &test.x.view())
    };
    let simulation = train_simulated(
        &prepared.plan,
        parameters,
        contract(parameters).as_ref(),
        &prepared.samples,
        prepared.start.as_deref(),
    )
    .map_err(training_failure)?;
    let weights = prepared.train_plain().map_err(training_failure)?;
    let largest = simulation.parameters.iter().flatten().fold(0.0, |max: f64, w| max.max(w.abs()));
    Ok(Fold {
        plain: predict(&weights, Functions::Exact).map_err(training_failure)?,
        simulated: predict(&simulation.parameters, Functions::Polynomials).map_err(training_failure)?,
        noise: simulation.error_std / largest,
    })
}
