//! Choosing a method by cross-validation in plain arithmetic, on the data party's side, before anything is encrypted.
//!
//! First the maps and the optimiser, with the exact logistic function; then, for the best of these, the polynomial and
//! its interval, with the arithmetic that ciphertexts will do. Candidates whose logits leave the interval drop out.

use ndarray::{Array1, Array2, Axis};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::dense::{self, Iterate, Method};
use crate::error::{Error, Result};
use crate::features::{FeatureMap, Preprocessing};
use crate::labels::{Split, stratified_folds};
use crate::metrics::Metrics;
use crate::optimizer::Optimizer;
use crate::samples::Samples;
use crate::sigmoid::{Degree, Fit, Sigmoid, logistic};

/// Values to try. One value each fixes the method.
#[derive(Clone, Debug)]
pub struct Grid {
    /// Feature maps.
    pub preprocessing: Vec<Preprocessing>,
    /// First-order methods.
    pub optimizers: Vec<Optimizer>,
    /// Constant learning rates.
    pub learning_rates: Vec<f64>,
    /// Degrees of the polynomial, each with the most iterations that its depth allows.
    pub degrees: Vec<(Degree, usize)>,
    /// Half-widths of the polynomial's interval.
    pub half_widths: Vec<f64>,
    /// Only this number of iterations, if given.
    pub iterations: Option<usize>,
    /// Weight of the L2 penalty.
    pub alpha: f64,
}

/// A method.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Choice {
    /// Feature map.
    pub preprocessing: Preprocessing,
    /// First-order method.
    pub optimizer: Optimizer,
    /// Learning rate.
    pub learning_rate: f64,
    /// Polynomial.
    pub sigmoid: Sigmoid,
    /// Iterations.
    pub iterations: usize,
    /// Log loss on held-out samples.
    pub log_loss: f64,
    /// Accuracy on held-out samples.
    pub accuracy: f64,
}

impl Choice {
    /// Multiplicative depth of the iterations after the first.
    fn depth(&self) -> usize {
        (self.iterations - 1) * (2 + self.sigmoid.depth())
    }
}

/// Raw data.
#[derive(Clone, Copy, Debug)]
pub struct Data<'a> {
    /// Samples by features.
    pub x: &'a Array2<f64>,
    /// Labels, 0 or 1.
    pub y: &'a Array1<f64>,
    /// Weights.
    pub sample_weight: &'a Array1<f64>,
}

/// Samples beyond this number do not change the choice, and cost time.
const SAMPLE_LIMIT: usize = 2400;
const FOLDS: usize = 4;
/// Methods of the first round that enter the second.
const FINALISTS: usize = 12;
/// A cheaper method wins if its held-out loss is within this share of the best.
const TOLERANCE: f64 = 0.005;

/// Methods that stay inside their intervals, best first: the cheapest of those whose held-out loss is nearly the best,
/// then the others by loss.
///
/// # Errors
/// [`Error::Data`] if none stays inside; [`Error::Parameter`] on values out of range.
pub fn choices(data: Data<'_>, grid: &Grid, features_limit: usize, random_state: u64) -> Result<Vec<Choice>> {
    let folds = folds(data, random_state);
    let mut finalists = first_round(data, grid, &folds, features_limit)?;
    finalists.sort_by(|a, b| a.loss.total_cmp(&b.loss));
    finalists.truncate(FINALISTS);
    let mut choices = second_round(data, grid, &folds, features_limit, &finalists)?;
    if choices.is_empty() {
        return Err(Error::Data(
            "no learning rate and interval of those allowed keep the logits inside: allow a wider interval"
                .into(),
        ));
    }
    choices.sort_by(|a, b| a.log_loss.total_cmp(&b.log_loss));
    let near = choices[0].log_loss * (1.0 + TOLERANCE);
    let cheapest = (0..choices.len())
        .take_while(|&i| choices[i].log_loss <= near)
        .min_by_key(|&i| (choices[i].depth(), choices[i].sigmoid.degree()))
        .unwrap_or(0);
    let chosen = choices.remove(cheapest);
    choices.insert(0, chosen);
    Ok(choices)
}

/// A map and an optimiser, with the loss at their best iteration.
struct Finalist {
    preprocessing: Preprocessing,
    optimizer: Optimizer,
    learning_rate: f64,
    loss: f64,
}

/// Training and validation parts in a feature space.
struct Fold {
    train: Samples,
    test: Samples,
}

fn folds(data: Data<'_>, random_state: u64) -> Vec<Split> {
    let splits = stratified_folds(data.y, FOLDS, random_state);
    if data.y.len() <= SAMPLE_LIMIT {
        return splits;
    }
    // folds of folds: every part of a large data set keeps its proportions
    let shrink = |part: &[usize]| {
        let step = data.y.len().div_ceil(SAMPLE_LIMIT);
        part.iter().copied().step_by(step).collect()
    };
    splits.iter().map(|split| Split { train: shrink(&split.train), test: shrink(&split.test) }).collect()
}

