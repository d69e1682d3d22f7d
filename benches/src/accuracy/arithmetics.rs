//! A prepared training in every arithmetic, whatever the head.

use anyhow::Context;
use fhe_head::Functions::{Exact, Polynomials};
use fhe_head::ckks::Pace;
use fhe_head::engine::Operation;
use ndarray::Array1;
use serde_json::json;

use super::measures::{Predictions, accuracy};
use super::recipes::{Prepared, predict};
use super::training::{ByArithmetic, Bytes, Facts, Iteration, Trained};
use crate::data::Split;
use crate::encrypted::{self, Seconds};
use crate::measure::peak_rss_bytes;

/// One period of each weight vector of the head.
type Weights = [Array1<f64>];

/// Trains in every arithmetic and predicts the test samples. `converged` holds the predictions of converged logistic regression on the
/// same split.
///
/// # Errors
/// The library refuses the work, or the training leaves an interval.
pub(super) fn train(
    split: &Split,
    prepared: &Prepared,
    converged: Option<Predictions>,
) -> anyhow::Result<Trained> {
    let training = &prepared.training;
    let (plan, parameters) = (&training.plan, training.scheme.parameters());
    let run = encrypted::train(training, true)?;
    let peak = peak_rss_bytes();
    let simulated = training.train_simulated()?;
    let (exact, polynomial) = (training.trajectory(Exact)?, training.trajectory(Polynomials)?);
    let predict = |weights: &Weights, functions| {
        predict(&training.model(weights)?.with_functions(functions), &split.test.x.view())
    };
    let right = |weights: &Weights, functions| -> anyhow::Result<f64> {
        Ok(accuracy(&split.test.y, &predict(weights, functions)?.classes()))
    };
    let mut curve = Vec::new();
    for (t, ((exact, polynomial), encrypted)) in exact.iter().zip(&polynomial).zip(&run.weights).enumerate() {
        curve.push(Iteration {
            iteration: t + 1,
            plain: right(exact, Exact)?,
            polynomial: right(polynomial, Polynomials)?,
            encrypted: right(encrypted, Polynomials)?,
        });
    }
    let encrypted = run.weights.last().context("a training without an iteration")?;
    let polynomial = polynomial.last().context("a training without an iteration")?;
    let plain = exact.last().context("a training without an iteration")?;
    let error = |other: &Weights| -> anyhow::Result<f64> {
        Ok(training.model(encrypted)?.max_weight_error(&training.model(other)?))
    };
    let facts = Facts {
        preset: training.scheme.name().to_owned(),
        ring_degree: parameters.degree(),
        log_qp: parameters.log_qp(),
        security_bits: parameters.security_bits(),
        method: json!(training.options),
        iterations: plan.job.iterations(),
        bootstraps: plan.counts.of(Operation::Refresh),
        estimated_s: plan.seconds(parameters, &Pace::of_this_machine()?)?,
        seconds: Seconds { prepare: prepared.seconds, ..run.seconds },
        bytes: Bytes {
            upload: plan.sizes.upload_bytes,
            data_memory: plan.sizes.data_bytes,
            key_files: plan.sizes.key_file_bytes,
            key_memory: plan.sizes.key_bytes,
            head: run.head_bytes,
        },
        max_weight_error: error(plain)?,
        max_weight_error_simulate: error(&simulated.weights)?,
        simulated_error_std: simulated.error_std,
        peak_rss_bytes: peak,
    };
    let predictions = ByArithmetic {
        converged,
        plain: predict(plain, Exact)?,
        polynomial: predict(polynomial, Polynomials)?,
        simulate: predict(&simulated.weights, Polynomials)?,
        encrypted: predict(encrypted, Polynomials)?,
    };
    Ok(Trained { predictions, curve, facts })
}
