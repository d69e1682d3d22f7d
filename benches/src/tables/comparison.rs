//! Differences from scikit-learn over the folds of a table.

use std::fmt;

use serde::Serialize;

/// One fold: accuracy, log loss and macro-F1.
pub(super) struct Fold {
    pub(super) ours: [f64; 3],
    pub(super) reference: [f64; 3],
    /// Seconds of choice and planning.
    pub(super) seconds: f64,
}

/// How the defaults compare with scikit-learn on a table.
#[derive(Clone, Serialize)]
pub(super) struct Comparison {
    accuracy: f64,
    reference_accuracy: f64,
    /// Difference of accuracy in points, and its 95 % interval.
    points: f64,
    interval: [f64; 2],
    log_loss: f64,
    reference_log_loss: f64,
    /// Difference of macro-F1 in points.
    f1_points: f64,
    /// Mean seconds of choice and planning.
    seconds: f64,
    folds: usize,
}

pub(super) const HEADING: &str =
    "table              accuracy   LR    points  95 % interval   log loss   LR    ratio     F1   seconds";

impl Comparison {
    pub(super) fn of(folds: &[Fold]) -> Self {
        let mean = |value: &dyn Fn(&Fold) -> f64| folds.iter().map(value).sum::<f64>() / folds.len() as f64;
        let points = mean(&|fold| 100.0 * (fold.ours[0] - fold.reference[0]));
        let half = half_width(folds, points);
        Self {
            accuracy: mean(&|fold| fold.ours[0]),
            reference_accuracy: mean(&|fold| fold.reference[0]),
            points,
            interval: [points - half, points + half],
            log_loss: mean(&|fold| fold.ours[1]),
            reference_log_loss: mean(&|fold| fold.reference[1]),
            f1_points: mean(&|fold| 100.0 * (fold.ours[2] - fold.reference[2])),
            seconds: mean(&|fold| fold.seconds),
            folds: folds.len(),
        }
    }

    fn ratio(&self) -> f64 {
        self.log_loss / self.reference_log_loss
    }
}

/// Half of the interval of a mean difference: Student's, with the variance corrected for the overlap of training parts (Nadeau and Bengio
/// 2003).
fn half_width(folds: &[Fold], mean: f64) -> f64 {
    /// Share of test to training samples in five folds.
    const TEST_OVER_TRAIN: f64 = 0.25;
    let count = folds.len() as f64;
    let square = |fold: &Fold| (100.0 * (fold.ours[0] - fold.reference[0]) - mean).powi(2);
    let variance = folds.iter().map(square).sum::<f64>() / (count - 1.0).max(1.0);
    let quantile = match folds.len() {
        0..=4 => 12.7,
        5..=9 => 2.776,
        10..=14 => 2.262,
        _ => 2.145,
    };
    quantile * (variance * (1.0 / count + TEST_OVER_TRAIN)).sqrt()
}

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [low, high] = self.interval;
        write!(
            f,
            "  {:.4} {:.4} {:>+6.2}  {low:>+6.2} {high:>+6.2}   {:.4} {:.4}  {:>5.2}  {:>+6.2}  {:>7.1}",
            self.accuracy,
            self.reference_accuracy,
            self.points,
            self.log_loss,
            self.reference_log_loss,
            self.ratio(),
            self.f1_points,
            self.seconds
        )
    }
}

/// The figures over all tables.
pub(super) fn summary(all: &[Comparison]) -> String {
    let mean = |value: fn(&Comparison) -> f64| all.iter().map(value).sum::<f64>() / all.len() as f64;
    let ratio = mean(|one| one.ratio().ln()).exp();
    let below = all.iter().filter(|one| one.interval[1] < -1.0).count();
    let worse = all.iter().filter(|one| one.ratio() > 1.15).count();
    format!(
        "{} tables: {:+.2} points of accuracy, log loss x {ratio:.3}, {:+.2} points of macro-F1 in the mean; \
         {below} with an interval below -1 point, {worse} with a log loss more than 15 % worse; {:.1} s each",
        all.len(),
        mean(|one| one.points),
        mean(|one| one.f1_points),
        mean(|one| one.seconds)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_are_paired_by_fold() {
        let fold = |ours: f64, reference: f64| Fold {
            ours: [ours, 0.2, ours],
            reference: [reference, 0.1, reference],
            seconds: 1.0,
        };
        let same: Vec<Fold> =
            (0..15).map(|i| fold(0.5 + 0.02 * f64::from(i), 0.51 + 0.02 * f64::from(i))).collect();
        let one = Comparison::of(&same);
        assert!((one.points + 1.0).abs() < 1e-9 && one.interval[1] - one.interval[0] < 1e-6);
        assert!((one.ratio() - 2.0).abs() < 1e-9);
        let noisy: Vec<Fold> = (0..15).map(|i| fold(0.5, if i % 2 == 0 { 0.4 } else { 0.6 })).collect();
        let [low, high] = Comparison::of(&noisy).interval;
        assert!(low < -5.0 && high > 5.0);
    }
}
