//! Held-out measures of methods: trainings on each fold, and their scores.

use fhe_head::Link;
use ndarray::{Axis, concatenate};
use rayon::prelude::*;

use super::held_out::{Labels, Measured};
use crate::calibrator::Calibrator;
use crate::cleartext::{Iterate, Method, Problem, logits, train_linear};
use crate::data::Fold;

/// Held-out measures after an iteration.
pub(super) struct Score {
    /// Calibrated, with the exact link; the loss is infinite once there is a NaN.
    pub(super) held_out: Measured,
    /// That of the exported head.
    pub(super) calibrator: Calibrator,
    /// Largest logit at which the iteration evaluated its function.
    pub(super) largest_logit: f64,
    /// Root mean square of these logits, the largest over the folds.
    pub(super) rms_logit: f64,
    /// Logits of the held-out samples, fold after fold; empty where nobody asks for them.
    pub(super) logits: Vec<f64>,
}

/// Folds behind one map, and what their scores are held against.
pub(super) struct Round<'a> {
    folds: &'a [Fold],
    pub(super) labels: Labels,
    /// The calibrator, if it is not chosen.
    calibrator: Option<&'a Calibrator>,
}

impl<'a> Round<'a> {
    pub(super) fn new(folds: &'a [Fold], outputs: usize, calibrator: Option<&'a Calibrator>) -> Self {
        let samples = || folds.iter().map(|fold| &fold.test);
        let parts: Vec<_> = samples().map(|test| test.labels()).collect();
        // the folds of one problem have the same columns
        let y = concatenate(Axis(0), &parts).unwrap_or_default();
        let total: f64 = samples().map(|test| test.weights().sum()).sum();
        let share = samples().flat_map(|test| test.weights().mapv(|weight| weight / total)).collect();
        Self { folds, labels: Labels { y, share, outputs }, calibrator }
    }

    /// Scores of every iteration of every method.
    pub(super) fn validate(&self, methods: &[Method<'_>], keep_logits: bool) -> Vec<Vec<Score>> {
        // batches small enough that residuals stay in the cache, large enough to share the reading of samples
        const BATCH: usize = 32;
        let batches = methods.par_chunks(BATCH.div_ceil(self.labels.outputs));
        batches.flat_map(|batch| self.validate_batch(batch, keep_logits)).collect()
    }

    fn validate_batch(&self, methods: &[Method<'_>], keep_logits: bool) -> Vec<Vec<Score>> {
        let folds: Vec<Vec<Vec<Scored>>> =
            self.folds.par_iter().map(|fold| scored(fold, self.labels.outputs, methods)).collect();
        let score = |method: usize, t: usize, before: &mut Calibrator| {
            let parts = folds.iter().map(|fold| &fold[method][t]);
            let logits: Vec<f64> = parts.clone().flat_map(|part| &part.logits).copied().collect();
            let most = |f: fn(&Scored) -> f64| parts.clone().map(f).fold(0.0, f64::max);
            let link = methods[method].link.link;
            let (calibrator, held_out) = self.calibrated(link, &logits, before);
            before.clone_from(&calibrator);
            Score {
                held_out,
                calibrator,
                largest_logit: most(|part| part.largest_logit),
                rms_logit: most(|part| part.rms_logit),
                logits: if keep_logits { logits } else { Vec::new() },
            }
        };
        let scores = |method: usize| {
            let mut before = Calibrator::default();
            (0..folds[0][method].len()).map(|t| score(method, t, &mut before)).collect()
        };
        (0..methods.len()).into_par_iter().map(scores).collect()
    }

    /// `before` is the calibrator of the iteration before.
    fn calibrated(&self, link: Link, logits: &[f64], before: &Calibrator) -> (Calibrator, Measured) {
        let none = Calibrator::default();
        let as_they_are = self.labels.measure(link, logits, &none);
        let calibrator = match self.calibrator {
            Some(given) => given.clone(),
            None if as_they_are.loss().is_finite() => self.labels.calibrator(link, logits, before),
            None => return (none, as_they_are),
        };
        let held_out = self.labels.measure(link, logits, &calibrator);
        (calibrator, held_out)
    }
}

/// One iteration of one method on one fold.
struct Scored {
    logits: Vec<f64>,
    largest_logit: f64,
    rms_logit: f64,
}

fn scored(fold: &Fold, outputs: usize, methods: &[Method<'_>]) -> Vec<Vec<Scored>> {
    let runs = train_linear(&Problem::new(&fold.train, 1), outputs, None, methods);
    let test = Problem::new(&fold.test, 1);
    let heads: Vec<_> = runs.iter().flatten().map(|iterate| &iterate.weights).collect();
    let mut held_out = logits(&test, &heads).into_iter();
    let mut one = |iterate: &Iterate| {
        let Iterate { largest_logit, rms_logit, .. } = *iterate;
        let logits = held_out.next().map(|z| z.into_iter().collect()).unwrap_or_default();
        Scored { logits, largest_logit, rms_logit }
    };
    runs.iter().map(|run| run.iter().map(&mut one).collect()).collect()
}
