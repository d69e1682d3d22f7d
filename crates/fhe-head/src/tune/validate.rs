//! Held-out measures of methods: folds, trainings on each, their scores.

use ndarray::{Array2, Axis};
use rayon::prelude::*;

use super::Data;
use crate::dense::{self, Iterate, Method};
use crate::error::Result;
use crate::features::{FeatureMap, Preprocessing};
use crate::labels::{Split, stratified_folds};
use crate::metrics::agreement;
use crate::samples::Samples;
use crate::sigmoid::logistic;

/// Samples beyond this number do not change the choice, and cost time.
const SAMPLE_LIMIT: usize = 2400;
const FOLDS: usize = 4;

/// Training and validation parts in a feature space.
pub(super) struct Fold {
    pub(super) train: Samples,
    pub(super) test: Samples,
}

pub(super) fn folds(data: Data<'_>, random_state: u64) -> Vec<Split> {
    let splits = stratified_folds(data.y, FOLDS, random_state);
    if data.y.len() <= SAMPLE_LIMIT {
        return splits;
    }
    // every n-th sample of parts that keep proportions keeps them too
    let step = data.y.len().div_ceil(SAMPLE_LIMIT);
    let shrink = |part: &[usize]| part.iter().copied().step_by(step).collect();
    splits.iter().map(|split| Split { train: shrink(&split.train), test: shrink(&split.test) }).collect()
}

pub(super) fn map_folds(
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

/// Held-out measures after an iteration.
pub(super) struct Score {
    pub(super) loss: f64,
    pub(super) accuracy: f64,
    /// Largest logit at which the iteration evaluated the logistic function.
    pub(super) largest_logit: f64,
    /// Their root mean square, the largest over the folds.
    pub(super) rms_logit: f64,
    /// Of the held-out samples, fold after fold.
    pub(super) probabilities: Vec<f64>,
}

/// Scores of every iteration of every method.
pub(super) fn validate(folds: &[Fold], methods: &[Method<'_>]) -> Vec<Vec<Score>> {
    // batches small enough that residuals stay in the cache, large enough to share the reading of samples
    const BATCH: usize = 32;
    let batches: Vec<_> = methods.chunks(BATCH).collect();
    let work: Vec<_> =
        batches.iter().flat_map(|&batch| folds.iter().map(move |fold| (batch, fold))).collect();
    let parts: Vec<Vec<Vec<Score>>> =
        work.into_par_iter().map(|(batch, fold)| validate_fold(fold, batch)).collect();
    parts.chunks(folds.len()).flat_map(merge_folds).collect()
}

fn validate_fold(fold: &Fold, methods: &[Method<'_>]) -> Vec<Vec<Score>> {
    let runs = dense::train_all(&fold.train.problem(), methods);
    let problem = fold.test.problem();
    let labels = problem.y.to_vec();
    let heads: Vec<_> = runs.iter().flatten().map(|iterate| iterate.weights.view()).collect();
    let logits = dense::logits(&problem, &heads);
    let mut columns = logits.axis_iter(Axis(1));
    let mut score = |iterate: &Iterate| {
        let probabilities: Vec<f64> =
            columns.next().map(|z| z.iter().map(|&z| logistic(z)).collect()).unwrap_or_default();
        let (loss, accuracy) = loss_and_accuracy(&labels, &probabilities);
        let Iterate { largest_logit, rms_logit, .. } = *iterate;
        Score { loss, accuracy, largest_logit, rms_logit, probabilities }
    };
    runs.iter().map(|run| run.iter().map(&mut score).collect()).collect()
}

/// Joins the scores of the folds, method by method and iteration by iteration.
fn merge_folds(parts: &[Vec<Vec<Score>>]) -> Vec<Vec<Score>> {
    let share = 1.0 / parts.len() as f64;
    let merge = |method: usize, t: usize| {
        let mut merged =
            Score { loss: 0.0, accuracy: 0.0, largest_logit: 0.0, rms_logit: 0.0, probabilities: Vec::new() };
        for part in parts {
            let score = &part[method][t];
            merged.loss += share * score.loss;
            merged.accuracy += share * score.accuracy;
            merged.largest_logit = merged.largest_logit.max(score.largest_logit);
            merged.rms_logit = merged.rms_logit.max(score.rms_logit);
            merged.probabilities.extend(&score.probabilities);
        }
        merged
    };
    (0..parts[0].len())
        .map(|method| (0..parts[0][method].len()).map(|t| merge(method, t)).collect())
        .collect()
}

/// Log loss, infinite for NaN, and accuracy.
fn loss_and_accuracy(labels: &[f64], probabilities: &[f64]) -> (f64, f64) {
    let n = labels.len() as f64;
    let right = agreement(labels, probabilities);
    let likelihood = |(y, p): (&f64, &f64)| if *y > 0.5 { *p } else { 1.0 - p };
    let loss: f64 =
        labels.iter().zip(probabilities).map(likelihood).map(|p| -p.max(f64::EPSILON).ln()).sum::<f64>() / n;
    (if probabilities.iter().any(|p| p.is_nan()) { f64::INFINITY } else { loss }, right)
}
