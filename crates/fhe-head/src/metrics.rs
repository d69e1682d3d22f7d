//! Measures of binary predictions.

use serde::{Deserialize, Serialize};

/// Measures of probabilities of the positive class against labels 0 and 1.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Metrics {
    /// Share of samples on the right side of 1/2.
    pub accuracy: f64,
    /// Mean of both classes' F1.
    pub macro_f1: f64,
    /// Area under the receiver operating characteristic: chance that a positive scores above a negative, ties half.
    pub auroc: f64,
    /// Average precision: sum of precision times gain of recall over thresholds.
    pub auprc: f64,
    /// Mean squared error of the probabilities.
    pub brier: f64,
    /// Mean negative log-likelihood.
    pub log_loss: f64,
    /// Counts by true label, then predicted label.
    pub confusion: [[usize; 2]; 2],
}

impl Metrics {
    /// Measures `probabilities` against `labels` (0 or 1, one each). Areas are NaN when a class is absent.
    pub fn new(labels: &[f64], probabilities: &[f64]) -> Self {
        let n = labels.len() as f64;
        let pairs = || labels.iter().copied().zip(probabilities.iter().copied());
        let mut confusion = [[0usize; 2]; 2];
        for (label, probability) in pairs() {
            confusion[usize::from(label > 0.5)][usize::from(probability > 0.5)] += 1;
        }
        let f1 = |class: usize| {
            let hits = confusion[class][class];
            let misses = confusion[0][1] + confusion[1][0];
            if hits == 0 { 0.0 } else { 2.0 * hits as f64 / (2 * hits + misses) as f64 }
        };
        // keeps the logarithm finite, as scikit-learn does
        let clip = |p: f64| p.clamp(f64::EPSILON, 1.0 - f64::EPSILON);
        let (auroc, auprc) = areas(labels, probabilities);
        Self {
            accuracy: (confusion[0][0] + confusion[1][1]) as f64 / n,
            macro_f1: (f1(0) + f1(1)) / 2.0,
            auroc,
            auprc,
            brier: pairs().map(|(y, p)| (p - y).powi(2)).sum::<f64>() / n,
            log_loss: -pairs()
                .map(|(y, p)| if y > 0.5 { clip(p).ln() } else { (1.0 - clip(p)).ln() })
                .sum::<f64>()
                / n,
            confusion,
        }
    }
}

/// Share of samples on which two predictions fall on the same side of 1/2.
pub fn agreement(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).filter(|(a, b)| (**a > 0.5) == (**b > 0.5)).count() as f64 / a.len() as f64
}

/// Areas under the ROC and the precision-recall curve, threshold by threshold from the highest score.
fn areas(labels: &[f64], scores: &[f64]) -> (f64, f64) {
    let mut order: Vec<usize> = (0..labels.len()).collect();
    order.sort_by(|&a, &b| scores[b].total_cmp(&scores[a]));
    let positives = labels.iter().filter(|&&y| y > 0.5).count() as f64;
    let negatives = labels.len() as f64 - positives;
    let (mut hits, mut alarms) = (0.0, 0.0);
    let (mut roc, mut precision_recall) = (0.0, 0.0);
    for ties in order.chunk_by(|&a, &b| scores[a] == scores[b]) {
        let new_hits = ties.iter().filter(|&&i| labels[i] > 0.5).count() as f64;
        let new_alarms = ties.len() as f64 - new_hits;
        roc += new_alarms * (hits + new_hits / 2.0);
        hits += new_hits;
        alarms += new_alarms;
        precision_recall += new_hits * hits / (hits + alarms);
    }
    (roc / (positives * negatives), precision_recall / if positives > 0.0 { positives } else { f64::NAN })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Values of scikit-learn 1.9.1 on the same numbers.
    #[test]
    fn known_values() {
        let labels = [0.0, 0.0, 1.0, 1.0, 1.0, 0.0, 1.0, 0.0];
        let scores = [0.1, 0.4, 0.35, 0.8, 0.7, 0.6, 0.4, 0.2];
        let m = Metrics::new(&labels, &scores);
        assert_eq!(m.confusion, [[3, 1], [2, 2]]);
        assert!((m.accuracy - 0.625).abs() < 1e-12);
        assert!((m.macro_f1 - (6.0 / 9.0 + 4.0 / 7.0) / 2.0).abs() < 1e-12);
        // pairs (positive, negative) won: 0.35 beats 2, 0.8 beats 4, 0.7 beats 4, 0.4 beats 2 and ties 1
        assert!((m.auroc - 12.5 / 16.0).abs() < 1e-12);
        // precision at 0.8, 0.7, 0.4, 0.35: 1, 1, 3/5, 4/6
        assert!((m.auprc - (1.0 + 1.0 + 3.0 / 5.0 + 4.0 / 6.0) / 4.0).abs() < 1e-12);
        assert!((m.brier - 0.185_312_5).abs() < 1e-12);
        assert!((m.log_loss - 0.537_693_971_779_744_7).abs() < 1e-12);
    }

    #[test]
    fn perfect_and_useless_scores() {
        let labels = [0.0, 1.0, 0.0, 1.0];
        let perfect = Metrics::new(&labels, &[0.0, 1.0, 0.0, 1.0]);
        assert_eq!((perfect.accuracy, perfect.macro_f1, perfect.auroc, perfect.auprc), (1.0, 1.0, 1.0, 1.0));
        assert!(perfect.log_loss < 1e-12);
        let useless = Metrics::new(&labels, &[0.3; 4]);
        assert_eq!((useless.accuracy, useless.auroc, useless.auprc), (0.5, 0.5, 0.5));
    }

    #[test]
    fn an_absent_class_leaves_areas_undefined() {
        assert!(Metrics::new(&[1.0, 1.0], &[0.4, 0.9]).auroc.is_nan());
    }

    #[test]
    fn agreement_counts_sides() {
        assert_eq!(agreement(&[0.2, 0.6, 0.9], &[0.4, 0.4, 0.6]), 2.0 / 3.0);
    }
}
