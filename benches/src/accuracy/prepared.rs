//! A prepared training in every arithmetic, whatever the head.

use anyhow::Context;
use fhe_head::baseline::logistic_regression;
use fhe_head::ckks::Parameters;
use fhe_head::engine::trace::Operation;
use fhe_head::features::{FeatureMap, Preprocessing};
use fhe_head::model::{Classifier, Head, Linear};
use fhe_head::plan::Plan;
use fhe_head::refresh::contract;
use fhe_head::samples::Samples;
use fhe_head::twins::{
    self,
    Functions::{Exact, Polynomials},
};
use ndarray::{Array1, Array2, ArrayView2};
use serde_json::Value;

use super::measures::{Predictions, accuracy};
use super::training::{ByArithmetic, Bytes, Facts, Iteration, Trained};
use crate::data::Split;
use crate::encrypted::{self, Seconds};
use crate::measure::peak_rss_bytes;

/// Parameter sets to try: the first that has the depth. The last bootstraps.
pub(super) const PRESETS: [&str; 2] = ["n15-l18", "n15-boot-l6"];

/// One period of each parameter of the head.
pub(crate) type Weights = Vec<Array1<f64>>;

/// A training that is ready to be encrypted.
pub(crate) struct Prepared {
    pub(crate) map: FeatureMap,
    pub(crate) samples: Samples,
    pub(crate) parameters: Parameters,
    pub(crate) plan: Plan,
    /// Parameters to start from, for a head that does not start from zero.
    pub(crate) start: Option<Weights>,
    /// What was chosen, for the record.
    pub(crate) method: Value,
    /// Seconds that choosing and planning took.
    pub(crate) preparing: f64,
    /// After each iteration, with exact functions.
    pub(crate) exact: Vec<Weights>,
    /// After each iteration, with polynomials.
    pub(crate) polynomial: Vec<Weights>,
}

/// Trains in every arithmetic and predicts the test samples. `converged` is what [`converged`] gave for the same split.
///
/// # Errors
/// What the library refuses; a training that leaves the interval of its sigmoid.
pub(super) fn train(
    split: &Split,
    prepared: &Prepared,
    converged: Option<Predictions>,
) -> anyhow::Result<Trained> {
    let Prepared { map, samples, parameters, plan, .. } = prepared;
    let start = prepared.start.as_deref();
    let run = encrypted::train(plan, samples, start, parameters, true)?;
    let peak = peak_rss_bytes();
    let plain = twins::train_plain(plan, samples, start)?;
    let simulated = twins::train_simulated(plan, parameters, contract(parameters).as_ref(), samples, start)?;
    let model = |weights: &Weights| -> anyhow::Result<Classifier> {
        Ok(Classifier::from_parameters(plan.job.head(), map, weights)?)
    };
    let predict = |weights: &Weights, functions| {
        self::predict(&model(weights)?.with_functions(functions), &split.test.x.view())
    };
    let right = |weights: &Weights, functions| -> anyhow::Result<f64> {
        Ok(accuracy(&split.test.y, &predict(weights, functions)?.classes()))
    };
    let mut curve = Vec::new();
    let iterations = prepared.exact.iter().zip(&prepared.polynomial).zip(&run.weights);
    for (t, ((exact, polynomial), encrypted)) in iterations.enumerate() {
        curve.push(Iteration {
            iteration: t + 1,
            plain: right(exact, Exact)?,
            polynomial: right(polynomial, Polynomials)?,
            encrypted: right(encrypted, Polynomials)?,
        });
    }
    let encrypted = run.weights.last().context("a training without an iteration")?;
    let polynomial = prepared.polynomial.last().context("a training without an iteration")?;
    let error = |other: &Weights| -> anyhow::Result<f64> {
        let (ours, theirs) = (model(encrypted)?, model(other)?);
        Ok(layers(&ours).zip(layers(&theirs)).map(|(a, b)| largest_error(a, b)).fold(0.0, f64::max))
    };
    let facts = Facts {
        preset: parameters.name().to_owned(),
        ring_degree: parameters.degree(),
        log_qp: parameters.log_qp(),
        security_bits: parameters.security_bits(),
        method: prepared.method.clone(),
        iterations: plan.job.iterations(),
        bootstraps: plan.count(Operation::Refresh),
        estimated_s: plan.seconds,
        seconds: Seconds { prepare: prepared.preparing, ..run.seconds },
        bytes: Bytes {
            upload: plan.sizes.upload_bytes,
            data_memory: plan.sizes.data_bytes,
            key_files: plan.sizes.key_file_bytes,
            key_memory: plan.sizes.key_bytes,
            head: run.head_bytes,
        },
        max_weight_error: error(&plain)?,
        max_weight_error_simulate: error(&simulated.parameters)?,
        simulated_error_std: simulated.error_std,
        peak_rss_bytes: peak,
    };
    let predictions = ByArithmetic {
        converged,
        plain: predict(&plain, Exact)?,
        polynomial: predict(polynomial, Polynomials)?,
        simulate: predict(&simulated.parameters, Polynomials)?,
        encrypted: predict(encrypted, Polynomials)?,
    };
    Ok(Trained { predictions, curve, facts })
}

