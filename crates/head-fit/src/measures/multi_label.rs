//! Measures of several labels that a sample may have or not, each with a threshold of its own.

use fhe_head::{Error, Result};
use ndarray::ArrayView2;
use serde::{Deserialize, Serialize};

use super::clinical::{Clinical, Counts};

/// Measures of each label, and of all together.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MultiLabel {
    /// Each label at its threshold.
    pub labels: Vec<Clinical>,
    /// F1 of all labels of all samples together.
    pub micro_f1: f64,
    /// Mean of the labels' F1; that of a label without a hit is 0.
    pub macro_f1: f64,
    /// Share of samples of which every label is right.
    pub subset_accuracy: f64,
}

impl MultiLabel {
    /// Measures probabilities against labels (0 or 1), both samples by labels, at one threshold for each label.
    ///
    /// # Errors
    /// [`Error::Shape`] if the shapes differ; [`Error::Data`] without samples, or on a probability that is not finite.
    pub fn new(
        labels: &ArrayView2<'_, f64>,
        probabilities: &ArrayView2<'_, f64>,
        thresholds: &[f64],
    ) -> Result<Self> {
        let (samples, count) = labels.dim();
        if probabilities.dim() != labels.dim() {
            let (expected, got) = (labels.len(), probabilities.len());
            return Err(Error::Shape { what: "probabilities of labels", expected, got });
        }
        if thresholds.len() != count {
            return Err(Error::Shape {
                what: "thresholds of labels",
                expected: count,
                got: thresholds.len(),
            });
        }
        if labels.is_empty() {
            return Err(Error::Data("there are no samples to measure predictions on".into()));
        }
        let of_label = |(label, &threshold): (usize, &f64)| {
            Clinical::new(&labels.column(label).to_vec(), &probabilities.column(label).to_vec(), threshold)
        };
        let of_labels: Vec<Clinical> = thresholds.iter().enumerate().map(of_label).collect::<Result<_>>()?;
        let right = labels.outer_iter().zip(probabilities.outer_iter()).filter(|(labels, probabilities)| {
            let mut pairs = labels.iter().zip(probabilities).zip(thresholds);
            pairs.all(|((y, p), threshold)| (*y > 0.5) == (p > threshold))
        });
        let add = |sum: Counts, one: &Clinical| Counts {
            true_positives: sum.true_positives + one.counts.true_positives,
            false_negatives: sum.false_negatives + one.counts.false_negatives,
            false_positives: sum.false_positives + one.counts.false_positives,
            true_negatives: sum.true_negatives + one.counts.true_negatives,
        };
        Ok(Self {
            micro_f1: of_labels.iter().fold(Counts::default(), add).f1(),
            macro_f1: of_labels.iter().map(|label| label.counts.f1()).sum::<f64>() / count as f64,
            subset_accuracy: right.count() as f64 / samples as f64,
            labels: of_labels,
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use ndarray::{Array2, array};

    /// Values of scikit-learn 1.9.1 (`f1_score`, `accuracy_score`).
    #[test]
    fn known_values() {
        let y = array![[1.0, 0.0, 1.0], [0.0, 1.0, 0.0], [1.0, 1.0, 0.0], [0.0, 0.0, 1.0]];
        let p = array![[0.9, 0.2, 0.4], [0.6, 0.7, 0.1], [0.8, 0.35, 0.2], [0.1, 0.1, 0.45]];
        let m = MultiLabel::new(&y.view(), &p.view(), &[0.5, 0.3, 0.42]).unwrap();
        for (found, expected) in [m.micro_f1, m.macro_f1, m.subset_accuracy].into_iter().zip(MULTI_LABEL) {
            assert!((found - expected).abs() < 1e-12, "{m:?}");
        }
        assert_eq!(m.labels[1].threshold, Some(0.3));
        assert!(MultiLabel::new(&y.view(), &p.view(), &[0.5]).is_err());
        assert!(MultiLabel::new(&y.view(), &p.t(), &[0.5; 3]).is_err());
        let none = Array2::zeros((0, 2));
        assert!(MultiLabel::new(&none.view(), &none.view(), &[0.5; 2]).is_err());
    }

    const MULTI_LABEL: [f64; 3] = [0.833_333_333_333_333_4, 0.822_222_222_222_222_3, 0.5];
}
