//! Measures of predictions.

mod multi_label;
mod ordinal;

pub use multi_label::{LabelMetrics, MultiLabelMetrics};
pub use ordinal::OrdinalMetrics;

use ndarray::{Array2, ArrayView1, ArrayView2};
use serde::{Deserialize, Serialize};

/// Measures of probabilities against labels.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Metrics {
    /// Share of samples whose predicted class is theirs: the most probable one, or of two classes the one at a threshold.
    pub accuracy: f64,
    /// Mean of all classes' F1, of the same predictions.
    pub macro_f1: f64,
    /// Area under the receiver operating characteristic: chance that a positive scores above a negative, ties half.
    /// With more than two classes, the mean over the classes, each against the rest.
    pub auroc: f64,
    /// Average precision: sum of precision times gain of recall over thresholds. With more than two classes, the mean.
    pub auprc: f64,
    /// Mean squared error of the probabilities: of the positive class, or summed over more than two classes.
    pub brier: f64,
    /// Mean negative log-likelihood.
    pub log_loss: f64,
    /// Counts by true label, then predicted label.
    pub confusion: Vec<Vec<usize>>,
}

impl Metrics {
    /// Measures probabilities of the positive class against `labels` (0 or 1, one each). Areas are NaN when a class is absent.
    pub fn new(labels: &[f64], probabilities: &[f64]) -> Self {
        let both = Array2::from_shape_fn((probabilities.len(), 2), |(row, class)| {
            if class == 1 { probabilities[row] } else { 1.0 - probabilities[row] }
        });
        Self::of_classes(labels, &both.view())
    }

    /// Measures probabilities (samples by classes) against `labels` (0, 1, .., one each). Areas are NaN when a class is absent.
    pub fn of_classes(labels: &[f64], probabilities: &ArrayView2<'_, f64>) -> Self {
        Self::of_predicted(labels, probabilities, &predictions(probabilities))
    }

    /// The same of two classes (samples by 2), of which the second is predicted above a threshold.
    pub fn at_threshold(labels: &[f64], probabilities: &ArrayView2<'_, f64>, threshold: f64) -> Self {
        Self::of_predicted(labels, probabilities, &predictions_above(probabilities, threshold))
    }

    /// Measures probabilities, and the classes that were predicted from them.
    fn of_predicted(labels: &[f64], probabilities: &ArrayView2<'_, f64>, predicted: &[usize]) -> Self {
        let (n, classes) = (labels.len() as f64, probabilities.ncols());
        let mut confusion = vec![vec![0usize; classes]; classes];
        for (label, &predicted) in labels.iter().zip(predicted) {
            confusion[*label as usize][predicted] += 1;
        }
        let hits: usize = (0..classes).map(|class| confusion[class][class]).sum();
        let f1 = |class: usize| {
            let hits = confusion[class][class];
            let labelled: usize = confusion[class].iter().sum();
            let predicted: usize = confusion.iter().map(|row| row[class]).sum();
            if hits == 0 { 0.0 } else { 2.0 * hits as f64 / (labelled + predicted) as f64 }
        };
        let against_rest = |class: usize| {
            let is: Vec<f64> = labels.iter().map(|&label| f64::from(label == class as f64)).collect();
            (is, probabilities.column(class).to_vec())
        };
        // of two classes the second alone: the first says the same again
        let scored = if classes == 2 { 1..2 } else { 0..classes };
        let share = 1.0 / scored.len() as f64;
        let (mut auroc, mut auprc, mut brier) = (0.0, 0.0, 0.0);
        for class in scored {
            let (is, p) = against_rest(class);
            let (roc, precision_recall) = areas(&is, &p);
            auroc += share * roc;
            auprc += share * precision_recall;
            brier += is.iter().zip(&p).map(|(y, p)| (p - y).powi(2)).sum::<f64>() / n;
        }
        // keeps the logarithm finite, as scikit-learn does
        let clip = |p: f64| p.clamp(f64::EPSILON, 1.0 - f64::EPSILON);
        let likelihood = |(row, label): (usize, &f64)| clip(probabilities[(row, *label as usize)]).ln();
        Self {
            accuracy: hits as f64 / n,
            macro_f1: (0..classes).map(f1).sum::<f64>() / classes as f64,
            auroc,
            auprc,
            brier,
            log_loss: -labels.iter().enumerate().map(likelihood).sum::<f64>() / n,
            confusion,
        }
    }
}

