//! A plan from the shape of the data alone.

use fhe_head::activation::Activation;
use fhe_head::ckks::Parameters;
use fhe_head::classifier::{self, Kind};
use fhe_head::heads::{BuiltIn, Logistic, Mlp, Multinomial, Output};
use fhe_head::optimizer::Optimizer;
use fhe_head::plan::{Plan, Request};
use fhe_head::refresh::contract;
use fhe_head::samples::padded_features;
use fhe_head::sigmoid::{Degree, Fit, Sigmoid};
use fhe_head::softmax::{self, Softmax};

use super::options::{alpha, kind, optimizer};
use super::presets::first_that_fits;
use crate::args::Hyper;
use crate::exit::{Failure, Result, training_failure};

/// The shape of a data set.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shape {
    /// Number of samples.
    pub(crate) samples: usize,
    /// Number of features.
    pub(crate) features: usize,
    /// Number of classes.
    pub(crate) classes: usize,
}

/// A plan for data of a shape. What would be chosen from the data gets a typical value.
///
/// # Errors
/// Flags out of range for the shape; parameters that are refused.
pub(crate) fn plan(shape: Shape, hyper: &Hyper) -> Result<(Parameters, Plan)> {
    const ITERATIONS: usize = 4;
    const LEARNING_RATE: f64 = 4.0;
    let Shape { samples, features, classes } = shape;
    if classes < 2 {
        return Err(Failure::usage(format!("--classes {classes}: at least two are needed")));
    }
    expect_batch(hyper, samples)?;
    let features = hyper.n_components.map_or(features, |kept| kept.min(features));
    let head = head(Shape { features, ..shape }, hyper)?;
    let iterations = match head {
        BuiltIn::Mlp(_) => classifier::MLP_ITERATIONS,
        _ => ITERATIONS,
    };
    let rate = hyper.steps.learning_rate.unwrap_or(LEARNING_RATE);
    let rates = hyper.steps.schedule.rates(rate, hyper.max_iter.unwrap_or(iterations));
    let request = Request {
        optimizer: optimizer(hyper).unwrap_or(Optimizer::NesterovSchedule),
        alpha: alpha(hyper.penalty, samples),
        batches: hyper.steps.batch_size.map_or(1, |size| samples.div_ceil(size)),
        scoring: hyper.scoring,
        ..Request::new(head, samples, features, rates.map_err(training_failure)?)
    };
    first_that_fits(hyper.preset.as_deref(), |parameters| {
        Plan::new(parameters, contract(parameters).as_ref(), &request)
    })
}

/// Refuses a mini-batch of more samples than there are.
///
/// # Errors
/// `--batch-size` is larger than `samples`.
pub(super) fn expect_batch(hyper: &Hyper, samples: usize) -> Result<()> {
    match hyper.steps.batch_size.filter(|&size| size > samples) {
        Some(size) => Err(Failure::usage(format!(
            "--batch-size {size}: at most the number of training samples, {samples}"
        ))),
        None => Ok(()),
    }
}

fn head(shape: Shape, hyper: &Hyper) -> Result<BuiltIn> {
    const INTERVAL: f64 = 8.0;
    const ACTIVATION_INTERVAL: f64 = 4.0;
    let Shape { features, classes, .. } = shape;
    let degree = Degree::try_from(hyper.sigmoid_degree.unwrap_or(3)).map_err(training_failure)?;
    let interval = hyper.sigmoid_interval.unwrap_or(INTERVAL);
    let sigmoid = |degree| Sigmoid::new(degree, interval, Fit::default()).map_err(training_failure);
    let multinomial =
        |depth| Softmax::new(classes, depth, interval).map(Multinomial::new).map_err(training_failure);
    Ok(match kind(hyper, classes, || format!("--classes says {classes}"))? {
        None => BuiltIn::Logistic(Logistic::binary(sigmoid(degree)?)),
        Some(Kind::OneVsRest(degree)) => BuiltIn::Logistic(Logistic::one_vs_rest(classes, sigmoid(degree)?)),
        Some(Kind::Softmax(depth)) => BuiltIn::Softmax(multinomial(depth)?),
        Some(Kind::Mlp { hidden, activation }) => {
            let most = padded_features(features);
            if hidden > most {
                let message =
                    format!("--hidden-layer-sizes {hidden}: at most {most} units with {features} features");
                return Err(Failure::usage(message));
            }
            let interval = hyper.hidden.and_then(|layer| layer.interval).unwrap_or(ACTIVATION_INTERVAL);
            let output = match classes {
                2 => Output::Logistic(Logistic::binary(sigmoid(Degree::Three)?)),
                _ => Output::Softmax(multinomial(softmax::Depth::Two)?),
            };
            let activation = Activation::new(activation, interval).map_err(training_failure)?;
            BuiltIn::Mlp(Mlp { hidden, activation, output })
        }
    })
}
