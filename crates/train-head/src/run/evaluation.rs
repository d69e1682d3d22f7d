//! The head of a run beside its twins and converged logistic regression, on the test samples.

use fhe_head::baseline::logistic_regression;
use fhe_head::estimator::PreparedHead;
use fhe_head::features::{FeatureMap, Preprocessing};
use fhe_head::metrics::Metrics;
use fhe_head::model::{Classifier, Linear};
use fhe_head::refresh::contract;
use fhe_head::twins::Functions;
use ndarray::{Array1, Array2};
use rayon::prelude::*;

use super::data::Data;
use crate::console::Console;
use crate::data_party::DecryptedHead;
use crate::exit::{Result, training_failure};
use crate::files::head::probabilities;
use crate::planning::Planned;

/// The measures of a head and of its twins.
pub(crate) struct Evaluation {
    /// The encrypted training.
    pub(crate) encrypted: Metrics,
    /// The plain twin.
    pub(crate) plain: Metrics,
    /// The simulated twin.
    pub(crate) simulate: Metrics,
    /// Logistic regression to convergence; `None` if it does not converge.
    pub(crate) logistic_regression: Option<Metrics>,
    /// Probabilities of the encrypted head: test samples (rows) by classes (columns).
    pub(crate) encrypted_probabilities: Array2<f64>,
    /// Probabilities of the plain twin.
    pub(crate) plain_probabilities: Array2<f64>,
    /// Largest difference of a weight to the plain twin's, relative to the largest weight.
    pub(crate) max_weight_error: f64,
    /// The same for the simulated twin.
    pub(crate) max_weight_error_simulate: f64,
}

impl Evaluation {
    /// Trains the twins, for as many iterations as the decrypted head has, and measures all on the test samples.
    ///
    /// # Errors
    /// Labels that the training does not know; a simulation that encryption would refuse.
    pub(crate) fn new(
        planned: &Planned,
        data: &Data,
        decrypted: &DecryptedHead,
        console: &Console,
    ) -> Result<Self> {
        let prepared = &planned.prepared;
        let plan = prepared.plan.until(decrypted.iterations).map_err(training_failure)?;
        let twins = PreparedHead { plan, ..prepared.clone() };
        let progress = console.phase("evaluate", 3);
        let plain = twins.train_plain().map_err(training_failure)?;
        progress.step();
        let simulated = twins
            .train_simulated(&planned.parameters, contract(&planned.parameters).as_ref())
            .map_err(training_failure)?;
        progress.step();
        let converged = converged(data, planned);
        progress.done();

        let labels = data.test.encode_labels(&data.classes, "the test data")?.to_vec();
        let predict = |head: &Classifier| probabilities(head, &data.test.x.view()).map_err(training_failure);
        let predict_twin = |parameters: &[Array1<f64>], functions| {
            let model = prepared.classifier(parameters).map_err(training_failure)?;
            predict(&model.with_functions(functions))
        };
        let measure = |p: &Array2<f64>| Metrics::of_classes(&labels, &p.view());
        let encrypted_probabilities = predict(&decrypted.head.model)?;
        let plain_probabilities = predict_twin(&plain, Functions::Exact)?;
        Ok(Self {
            encrypted: measure(&encrypted_probabilities),
            plain: measure(&plain_probabilities),
            simulate: measure(&predict_twin(&simulated, Functions::Polynomials)?),
            logistic_regression: converged.map(|head| Ok(measure(&predict(&head)?))).transpose()?,
            encrypted_probabilities,
            plain_probabilities,
            max_weight_error: max_weight_error(&decrypted.parameters, &plain),
            max_weight_error_simulate: max_weight_error(&decrypted.parameters, &simulated),
        })
    }
}

/// The largest difference of a weight, relative to the largest weight of `other`.
fn max_weight_error(parameters: &[Array1<f64>], other: &[Array1<f64>]) -> f64 {
    let pairs = || parameters.iter().flatten().zip(other.iter().flatten());
    let largest = pairs().fold(0.0, |max: f64, (_, w)| max.max(w.abs()));
    pairs().fold(0.0, |max: f64, (v, w)| max.max((v - w).abs())) / largest
}

/// Logistic regression to convergence with C = 1, on embeddings as they are and on standardised features of a table. For more than
/// two classes, each against the rest. It is only a yardstick: if it does not converge, the report goes without it.
fn converged(data: &Data, planned: &Planned) -> Option<Classifier> {
    let Data { training, y, classes, .. } = data;
    let classes = classes.count();
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
    fitted.inspect_err(|error| tracing::warn!("no plain logistic regression to compare with: {error}")).ok()
}
