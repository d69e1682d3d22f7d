//! Linear heads of one or several outputs: a prepared training in every arithmetic.

use anyhow::Context;
use fhe_head::baseline::logistic_regression;
use fhe_head::ckks::Parameters;
use fhe_head::engine::trace::Operation;
use fhe_head::features::{FeatureMap, Preprocessing};
use fhe_head::model::Head;
use fhe_head::plan::Plan;
use fhe_head::refresh::contract;
use fhe_head::samples::Samples;
use fhe_head::sigmoid::logistic;
use fhe_head::twins;
use ndarray::{Array1, Array2, ArrayView2};
use serde_json::Value;

use super::measures::{Predictions, accuracy};
use super::training::{Bytes, Facts, Heads, Point, Trained};
use crate::data::Split;
use crate::encrypted::{self, Seconds};
use crate::measure::peak_rss_bytes;

/// Parameter sets to try: the first that has the depth. The last bootstraps.
pub(super) const PRESETS: [&str; 2] = ["n15-l18", "n15-boot-l6"];

/// Weights of each output.
pub(crate) type Weights = Vec<Array1<f64>>;

/// A training that is ready to be encrypted.
pub(crate) struct Linear {
    pub(crate) map: FeatureMap,
    pub(crate) samples: Samples,
    pub(crate) parameters: Parameters,
    pub(crate) plan: Plan,
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
    linear: &Linear,
    converged: Option<Predictions>,
) -> anyhow::Result<Trained> {
    let Linear { map, samples, parameters, plan, .. } = linear;
    let run = encrypted::train(plan, samples, parameters, true)?;
    let peak = peak_rss_bytes();
    let plain = twins::train_plain(plan, samples, None)?;
    let simulated = twins::train_simulated(plan, parameters, contract(parameters).as_ref(), samples, None)?;
    let fold = |weights: &Weights| -> anyhow::Result<Vec<Head>> {
        Ok(weights.iter().map(|w| Head::from_weights(map, &w.view())).collect::<Result<_, _>>()?)
    };
    let predict = |weights: &Weights| self::predict(&fold(weights)?, &split.test.x.view());
    let right = |weights: &Weights| -> anyhow::Result<f64> {
        Ok(accuracy(&split.test.y, &predict(weights)?.classes()))
    };
    let mut curve = Vec::new();
    let iterations = linear.exact.iter().zip(&linear.polynomial).zip(&run.weights);
    for (t, ((exact, polynomial), encrypted)) in iterations.enumerate() {
        curve.push(Point {
            iteration: t + 1,
            plain: right(exact)?,
            polynomial: right(polynomial)?,
            encrypted: right(encrypted)?,
        });
    }
    let encrypted = run.weights.last().context("a training without an iteration")?;
    let polynomial = linear.polynomial.last().context("a training without an iteration")?;
    let error = |other: &Weights| -> anyhow::Result<f64> {
        let pairs = fold(encrypted)?.into_iter().zip(fold(other)?);
        Ok(pairs.map(|(ours, theirs)| ours.max_weight_error(&theirs)).fold(0.0, f64::max))
    };
    let facts = Facts {
        preset: parameters.name().to_owned(),
        ring_degree: parameters.degree(),
        log_qp: parameters.log_qp(),
        security_bits: parameters.security_bits(),
        method: linear.method.clone(),
        iterations: plan.job.iterations(),
        bootstraps: plan.count(Operation::Refresh),
        estimated_s: plan.seconds,
        seconds: Seconds { prepare: linear.preparing, ..run.seconds },
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
    let heads = Heads {
        converged,
        plain: predict(&plain)?,
        polynomial: predict(polynomial)?,
        simulate: predict(&simulated.parameters)?,
        encrypted: predict(encrypted)?,
    };
    Ok(Trained { heads, curve, facts })
}

/// Probabilities of the classes: of one output and its complement, or of all outputs, divided by their sum as
/// scikit-learn's one-vs-rest does.
fn predict(heads: &[Head], x: &ArrayView2<'_, f64>) -> anyhow::Result<Predictions> {
    if let [head] = heads {
        return Ok(Predictions::binary(&head.predict_proba(x)?.to_vec()));
    }
    let mut probabilities = Array2::zeros((x.nrows(), heads.len()));
    for (mut column, head) in probabilities.columns_mut().into_iter().zip(heads) {
        column.assign(&head.decision_function(x)?.mapv(logistic));
    }
    for mut row in probabilities.rows_mut() {
        let sum = row.sum();
        row /= sum;
    }
    Ok(Predictions { probabilities })
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
    predict(&heads, &split.test.x.view()).ok()
}

/// 1 for samples of the class, 0 for the others.
pub(crate) fn against_rest(y: &[usize], class: usize) -> Array1<f64> {
    y.iter().map(|&label| f64::from(u8::from(label == class))).collect()
}
