//! Softmax and hidden layer as the library's estimator prepares them.

use fhe_head::activation::Shape;
use fhe_head::ckks::presets;
use fhe_head::classifier::{Classifier, Kind, PreparedClassifier};
use fhe_head::features::Preprocessing;
use fhe_head::optimizer::{Optimizer, RateSchedule};
use fhe_head::refresh::contract;
use fhe_head::softmax::Depth;
use fhe_head::twins::{Functions, trajectory};
use ndarray::Array1;
use serde_json::json;

use super::prepared::{PRESETS, Prepared};
use crate::data::Split;
use crate::encrypted::Stopwatch;

/// Multinomial logistic regression; map, method and iterations by the library's cross-validation, whose folds the seed fixes.
///
/// # Errors
/// Data that cannot be trained on.
pub(super) fn softmax(split: &Split, classes: usize, seed: u64) -> anyhow::Result<Prepared> {
    let options = Classifier { random_state: seed, ..Classifier::new(Kind::Softmax(Depth::Three)) };
    prepare(split, classes, options, PRESETS[0])
}

/// Units of the hidden layer.
const HIDDEN: usize = 32;
/// Directions of the features that it sees, with the constant.
const COMPONENTS: usize = 128;
/// Samples that it is trained on at most, every one scaled to unit norm: outliers would grow with their square.
pub(super) const HIDDEN_SAMPLES: usize = 2000;

/// A hidden layer with squares for activations, refreshed by bootstraps; the seed fixes the initial weights.
///
/// # Errors
/// Data that cannot be trained on; values out of their intervals.
pub(super) fn hidden(split: &Split, classes: usize, seed: u64) -> anyhow::Result<Prepared> {
    let options = Classifier {
        preprocessing: Some(Preprocessing::Whiten { ridge: 1.5, standardize: false }),
        n_components: Some(COMPONENTS),
        optimizer: Some(Optimizer::GradientDescent),
        learning_rate: Some(2.8),
        schedule: RateSchedule::Cosine,
        max_iter: Some(10),
        alpha: 0.02,
        random_state: seed,
        ..Classifier::new(Kind::Mlp { hidden: HIDDEN, activation: Shape::Square })
    };
    prepare(split, classes, options, "n15-boot-l6")
}

fn prepare(split: &Split, classes: usize, options: Classifier, preset: &str) -> anyhow::Result<Prepared> {
    let mut watch = Stopwatch::default();
    let parameters = presets::by_name(preset)?;
    let y: Array1<f64> = split.train.y.iter().map(|&label| label as f64).collect();
    let x = split.train.x.view();
    let prepared =
        options.check()?.prepare(&x, &y.view(), classes, &parameters, contract(&parameters).as_ref())?;
    let preparing = watch.lap();
    let PreparedClassifier { map, preprocessing, samples, request, plan, start } = prepared;
    let run = |functions| trajectory(&plan, &samples, start.as_deref(), functions);
    let (exact, polynomial) = (run(Functions::Exact)?, run(Functions::Polynomials)?);
    let method = json!({
        "optimizer": request.optimizer,
        "learning_rate": request.learning_rates.first(),
        "preprocessing": preprocessing,
        "alpha": request.alpha,
        "head": request.head,
    });
    Ok(Prepared { map, samples, parameters, plan, start, method, preparing, exact, polynomial })
}
