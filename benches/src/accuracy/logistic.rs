//! The binary logistic head, its method chosen by the library's cross-validation.

use anyhow::Context;
use fhe_head::ckks::presets;
use fhe_head::dense::{self, Method};
use fhe_head::estimator::{self, LogisticRegression};
use fhe_head::refresh::contract;
use ndarray::Array1;
use serde_json::json;

use super::prepared::{PRESETS, Prepared, Weights, against_rest};
use crate::data::Split;
use crate::encrypted::Stopwatch;

/// Chooses and plans; the seed fixes the folds of the cross-validation.
///
/// # Errors
/// Data that cannot be trained on.
pub(crate) fn prepare(split: &Split, seed: u64) -> anyhow::Result<Prepared> {
    let mut watch = Stopwatch::default();
    let y = against_rest(&split.train.y, 1);
    let options = LogisticRegression { random_state: seed, ..LogisticRegression::default() }.check()?;
    let mut refusal = None;
    for name in PRESETS {
        let parameters = presets::by_name(name)?;
        let prepared =
            options.prepare(&split.train.x.view(), &y.view(), &parameters, contract(&parameters).as_ref());
        let prepared = match prepared {
            Ok(prepared) => prepared,
            Err(error @ fhe_head::Error::NeedsBootstrapping { .. }) => {
                refusal = Some(error);
                continue;
            }
            Err(error) => return Err(error.into()),
        };
        let preparing = watch.lap();
        let exact = exact(&prepared);
        let estimator::Prepared { map, samples, choice, plan, rehearsal, .. } = prepared;
        return Ok(Prepared {
            map,
            samples,
            parameters,
            plan,
            start: None,
            method: json!({
                "optimizer": choice.optimizer,
                "learning_rate": choice.learning_rate,
                "preprocessing": choice.preprocessing,
                "sigmoid_degree": choice.sigmoid.degree().value(),
                "sigmoid_interval": choice.sigmoid.half_width(),
            }),
            preparing,
            exact,
            polynomial: rehearsal.into_iter().map(|iterate| vec![iterate.weights]).collect(),
        });
    }
    Err(refusal.context("no parameter set to try")?.into())
}

/// Weights after each iteration with the exact logistic function.
fn exact(prepared: &estimator::Prepared) -> Vec<Weights> {
    let method = Method {
        optimizer: prepared.request.optimizer,
        learning_rates: prepared.request.learning_rates.clone(),
        alpha: prepared.request.alpha,
        sigmoid: None,
    };
    let iterates: Vec<dense::Iterate> = dense::train(&prepared.samples.problem(), &method);
    iterates.into_iter().map(|iterate| vec![iterate.weights] as Vec<Array1<f64>>).collect()
}
