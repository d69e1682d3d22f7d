//! Sensitivity, specificity and predictive values at a threshold.

use fhe_head::Result;
use ndarray::ArrayView2;
use serde::{Deserialize, Serialize};

use super::areas::{auprc, auroc};
use super::estimate::Estimate;
use super::expect_pairs;
use crate::metrics::predictions;

/// Samples by label and prediction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Positive, and predicted so.
    pub true_positives: usize,
    /// Positive, predicted negative: missed.
    pub false_negatives: usize,
    /// Negative, predicted positive: false alarms.
    pub false_positives: usize,
    /// Negative, and predicted so.
    pub true_negatives: usize,
}

impl Counts {
    /// Counts samples by what they are and what they are called.
    pub(super) fn of(positive: &[bool], called: impl IntoIterator<Item = bool>) -> Self {
        let mut counts = Self::default();
        for (is, called) in positive.iter().zip(called) {
            *match (is, called) {
                (true, true) => &mut counts.true_positives,
                (true, false) => &mut counts.false_negatives,
                (false, true) => &mut counts.false_positives,
                (false, false) => &mut counts.true_negatives,
            } += 1;
        }
        counts
    }

    /// Number of positive samples.
    pub fn positives(&self) -> usize {
        self.true_positives + self.false_negatives
    }

    /// Number of negative samples.
    pub fn negatives(&self) -> usize {
        self.false_positives + self.true_negatives
    }

    /// Share of positives that are found. `None` without positives.
    pub fn sensitivity(&self) -> Option<Estimate> {
        Estimate::proportion(self.true_positives, self.positives())
    }

    /// Share of negatives that are called negative. `None` without negatives.
    pub fn specificity(&self) -> Option<Estimate> {
        Estimate::proportion(self.true_negatives, self.negatives())
    }
}

/// A class against the rest. Measures that a sample of the data leaves undefined are `None`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Clinical {
    /// Samples above this probability are called positive; `None` if the most probable of several classes is called.
    pub threshold: Option<f64>,
    /// Samples by label and prediction.
    pub counts: Counts,
    /// Share of the positive among the samples.
    pub prevalence: Option<Estimate>,
    /// Share of positives that are found (recall).
    pub sensitivity: Option<Estimate>,
    /// Share of negatives that are called negative.
    pub specificity: Option<Estimate>,
    /// Positive predictive value (precision): share of positives among those that are called positive. It holds at this prevalence.
    pub ppv: Option<Estimate>,
    /// Negative predictive value: share of negatives among those that are called negative. It holds at this prevalence.
    pub npv: Option<Estimate>,
    /// Area under the ROC curve, DeLong's interval.
    pub auroc: Option<Estimate>,
    /// Area under the precision-recall curve (average precision), the logit interval of Boyd, Eng and Page.
    pub auprc: Option<Estimate>,
}

impl Clinical {
    /// Measures probabilities of the positive class against `labels` (0 or 1, one each).
    ///
    /// # Errors
    /// [`fhe_head::Error::Shape`] if there are not as many probabilities as labels; [`fhe_head::Error::Data`] on one that is not finite.
    pub fn new(labels: &[f64], probabilities: &[f64], threshold: f64) -> Result<Self> {
        expect_pairs(labels, probabilities)?;
        let positive: Vec<bool> = labels.iter().map(|&y| y > 0.5).collect();
        let counts = Counts::of(&positive, probabilities.iter().map(|&p| p > threshold));
        Ok(Self::from_counts(counts, Some(threshold), &positive, probabilities))
    }

    /// Each class against the rest, the most probable class being called. `labels` are 0, 1, .., one for each row of `probabilities`
    /// (samples by classes).
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn of_classes(labels: &[f64], probabilities: &ArrayView2<'_, f64>) -> Result<Vec<Self>> {
        let called = predictions(probabilities);
        let of_class = |class: usize| {
            let scores = probabilities.column(class).to_vec();
            expect_pairs(labels, &scores)?;
            let positive: Vec<bool> = labels.iter().map(|&y| y == class as f64).collect();
            let counts = Counts::of(&positive, called.iter().map(|&called| called == class));
            Ok(Self::from_counts(counts, None, &positive, &scores))
        };
        (0..probabilities.ncols()).map(of_class).collect()
    }

    fn from_counts(counts: Counts, threshold: Option<f64>, positive: &[bool], scores: &[f64]) -> Self {
        let Counts { true_positives, false_negatives, false_positives, true_negatives } = counts;
        Self {
            threshold,
            counts,
            prevalence: Estimate::proportion(counts.positives(), positive.len()),
            sensitivity: counts.sensitivity(),
            specificity: counts.specificity(),
            ppv: Estimate::proportion(true_positives, true_positives + false_positives),
            npv: Estimate::proportion(true_negatives, true_negatives + false_negatives),
            auroc: auroc(positive, scores),
            auprc: auprc(positive, scores),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::measures::samples::{LABELS, SCORES};
    use ndarray::array;

    /// Values of scikit-learn 1.9.1 (`confusion_matrix`, `recall_score`, `precision_score`).
    #[test]
    fn known_values() {
        let m = Clinical::new(&LABELS, &SCORES, 0.5).unwrap();
        let c = m.counts;
        assert_eq!([c.true_positives, c.false_negatives, c.false_positives, c.true_negatives], CONFUSION);
        for (found, expected) in [m.sensitivity, m.specificity, m.ppv, m.npv].into_iter().zip(RATES) {
            assert!((found.unwrap().value - expected).abs() < 1e-12, "{found:?} {expected}");
        }
    }

    #[test]
    fn several_classes_each_against_the_rest() {
        let p = array![[0.7, 0.2, 0.1], [0.5, 0.3, 0.2], [0.1, 0.1, 0.8], [0.2, 0.5, 0.3]];
        let m = Clinical::of_classes(&[0.0, 1.0, 2.0, 2.0], &p.view()).unwrap();
        assert_eq!(
            m[0].counts,
            Counts { true_positives: 1, false_positives: 1, true_negatives: 2, false_negatives: 0 }
        );
        assert_eq!((m[1].sensitivity.unwrap().value, m[2].sensitivity.unwrap().value), (0.0, 0.5));
        assert_eq!(m[2].threshold, None);
    }

    #[test]
    fn what_is_undefined_is_absent() {
        let m = Clinical::new(&[0.0, 0.0], &[0.1, 0.2], 0.5).unwrap();
        assert_eq!((m.sensitivity, m.ppv, m.auroc, m.auprc), (None, None, None, None));
        assert_eq!(m.specificity.unwrap().value, 1.0);
        assert!(Clinical::new(&[0.0], &[], 0.5).is_err());
        assert!(Clinical::new(&[0.0], &[f64::NAN], 0.5).is_err());
    }

    const CONFUSION: [usize; 4] = [6, 3, 3, 12];
    const RATES: [f64; 4] = [0.666_666_666_666_666_6, 0.8, 0.666_666_666_666_666_6, 0.8];
}
