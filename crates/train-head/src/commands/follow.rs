//! The data party's look at a training that is under way: it decrypts the scores of the validation samples, and says when to stop.

use std::num::NonZeroUsize;

use fhe_head::ckks::SecretKey;
use fhe_head::metrics::Metrics;
use fhe_head::plan::Plan;
use serde::Serialize;

use super::predict::decrypt_scores;
use crate::exit::{Failure, Kind, Result};
use crate::files::plan::PlanFile;
use crate::files::validation::ValidationFolder;
use crate::samples::Matrix;

/// A point of the curve.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Point {
    /// Iterations done.
    pub(crate) iteration: usize,
    /// On the validation samples.
    pub(crate) accuracy: f64,
    /// On the validation samples.
    pub(crate) log_loss: f64,
}

/// Who looks at a training, and what was seen so far.
pub(super) struct Follower<'a> {
    folder: ValidationFolder,
    secret: &'a SecretKey,
    file: &'a PlanFile,
    plan: &'a Plan,
    labels: Vec<f64>,
    patience: Option<NonZeroUsize>,
    curve: Vec<Point>,
}

impl<'a> Follower<'a> {
    /// Follows the validation of a plan's training in a folder. With patience, it asks for a stop once the log loss has not fallen for so
    /// many validations.
    ///
    /// # Errors
    /// Samples of other classes.
    pub(super) fn new(
        folder: ValidationFolder,
        secret: &'a SecretKey,
        (file, plan): (&'a PlanFile, &'a Plan),
        validation: &Matrix,
        patience: Option<NonZeroUsize>,
    ) -> Result<Self> {
        let labels = validation.encode_labels(file.classes(), "the validation samples")?.to_vec();
        Ok(Self { folder, secret, file, plan, labels, patience, curve: Vec::new() })
    }

    /// Reads what is new, gives it to `show`, and answers the compute party where that is due: the iteration whose head is wanted.
    ///
    /// # Errors
    /// Files that are damaged or do not belong together; a training that diverged; those of writing.
    pub(super) fn look(&mut self, found: Vec<usize>, show: impl Fn(&Point)) -> Result<Option<usize>> {
        let new = self.seen() + 1;
        for iteration in found.into_iter().filter(|&iteration| iteration >= new) {
            let good = self.seen();
            let point = self.point(iteration).map_err(|failure| diverged_at(failure, good, iteration))?;
            self.curve.push(point);
            show(&point);
        }
        let Some(best) = self.patience.and_then(|patience| lost(&self.curve, patience)) else {
            return Ok(None);
        };
        self.folder.stop_at(best.iteration)?;
        Ok(Some(best.iteration))
    }

    /// The folder.
    pub(super) fn folder(&self) -> &ValidationFolder {
        &self.folder
    }

    /// What was seen.
    pub(super) fn curve(&self) -> &[Point] {
        &self.curve
    }

    /// Number of validation samples.
    pub(super) fn samples(&self) -> usize {
        self.labels.len()
    }

    /// Whether the training has come to its end.
    pub(super) fn is_over(&self) -> bool {
        self.seen() >= self.plan.job.iterations()
    }

    fn seen(&self) -> usize {
        self.curve.last().map_or(0, |point| point.iteration)
    }

    fn point(&self, iteration: usize) -> Result<Point> {
        let path = self.folder.scores(iteration);
        let scores = decrypt_scores(&path, self.secret, self.plan, self.labels.len())?;
        let metrics = Metrics::of_classes(&self.labels, &self.file.probabilities(scores).view());
        Ok(Point { iteration, accuracy: metrics.accuracy, log_loss: metrics.log_loss })
    }
}

/// Scores out of range say in which stretch the training diverged.
fn diverged_at(failure: Failure, good: usize, iteration: usize) -> Failure {
    if failure.kind() != Kind::Diverged {
        return failure;
    }
    let stretch = if good + 1 == iteration {
        format!("in iteration {iteration}")
    } else {
        format!("between iterations {} and {iteration}", good + 1)
    };
    let ended = Failure::diverged(format!("the training diverged {stretch}")).because(failure);
    match good {
        0 => ended.help("lower the learning rate or widen the interval, and plan anew"),
        _ => {
            ended.help(format!("`train-head watch --stop {good}` ends it with the head of iteration {good}"))
        }
    }
}

/// The point of least log loss, the first of several.
pub(crate) fn best(curve: &[Point]) -> Option<Point> {
    curve.iter().copied().reduce(|best, point| if point.log_loss < best.log_loss { point } else { best })
}

/// The best point, if that many came after it.
fn lost(curve: &[Point], patience: NonZeroUsize) -> Option<Point> {
    let best = best(curve)?;
    let later = curve.iter().filter(|point| point.iteration > best.iteration).count();
    (later >= patience.get()).then_some(best)
}

/// A point for a person, with a bar as long as the accuracy.
pub(super) fn line(point: &Point) -> String {
    const WIDTH: f64 = 40.0;
    let Point { iteration, accuracy, log_loss } = point;
    let bar = "=".repeat((WIDTH * accuracy).round() as usize);
    format!("iteration {iteration:>4}   accuracy {accuracy:.4}   log loss {log_loss:.4}   |{bar:<40}|")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_divergence_is_placed() {
        let garbage = || Failure::diverged("scores are out of range");
        let said = diverged_at(garbage(), 4, 6);
        assert_eq!(
            said.chain(),
            ["the training diverged between iterations 5 and 6", "scores are out of range"]
        );
        assert!(said.advice().unwrap().contains("--stop 4"));
        assert_eq!(diverged_at(garbage(), 0, 1).to_string(), "the training diverged in iteration 1");
        assert_eq!(diverged_at(Failure::data("other"), 0, 1).kind(), Kind::Data);
    }

    #[test]
    fn patience_counts_from_the_best_point() {
        let curve: Vec<Point> = [0.6, 0.4, 0.5, 0.45]
            .iter()
            .zip((2..).step_by(2))
            .map(|(&log_loss, iteration)| Point { iteration, accuracy: 0.5, log_loss })
            .collect();
        let lost_after = |points: usize, patience: usize| {
            lost(&curve[..points], NonZeroUsize::new(patience).unwrap()).map(|point| point.iteration)
        };
        assert_eq!(lost_after(0, 1), None);
        assert_eq!(lost_after(2, 1), None);
        assert_eq!(lost_after(3, 1), Some(4));
        assert_eq!(lost_after(3, 2), None);
        assert_eq!(lost_after(4, 2), Some(4));
        assert_eq!(line(&curve[0]).chars().filter(|&c| c == '=').count(), 20);
    }
}
