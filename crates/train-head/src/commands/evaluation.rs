//! The head of a run beside its twins and a yardstick, on the test samples.

use fhe_head::baseline::logistic_regression;
use fhe_head::estimator::PreparedHead;
use fhe_head::features::{FeatureMap, Preprocessing};
use fhe_head::metrics::Metrics;
use fhe_head::model::{Classifier, Linear};
use fhe_head::refresh::contract;
use fhe_head::twins::Functions;
use ndarray::{Array1, Array2};
use rayon::prelude::*;

use super::planned::Planned;
use super::run_data::Data;
use crate::console::Console;
use crate::exit::{Result, training_failure};
use crate::files::head::{Head, probabilities};
use crate::samples::Matrix;

/// The head beside its twins, on the test samples.
pub(super) struct Evaluation {
    pub(super) encrypted: Metrics,
    pub(super) plain: Metrics,
    pub(super) simulate: Metrics,
    pub(super) logistic_regression: Option<Metrics>,
    /// Probabilities of the encrypted head and of the plain twin.
    pub(super) probabilities: [Array2<f64>; 2],
    pub(super) max_weight_error: f64,
    pub(super) max_weight_error_simulate: f64,
}

impl Evaluation {
    pub(super) fn new(
        planned: &Planned,
        data: &Data,
        y: &Array1<f64>,
        (head, parameters, iterations): (&Head, &[Array1<f64>], usize),
        console: &Console,
    ) -> Result<Self> {
        // the twins of a training that was stopped end where it did
        let planned_until = planned.prepared.plan.until(iterations).map_err(training_failure)?;
        let twins = PreparedHead { plan: planned_until, ..planned.prepared.clone() };
        let labels = data.test.encode_labels(&data.classes, "the test data")?.to_vec();
        let probabilities =
            |head: &Classifier| probabilities(head, &data.test.x.view()).map_err(training_failure);
        let metrics = |p: &Array2<f64>| Metrics::of_classes(&labels, &p.view());
        let of_twin = |parameters: &[Array1<f64>], functions| {
            let model = planned.prepared.classifier(parameters).map_err(training_failure)?;
            probabilities(&model.with_functions(functions))
        };
        let progress = console.phase("evaluate", 3);
        let plain = twins.train_plain().map_err(training_failure)?;
        progress.step();
        let simulated = twins
            .train_simulated(&planned.parameters, contract(&planned.parameters).as_ref())
            .map_err(training_failure)?;
        progress.step();
        let converged = converged(&data.training, (y, data.classes.count()), planned);
        progress.done();
        let encrypted = probabilities(&head.model)?;
        let of_plain = of_twin(&plain, Functions::Exact)?;
        Ok(Self {
            encrypted: metrics(&encrypted),
            plain: metrics(&of_plain),
            simulate: metrics(&of_twin(&simulated, Functions::Polynomials)?),
            logistic_regression: converged.map(|head| Ok(metrics(&probabilities(&head)?))).transpose()?,
            probabilities: [encrypted, of_plain],
            max_weight_error: max_weight_error(parameters, &plain),
            max_weight_error_simulate: max_weight_error(parameters, &simulated),
        })
    }
}

/// Largest difference of a trained weight, in units of the largest of `other`.
fn max_weight_error(parameters: &[Array1<f64>], other: &[Array1<f64>]) -> f64 {
    let pairs = || parameters.iter().flatten().zip(other.iter().flatten());
    let largest = pairs().fold(0.0, |max: f64, (_, w)| max.max(w.abs()));
    pairs().fold(0.0, |max: f64, (v, w)| max.max((v - w).abs())) / largest
}

/// Logistic regression to convergence with C = 1, on embeddings as they are and on standardised features of a table; of more
/// than two classes each against the rest.
fn converged(
    training: &Matrix,
    (y, classes): (&Array1<f64>, usize),
    planned: &Planned,
) -> Option<Classifier> {
    let weight = planned.file.sample_weights(training, y).ok()?;
    let preprocessing =
        if training.encoder.is_some() { Preprocessing::Center } else { Preprocessing::Standardize };
    let x = training.x.view();
    let fit = || {
        let map = FeatureMap::fit(&x, &weight.view(), preprocessing, x.ncols())?;
        let mapped = map.apply(&x)?;
        let positives = if classes == 2 { 1..2 } else { 0..classes };
        let fits = positives.into_par_iter().map(|class| {
            let is = y.mapv(|y| f64::from(y == class as f64));
            let fit = logistic_regression(&mapped.view(), &is.view(), &weight.view(), 1.0)?;
            map.pull_back(&fit.coef.view(), fit.intercept)
        });
        let fits: Vec<_> = fits.collect::<fhe_head::Result<_>>()?;
        let coef = Array2::from_shape_fn((fits.len(), x.ncols()), |(row, column)| fits[row].0[column]);
        let intercept = fits.iter().map(|(_, intercept)| *intercept).collect();
        Ok(Classifier::linear(Linear { coef, intercept }, false))
    };
    let fitted: fhe_head::Result<_> = fit();
    // a yardstick, no part of the work: the report goes without it
    fitted.inspect_err(|error| tracing::warn!("no plain logistic regression to compare with: {error}")).ok()
}