/// The most probable class of each sample (rows); of two equal ones the first.
pub fn predictions(probabilities: &ArrayView2<'_, f64>) -> Vec<usize> {
    let largest = |row: ArrayView1<'_, f64>| {
        row.iter()
            .enumerate()
            .fold((0, f64::NEG_INFINITY), |best, (class, &p)| if p > best.1 { (class, p) } else { best })
            .0
    };
    probabilities.outer_iter().map(largest).collect()
}

/// Of two classes (samples by 2), the second where its probability is above a threshold.
pub fn predictions_above(probabilities: &ArrayView2<'_, f64>, threshold: f64) -> Vec<usize> {
    probabilities.outer_iter().map(|row| usize::from(row[1] > threshold)).collect()
}

/// Share of samples on which two predictions (samples by classes) name the same class.
pub fn same_predictions(a: &ArrayView2<'_, f64>, b: &ArrayView2<'_, f64>) -> f64 {
    let (a, b) = (predictions(a), predictions(b));
    a.iter().zip(&b).filter(|(a, b)| a == b).count() as f64 / a.len() as f64
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
    use ndarray::array;

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

    /// scikit-learn's `accuracy_score` and `f1_score` of the same predictions.
    #[test]
    fn accuracy_and_f1_are_those_of_the_threshold() {
        let labels = [0.0, 0.0, 1.0, 1.0, 1.0, 0.0, 1.0, 0.0];
        let scores = [0.1, 0.4, 0.35, 0.8, 0.7, 0.6, 0.4, 0.2];
        let p = Array2::from_shape_fn((8, 2), |(row, class)| [1.0 - scores[row], scores[row]][class]);
        let (at, most) =
            (Metrics::at_threshold(&labels, &p.view(), 0.3), Metrics::of_classes(&labels, &p.view()));
        assert_eq!(at.confusion, [[2, 2], [0, 4]]);
        assert!((at.accuracy - 0.75).abs() < 1e-12 && (most.accuracy - 0.625).abs() < 1e-12);
        assert!((at.macro_f1 - (4.0 / 6.0 + 8.0 / 10.0) / 2.0).abs() < 1e-12);
        assert_eq!((at.auroc, at.log_loss), (most.auroc, most.log_loss));
        assert_eq!(Metrics::at_threshold(&labels, &p.view(), 0.5), most);
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

    /// Values of scikit-learn 1.5.0 on the same numbers.
    #[test]
    fn known_values_of_three_classes() {
        let labels = [0.0, 1.0, 2.0, 2.0, 1.0, 0.0];
        let p = array![
            [0.7, 0.2, 0.1],
            [0.5, 0.3, 0.2],
            [0.1, 0.1, 0.8],
            [0.2, 0.5, 0.3],
            [0.1, 0.6, 0.3],
            [0.4, 0.35, 0.25]
        ];
        let m = Metrics::of_classes(&labels, &p.view());
        assert_eq!(m.confusion, [[2, 0, 0], [1, 1, 0], [0, 1, 1]]);
        assert!((m.accuracy - 4.0 / 6.0).abs() < 1e-12);
        assert!((m.macro_f1 - 0.655_555_555_555_555_6).abs() < 1e-12);
        assert!((m.auroc - 0.854_166_666_666_666_6).abs() < 1e-12);
        assert!((m.log_loss - 0.735_813_409_924_160_1).abs() < 1e-12);
        assert_eq!(same_predictions(&p.view(), &p.view()), 1.0);
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
