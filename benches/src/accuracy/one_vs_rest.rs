//! One logistic output for each class, all in one training on the same ciphertexts.
//!
//! Whitened features, gradient descent; ridge, learning rate and iterations by the held-out loss of four folds in the clear, the
//! polynomial and its interval by rehearsals.

use anyhow::{Context, ensure};
use fhe_head::ckks::{Parameters, presets};
use fhe_head::dense::{self, Iterate, Method, Problem};
use fhe_head::features::{FeatureMap, Preprocessing};
use fhe_head::heads::{BuiltIn, Logistic};
use fhe_head::optimizer::Optimizer;
use fhe_head::plan::{Depth, Plan, Request};
use fhe_head::refresh::contract;
use fhe_head::samples::Samples;
use fhe_head::sigmoid::{Degree, Fit, Sigmoid, logistic};
use ndarray::{Array1, Axis};
use rayon::prelude::*;
use serde_json::json;

use super::prepared::{PRESETS, Prepared, Weights, against_rest};
use crate::data::{self, Split};
use crate::encrypted::Stopwatch;

const RIDGES: [f64; 5] = [0.03, 0.1, 0.3, 1.0, 3.0];
/// Four is the safe step on whitened features; a ridge allows more.
const RATES: [f64; 3] = [2.0, 4.0, 8.0];
/// What fits without a bootstrap.
const MOST_ITERATIONS: usize = 4;
const LEAST_ITERATIONS: usize = 2;
const HALF_WIDTHS: [f64; 9] = [4.0, 6.0, 8.0, 10.0, 12.0, 16.0, 20.0, 24.0, 32.0];
/// A rehearsal's largest logit must stay this far inside the interval.
const MARGIN: f64 = 1.05;
const FOLDS: usize = 4;
/// Samples beyond this number do not change the choice, and cost time.
const SAMPLE_LIMIT: usize = 2400;
/// Fewer iterations win if their loss is within this share of the best.
const TOLERANCE: f64 = 0.005;

#[derive(Clone, Copy)]
struct Choice {
    ridge: f64,
    rate: f64,
    iterations: usize,
    loss: f64,
}

/// Chooses and plans; the seed fixes the folds of the cross-validation.
///
/// # Errors
/// Data that cannot be trained on.
pub(super) fn prepare(split: &Split, classes: usize, seed: u64) -> anyhow::Result<Prepared> {
    let mut watch = Stopwatch::default();
    let features = limit(split.train.x.ncols());
    let choice = choose(&split.train, classes, features, seed)?;
    let whiten = Preprocessing::Whiten { ridge: choice.ridge, standardize: true };
    let weight = Array1::ones(split.train.len());
    let map = FeatureMap::fit(&split.train.x.view(), &weight.view(), whiten, features)?;
    let y: Array1<f64> = split.train.y.iter().map(|&label| label as f64).collect();
    let samples = Samples::new(&map.apply(&split.train.x.view())?.view(), &y.view(), &weight.view())?;
    let run = |sigmoid: Option<&Sigmoid>| {
        iterates(&samples, &split.train.y, classes, choice.rate, choice.iterations, sigmoid)
    };
    let exact = run(None);
    let parameters = presets::by_name(PRESETS[0])?;
    let (sigmoid, polynomial) = faithful(&samples, &exact, choice.iterations, &parameters, run)?;
    let largest = polynomial.iter().flatten().flat_map(|iterate| iterate.weights.iter());
    let largest = largest.fold(0.0, |max: f64, weight| max.max(weight.abs()));
    let request = Request {
        optimizer: Optimizer::GradientDescent,
        largest_state: largest / sigmoid.half_width(),
        ..Request::new(
            BuiltIn::Logistic(Logistic::one_vs_rest(classes, sigmoid.clone())),
            samples.len(),
            map.outputs(),
            vec![choice.rate; choice.iterations],
        )
    };
    let plan = Plan::new(&parameters, contract(&parameters).as_ref(), &request)?;
    let weights = |all: Vec<Vec<Iterate>>| -> Vec<Weights> {
        all.into_iter().map(|outputs| outputs.into_iter().map(|iterate| iterate.weights).collect()).collect()
    };
    Ok(Prepared {
        map,
        samples,
        parameters,
        plan,
        start: None,
        method: json!({
            "optimizer": Optimizer::GradientDescent,
            "learning_rate": choice.rate,
            "preprocessing": whiten,
            "sigmoid_degree": sigmoid.degree().value(),
            "sigmoid_interval": sigmoid.half_width(),
        }),
        preparing: watch.lap(),
        exact: weights(exact),
        polynomial: weights(polynomial),
    })
}