/// Probabilities of the classes: of one output and its complement, or of all outputs; one-vs-rest divides them by their sum as
/// scikit-learn does.
fn predict(model: &Classifier, x: &ArrayView2<'_, f64>) -> anyhow::Result<Predictions> {
    let probabilities = model.predict_proba(x)?;
    Ok(match probabilities.ncols() {
        1 => Predictions::binary(&probabilities.column(0).to_vec()),
        _ => Predictions { probabilities },
    })
}

fn layers(model: &Classifier) -> impl Iterator<Item = &Linear> {
    model.hidden.iter().map(|(layer, _)| layer).chain([&model.output])
}

/// Largest difference of a weight or intercept, in units of the largest of the same output in `other`.
fn largest_error(ours: &Linear, other: &Linear) -> f64 {
    let head =
        |layer: &Linear, k: usize| Head { coef: layer.coef.row(k).to_owned(), intercept: layer.intercept[k] };
    (0..other.intercept.len()).map(|k| head(ours, k).max_weight_error(&head(other, k))).fold(0.0, f64::max)
}

/// Logistic regression to convergence with C = 1 on standardised features, one against the rest if there are more than
/// two classes; nothing where it does not converge.
pub(super) fn converged(split: &Split, classes: usize) -> Option<Predictions> {
    let x = split.train.x.view();
    let weight = Array1::ones(split.train.len());
    let map = FeatureMap::fit(&x, &weight.view(), Preprocessing::Standardize, x.ncols()).ok()?;
    let mapped = map.apply(&x).ok()?;
    let outputs = if classes == 2 { 1..2 } else { 0..classes };
    let heads: Vec<Head> = outputs
        .map(|class| {
            let y = against_rest(&split.train.y, class);
            let fit = logistic_regression(&mapped.view(), &y.view(), &weight.view(), 1.0).ok()?;
            let (coef, intercept) = map.pull_back(&fit.coef.view(), fit.intercept).ok()?;
            Some(Head { coef, intercept })
        })
        .collect::<Option<_>>()?;
    let columns = split.train.x.ncols();
    let output = Linear {
        coef: Array2::from_shape_fn((heads.len(), columns), |(k, j)| heads[k].coef[j]),
        intercept: heads.iter().map(|head| head.intercept).collect(),
    };
    let model = Classifier::linear(output, false);
    predict(&model, &split.test.x.view()).ok()
}

/// 1 for samples of the class, 0 for the others.
pub(crate) fn against_rest(y: &[usize], class: usize) -> Array1<f64> {
    y.iter().map(|&label| f64::from(u8::from(label == class))).collect()
}
