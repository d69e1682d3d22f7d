//! Measures of probabilities of labels, of which a sample may have any number.

use ndarray::ArrayView2;
use serde::{Deserialize, Serialize};

use super::areas;

/// Measures of one label, or their means over the labels.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct LabelMetrics {
    /// Share of samples for which the label is predicted rightly, present or absent.
    pub accuracy: f64,
    /// F1 of the samples that have the label; 0 if none is found.
    pub f1: f64,
    /// Area under the receiver operating characteristic. NaN if all samples have the label, or none.
    pub auroc: f64,
    /// Area under the precision-recall curve (average precision). NaN if no sample has the label.
    pub auprc: f64,
    /// Mean negative log-likelihood.
    pub log_loss: f64,
}

/// Measures of all labels.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MultiLabelMetrics {
    /// Of each label.
    pub labels: Vec<LabelMetrics>,
    /// Means over the labels. Labels without an area do not count in the means of areas.
    pub mean: LabelMetrics,
    /// Share of samples whose labels are all as predicted.
    pub subset_accuracy: f64,
}

impl LabelMetrics {
    /// Measures the probabilities of a label against `labels` (0 or 1, one each). It is predicted above `threshold`.
    pub fn new(labels: &[f64], probabilities: &[f64], threshold: f64) -> Self {
        let n = labels.len() as f64;
        let (mut right, mut hits, mut loss) = (0.0, 0.0, 0.0);
        for (&label, &p) in labels.iter().zip(probabilities) {
            let (has, predicted) = (label > 0.5, p > threshold);
            right += f64::from(u8::from(has == predicted));
            hits += f64::from(u8::from(has && predicted));
            // keeps the logarithm finite, as scikit-learn does
            loss -= if has { p } else { 1.0 - p }.clamp(f64::EPSILON, 1.0 - f64::EPSILON).ln();
        }
        let labelled = labels.iter().filter(|label| **label > 0.5).count() as f64;
        let predicted = probabilities.iter().filter(|p| **p > threshold).count() as f64;
        let f1 = if hits == 0.0 { 0.0 } else { 2.0 * hits / (labelled + predicted) };
        let (auroc, auprc) = areas(labels, probabilities);
        Self { accuracy: right / n, f1, auroc, auprc, log_loss: loss / n }
    }

    fn mean(all: &[Self]) -> Self {
        let mean = |of: fn(&Self) -> f64| {
            let known: Vec<f64> = all.iter().map(of).filter(|value| !value.is_nan()).collect();
            known.iter().sum::<f64>() / known.len() as f64
        };
        Self {
            accuracy: mean(|m| m.accuracy),
            f1: mean(|m| m.f1),
            auroc: mean(|m| m.auroc),
            auprc: mean(|m| m.auprc),
            log_loss: mean(|m| m.log_loss),
        }
    }
}

impl MultiLabelMetrics {
    /// Measures probabilities against labels of zeros and ones, both samples by labels. A label is predicted above its threshold; there is
    /// one for each.
    pub fn new(
        labels: &ArrayView2<'_, f64>,
        probabilities: &ArrayView2<'_, f64>,
        thresholds: &[f64],
    ) -> Self {
        let columns = labels.columns().into_iter().zip(probabilities.columns()).zip(thresholds);
        let each: Vec<_> =
            columns.map(|((y, p), &at)| LabelMetrics::new(&y.to_vec(), &p.to_vec(), at)).collect();
        let all_right = labels.rows().into_iter().zip(probabilities.rows()).filter(|(y, p)| {
            y.iter().zip(p).zip(thresholds).all(|((&y, p), threshold)| (y > 0.5) == (p > threshold))
        });
        let subset_accuracy = all_right.count() as f64 / labels.nrows() as f64;
        Self { mean: LabelMetrics::mean(&each), labels: each, subset_accuracy }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    /// Values of scikit-learn 1.9.1 on the same numbers.
    #[test]
    fn known_values() {
        let y = array![[1., 0., 1.], [0., 0., 1.], [1., 1., 0.], [0., 1., 0.], [1., 0., 0.], [0., 0., 1.]];
        let p = array![
            [0.8, 0.3, 0.6],
            [0.4, 0.1, 0.7],
            [0.6, 0.6, 0.2],
            [0.55, 0.4, 0.1],
            [0.9, 0.5, 0.3],
            [0.2, 0.2, 0.45]
        ];
        let m = MultiLabelMetrics::new(&y.view(), &p.view(), &[0.5; 3]);
        let close = |a: f64, b: f64| assert!((a - b).abs() < 1e-12, "{a} {b}");
        for (label, (loss, f1, auroc)) in m.labels.iter().zip([
            (0.395_301_093_672_666_5, 6.0 / 7.0, 1.0),
            (0.467_573_757_851_809_9, 2.0 / 3.0, 0.875),
            (0.391_864_545_805_543_9, 0.8, 1.0),
        ]) {
            close(label.log_loss, loss);
            close(label.f1, f1);
            close(label.auroc, auroc);
            close(label.accuracy, 5.0 / 6.0);
        }
        close(m.mean.auroc, 2.875 / 3.0);
        close(m.subset_accuracy, 2.0 / 3.0);
        // a lower threshold finds the second sample of label 1, and a false one
        let lower = MultiLabelMetrics::new(&y.view(), &p.view(), &[0.5, 0.35, 0.5]);
        close(lower.labels[1].f1, 0.8);
        let absent = LabelMetrics::new(&[0.0, 0.0], &[0.2, 0.6], 0.5);
        assert!(absent.auroc.is_nan() && absent.f1 == 0.0);
    }
}
