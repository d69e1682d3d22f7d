//! Held-out measures of methods: trainings on each fold, and their scores.

use rayon::prelude::*;

use crate::cleartext::{Iterate, Link, Method, Problem, scores, train_linear};
use crate::data::Fold;

/// Held-out measures after an iteration.
pub(super) struct Score {
    /// Log loss with the exact link; infinite once there is a NaN.
    pub(super) loss: f64,
    /// Largest logit at which the iteration evaluated its function.
    pub(super) largest_logit: f64,
    /// Root mean square of these logits, the largest over the folds.
    pub(super) rms_logit: f64,
    /// Probabilities of the held-out samples, fold after fold: of class 1, or of all classes where there are several outputs.
    pub(super) probabilities: Vec<f64>,
}

/// Scores of every iteration of every method.
pub(super) fn validate(folds: &[Fold], outputs: usize, methods: &[Method<'_>]) -> Vec<Vec<Score>> {
    // batches small enough that residuals stay in the cache, large enough to share the reading of samples
    const BATCH: usize = 32;
    let batches: Vec<_> = methods.chunks(BATCH.div_ceil(outputs)).collect();
    let work: Vec<_> =
        batches.iter().flat_map(|&batch| folds.iter().map(move |fold| (batch, fold))).collect();
    let parts: Vec<Vec<Vec<Score>>> =
        work.into_par_iter().map(|(batch, fold)| validate_fold(fold, outputs, batch)).collect();
    parts.chunks(folds.len()).flat_map(merge_folds).collect()
}

fn validate_fold(fold: &Fold, outputs: usize, methods: &[Method<'_>]) -> Vec<Vec<Score>> {
    let runs = train_linear(&Problem::new(&fold.train, 1), outputs, None, methods);
    let test = Problem::new(&fold.test, 1);
    let link = methods.first().map_or(Link::Logistic(None), |method| method.link.exact());
    let heads: Vec<_> = runs.iter().flatten().map(|iterate| &iterate.weights).collect();
    let mut probabilities = scores(&test, link, &heads).into_iter();
    let mut score = |iterate: &Iterate| {
        let Iterate { largest_logit, rms_logit, .. } = *iterate;
        let probabilities: Vec<f64> =
            probabilities.next().map(|p| p.into_iter().collect()).unwrap_or_default();
        Score { loss: log_loss(&test, outputs, &probabilities), largest_logit, rms_logit, probabilities }
    };
    runs.iter().map(|run| run.iter().map(&mut score).collect()).collect()
}

/// Joins the scores of the folds, method by method and iteration by iteration.
fn merge_folds(parts: &[Vec<Vec<Score>>]) -> Vec<Vec<Score>> {
    let share = 1.0 / parts.len() as f64;
    let merge = |method: usize, t: usize| {
        let mut merged = Score { loss: 0.0, largest_logit: 0.0, rms_logit: 0.0, probabilities: Vec::new() };
        for part in parts {
            let score = &part[method][t];
            merged.loss += share * score.loss;
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

/// Mean negative log-likelihood of the labels; infinite for NaN.
fn log_loss(test: &Problem<'_>, outputs: usize, probabilities: &[f64]) -> f64 {
    if probabilities.iter().any(|p| p.is_nan()) {
        return f64::INFINITY;
    }
    let likelihood = |(p, label): (&[f64], &f64)| match p {
        [positive] if *label > 0.5 => *positive,
        [positive] => 1.0 - positive,
        classes => classes[*label as usize],
    };
    let rows = probabilities.chunks(outputs).zip(&test.y).map(likelihood);
    rows.map(|p| -p.max(f64::EPSILON).ln()).sum::<f64>() / test.y.len() as f64
}