fn map_folds(
    data: Data<'_>,
    folds: &[Split],
    preprocessing: Preprocessing,
    features_limit: usize,
) -> Result<Vec<Fold>> {
    folds
        .par_iter()
        .map(|split| {
            let rows = |part: &[usize]| data.x.select(Axis(0), part);
            let (train, test) = (rows(&split.train), rows(&split.test));
            let weights = |part: &[usize]| data.sample_weight.select(Axis(0), part);
            let weight = weights(&split.train);
            let map = FeatureMap::fit(&train.view(), &weight.view(), preprocessing, features_limit)?;
            let samples = |x: &Array2<f64>, part: &[usize]| {
                let y = data.y.select(Axis(0), part);
                Samples::new(&map.apply(&x.view())?.view(), &y.view(), &weights(part).view())
            };
            Ok(Fold { train: samples(&train, &split.train)?, test: samples(&test, &split.test)? })
        })
        .collect()
}

fn first_round(data: Data<'_>, grid: &Grid, folds: &[Split], features_limit: usize) -> Result<Vec<Finalist>> {
    let most = grid.degrees.iter().map(|&(_, iterations)| iterations).max().unwrap_or(0);
    let mut finalists = Vec::new();
    for &preprocessing in &grid.preprocessing {
        let folds = map_folds(data, folds, preprocessing, features_limit)?;
        let methods: Vec<_> = grid
            .optimizers
            .iter()
            .flat_map(|&optimizer| grid.learning_rates.iter().map(move |&rate| (optimizer, rate)))
            .collect();
        finalists.par_extend(methods.into_par_iter().filter_map(|(optimizer, learning_rate)| {
            let scores = validate(&folds, optimizer, learning_rate, grid.alpha, None, most);
            let loss = wanted(&scores, grid).map(|(_, score)| score.loss).min_by(f64::total_cmp)?;
            Some(Finalist { preprocessing, optimizer, learning_rate, loss })
        }));
    }
    Ok(finalists)
}

fn second_round(
    data: Data<'_>,
    grid: &Grid,
    folds: &[Split],
    features_limit: usize,
    finalists: &[Finalist],
) -> Result<Vec<Choice>> {
    let mut sigmoids = Vec::new();
    for &(degree, most) in &grid.degrees {
        for &half_width in &grid.half_widths {
            sigmoids.push((Sigmoid::new(degree, half_width, Fit::LeastSquares)?, most));
        }
    }
    let mut choices = Vec::new();
    for &preprocessing in &grid.preprocessing {
        let finalists: Vec<_> = finalists.iter().filter(|f| f.preprocessing == preprocessing).collect();
        if finalists.is_empty() {
            continue;
        }
        let folds = map_folds(data, folds, preprocessing, features_limit)?;
        let pairs: Vec<_> =
            finalists.iter().flat_map(|f| sigmoids.iter().map(move |sigmoid| (*f, sigmoid))).collect();
        choices.par_extend(pairs.into_par_iter().flat_map_iter(|(finalist, (sigmoid, most))| {
            let Finalist { optimizer, learning_rate, .. } = *finalist;
            let scores = validate(&folds, optimizer, learning_rate, grid.alpha, Some(sigmoid), *most);
            let inside = |score: &Score| score.largest_logit <= sigmoid.half_width();
            wanted(&scores, grid)
                .filter(|(iterations, _)| scores[..*iterations].iter().all(inside))
                .map(|(iterations, score)| Choice {
                    preprocessing,
                    optimizer,
                    learning_rate,
                    sigmoid: sigmoid.clone(),
                    iterations,
                    log_loss: score.loss,
                    accuracy: score.accuracy,
                })
                .collect::<Vec<_>>()
        }));
    }
    Ok(choices)
}

/// Held-out measures after an iteration.
struct Score {
    loss: f64,
    accuracy: f64,
    /// Largest logit at which the iteration evaluated the logistic function.
    largest_logit: f64,
}

/// The iterations that may be chosen, with their scores.
fn wanted<'a>(scores: &'a [Score], grid: &Grid) -> impl Iterator<Item = (usize, &'a Score)> {
    let only = grid.iterations;
    (1..).zip(scores).filter(move |(iterations, _)| only.is_none_or(|only| only == *iterations))
}

fn validate(
    folds: &[Fold],
    optimizer: Optimizer,
    learning_rate: f64,
    alpha: f64,
    sigmoid: Option<&Sigmoid>,
    iterations: usize,
) -> Vec<Score> {
    let rates = vec![learning_rate; iterations];
    let method = Method { optimizer, learning_rates: &rates, alpha, sigmoid };
    let runs: Vec<Vec<Iterate>> =
        folds.iter().map(|fold| dense::train(&fold.train.problem(), &method)).collect();
    (0..iterations)
        .map(|t| {
            let mut score = Score { loss: 0.0, accuracy: 0.0, largest_logit: 0.0 };
            for (fold, run) in folds.iter().zip(&runs) {
                let problem = fold.test.problem();
                let p = problem.x.dot(&run[t].weights).mapv(logistic);
                let measures = Metrics::new(&problem.y.to_vec(), &p.to_vec());
                let share = 1.0 / folds.len() as f64;
                score.loss +=
                    if measures.log_loss.is_nan() { f64::INFINITY } else { share * measures.log_loss };
                score.accuracy += share * measures.accuracy;
                score.largest_logit = score.largest_logit.max(run[t].largest_logit);
            }
            score
        })
        .collect()
}
