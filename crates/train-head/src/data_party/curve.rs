//! The curve of a training on validation samples.

use std::num::NonZeroUsize;

use serde::Serialize;

/// A point of the curve.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Point {
    /// Iterations done.
    pub(crate) iteration: usize,
    /// Accuracy on the validation samples, from 0 to 1.
    pub(crate) accuracy: f64,
    /// Mean log loss on the validation samples.
    pub(crate) log_loss: f64,
}

impl Point {
    /// A line for a person, with a bar as long as the accuracy.
    pub(crate) fn line(&self) -> String {
        const WIDTH: f64 = 40.0;
        let Self { iteration, accuracy, log_loss } = self;
        let bar = "=".repeat((WIDTH * accuracy).round() as usize);
        format!("iteration {iteration:>4}   accuracy {accuracy:.4}   log loss {log_loss:.4}   |{bar:<40}|")
    }
}

/// The point with the lowest log loss, the first of equal ones.
pub(crate) fn best(curve: &[Point]) -> Option<Point> {
    curve.iter().copied().reduce(|best, point| if point.log_loss < best.log_loss { point } else { best })
}

/// The best point, if at least `patience` points follow it.
pub(super) fn best_without_progress(curve: &[Point], patience: NonZeroUsize) -> Option<Point> {
    let best = best(curve)?;
    let later = curve.iter().filter(|point| point.iteration > best.iteration).count();
    (later >= patience.get()).then_some(best)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn patience_counts_from_the_best_point() {
        let curve: Vec<Point> = [0.6, 0.4, 0.5, 0.45]
            .iter()
            .zip((2..).step_by(2))
            .map(|(&log_loss, iteration)| Point { iteration, accuracy: 0.5, log_loss })
            .collect();
        let best_after = |points: usize, patience: usize| {
            best_without_progress(&curve[..points], NonZeroUsize::new(patience).unwrap())
                .map(|point| point.iteration)
        };
        assert_eq!(best_after(0, 1), None);
        assert_eq!(best_after(2, 1), None);
        assert_eq!(best_after(3, 1), Some(4));
        assert_eq!(best_after(3, 2), None);
        assert_eq!(best_after(4, 2), Some(4));
        assert_eq!(curve[0].line().chars().filter(|&c| c == '=').count(), 20);
    }
}
