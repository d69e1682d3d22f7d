//! Labels and scores for the tests of this module.

use super::Estimate;

/// Labels.
pub(super) const LABELS: [f64; 24] = [
    0.0, 0.0, 1.0, 1.0, 1.0, 0.0, 1.0, 0.0, 0.0, 1.0, 0.0, 0.0, 1.0, 0.0, 0.0, 1.0, 0.0, 1.0, 0.0, 0.0, 1.0,
    0.0, 0.0, 0.0,
];

/// Scores, with ties within and across classes.
pub(super) const SCORES: [f64; 24] = [
    0.1, 0.4, 0.35, 0.8, 0.7, 0.6, 0.4, 0.2, 0.15, 0.9, 0.3, 0.4, 0.55, 0.05, 0.65, 0.85, 0.25, 0.45, 0.5,
    0.12, 0.75, 0.33, 0.22, 0.58,
];

/// Which labels are 1.
pub(super) fn positives(labels: &[f64]) -> Vec<bool> {
    labels.iter().map(|&y| y > 0.5).collect()
}

/// Compares value and interval.
#[track_caller]
pub(super) fn close(found: Estimate, expected: [f64; 3]) {
    for (found, expected) in [found.value, found.low, found.high].into_iter().zip(expected) {
        assert!((found - expected).abs() < 1e-8, "{found} is not {expected}");
    }
}