/// The polynomial whose training stays inside its interval and gives the probabilities nearest to those of the exact one.
fn faithful(
    samples: &Samples,
    exact: &[Vec<Iterate>],
    iterations: usize,
    parameters: &Parameters,
    run: impl Fn(Option<&Sigmoid>) -> Vec<Vec<Iterate>> + Sync,
) -> anyhow::Result<(Sigmoid, Vec<Vec<Iterate>>)> {
    let most = |of: fn(&Iterate) -> f64| exact.iter().flatten().map(of).fold(0.0, f64::max);
    let (largest, rms) = (most(|iterate| iterate.largest_logit), most(|iterate| iterate.rms_logit));
    let mut candidates = Vec::new();
    for width in HALF_WIDTHS.into_iter().filter(|width| *width >= MARGIN * largest).take(2) {
        for degree in Degree::ALL {
            if Depth::linear(degree.depth()).of(iterations) > parameters.max_level() {
                continue;
            }
            candidates.push(Sigmoid::new(degree, width, Fit::LeastSquares)?);
            for share in [0.75, 1.25] {
                // coarse, so that the public job tells little about the data
                let std = (share * rms * 2.0).round() / 2.0;
                if std >= 0.5 && std < width {
                    candidates.push(Sigmoid::new(degree, width, Fit::Concentrated { std })?);
                }
            }
        }
    }
    let probabilities = |outputs: &[Iterate]| {
        let heads: Vec<_> = outputs.iter().map(|iterate| iterate.weights.view()).collect();
        dense::logits(&samples.problem(), &heads).mapv(logistic)
    };
    let reference = probabilities(exact.last().context("a training without an iteration")?);
    let mut best: Option<(f64, Sigmoid, Vec<Vec<Iterate>>)> = None;
    for sigmoid in candidates {
        let iterates = run(Some(&sigmoid));
        let inside = iterates.iter().flatten().all(|i| MARGIN * i.largest_logit <= sigmoid.half_width());
        let Some(last) = iterates.last().filter(|_| inside) else { continue };
        let deviation = (probabilities(last) - &reference).mapv(f64::abs).mean().unwrap_or(f64::NAN);
        if best.as_ref().is_none_or(|(known, ..)| deviation < *known) {
            best = Some((deviation, sigmoid, iterates));
        }
    }
    let (_, sigmoid, iterates) = best.context("no interval holds the logits")?;
    Ok((sigmoid, iterates))
}

/// A feature more than a power of two less one would double everything: whitening gives up its least direction.
fn limit(features: usize) -> usize {
    if features.is_power_of_two() && features > 1 { features - 1 } else { features }
}

/// Iterates of all outputs, iteration by iteration.
fn iterates(
    samples: &Samples,
    y: &[usize],
    classes: usize,
    rate: f64,
    iterations: usize,
    sigmoid: Option<&Sigmoid>,
) -> Vec<Vec<Iterate>> {
    let method = Method {
        optimizer: Optimizer::GradientDescent,
        learning_rates: vec![rate; iterations],
        alpha: 0.0,
        sigmoid,
    };
    let outputs: Vec<Vec<Iterate>> = (0..classes)
        .into_par_iter()
        .map(|class| {
            let labels = against_rest(y, class);
            dense::train(&Problem { y: labels.view(), ..samples.problem() }, &method)
        })
        .collect();
    (0..iterations).map(|t| outputs.iter().map(|output| output[t].clone()).collect()).collect()
}

/// The method of least held-out loss, the cheapest of those that are nearly as good.
fn choose(train: &data::Samples, classes: usize, features: usize, seed: u64) -> anyhow::Result<Choice> {
    let step = train.len().div_ceil(SAMPLE_LIMIT);
    let rows: Vec<usize> = (0..train.len()).step_by(step).collect();
    let few = train.select(&rows);
    let folds = data::folds_of(&few.y, classes, FOLDS, seed);
    let mut tried = Vec::new();
    for ridge in RIDGES {
        let losses = folds
            .par_iter()
            .map(|fold| losses(&few.select(&fold.train), &few.select(&fold.test), classes, features, ridge))
            .collect::<anyhow::Result<Vec<_>>>()?;
        for (at, &rate) in RATES.iter().enumerate() {
            for iterations in LEAST_ITERATIONS..=MOST_ITERATIONS {
                let loss = losses.iter().map(|fold| fold[at][iterations - 1]).sum::<f64>() / FOLDS as f64;
                tried.push(Choice { ridge, rate, iterations, loss });
            }
        }
    }
    tried.retain(|choice| choice.loss.is_finite());
    ensure!(!tried.is_empty(), "no method converges");
    tried.sort_by(|a, b| a.loss.total_cmp(&b.loss));
    let near = tried[0].loss * (1.0 + TOLERANCE);
    let cheapest = tried.iter().filter(|choice| choice.loss <= near).min_by_key(|choice| choice.iterations);
    cheapest.copied().context("no method to choose from")
}

/// Held-out log loss, summed over the outputs: by rate, then iteration.
fn losses(
    fit: &data::Samples,
    held_out: &data::Samples,
    classes: usize,
    features: usize,
    ridge: f64,
) -> anyhow::Result<Vec<Vec<f64>>> {
    let weight = Array1::ones(fit.len());
    let whiten = Preprocessing::Whiten { ridge, standardize: true };
    let map = FeatureMap::fit(&fit.x.view(), &weight.view(), whiten, features)?;
    let y: Array1<f64> = fit.y.iter().map(|&label| label as f64).collect();
    let samples = Samples::new(&map.apply(&fit.x.view())?.view(), &y.view(), &weight.view())?;
    let test_weight = Array1::ones(held_out.len());
    let test_y: Array1<f64> = held_out.y.iter().map(|&label| label as f64).collect();
    let test = Samples::new(&map.apply(&held_out.x.view())?.view(), &test_y.view(), &test_weight.view())?;
    let loss = |outputs: &Vec<Iterate>| -> f64 {
        let heads: Vec<_> = outputs.iter().map(|iterate| iterate.weights.view()).collect();
        let logits = dense::logits(&test.problem(), &heads);
        let one = |(class, column): (usize, ndarray::ArrayView1<'_, f64>)| -> f64 {
            let likelihood = |(&z, &label): (&f64, &usize)| logistic(if label == class { z } else { -z });
            column.iter().zip(&held_out.y).map(likelihood).map(|p| -p.max(f64::EPSILON).ln()).sum()
        };
        let total: f64 = logits.axis_iter(Axis(1)).enumerate().map(one).sum();
        if logits.iter().all(|z| z.is_finite()) { total / held_out.len() as f64 } else { f64::INFINITY }
    };
    let of_rate = |rate| {
        let runs = iterates(&samples, &fit.y, classes, rate, MOST_ITERATIONS, None);
        runs.iter().map(loss).collect()
    };
    Ok(RATES.map(of_rate).to_vec())
}
