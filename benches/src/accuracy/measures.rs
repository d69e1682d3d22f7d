//! Quality measures of predicted probabilities, for any number of classes.

use head_fit::{Metrics, predictions};
use ndarray::Array2;
use serde::Serialize;

/// Predictions for test samples.
#[derive(Clone, Debug)]
pub(crate) struct Predictions {
    /// One row for each sample, one column for each class; rows sum to 1.
    pub(crate) probabilities: Array2<f64>,
}

/// Bins of the calibration curve, equally wide in the confidence.
const BINS: usize = 10;

/// Quality of predictions.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Measures {
    #[serde(flatten)]
    pub(crate) metrics: Metrics,
    /// Expected calibration error: mean difference between confidence and accuracy over the bins.
    pub(crate) ece: f64,
    pub(crate) calibration: Vec<Bin>,
}

/// The samples with a confidence in one bin.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub(crate) struct Bin {
    pub(crate) samples: usize,
    /// Mean probability of the predicted class.
    pub(crate) confidence: f64,
    pub(crate) accuracy: f64,
}

impl Predictions {
    /// Predictions for two classes, from the probabilities of the second.
    pub(crate) fn binary(positive: &[f64]) -> Self {
        let column = |i: usize, class: usize| if class == 1 { positive[i] } else { 1.0 - positive[i] };
        Self { probabilities: Array2::from_shape_fn((positive.len(), 2), |(i, class)| column(i, class)) }
    }

    /// The most probable class of each sample.
    pub(crate) fn classes(&self) -> Vec<usize> {
        predictions(&self.probabilities.view())
    }

    /// Concatenates the predictions of several tests.
    ///
    /// # Errors
    /// They have different numbers of classes.
    pub(crate) fn join(parts: &[Self]) -> anyhow::Result<Self> {
        let views: Vec<_> = parts.iter().map(|part| part.probabilities.view()).collect();
        Ok(Self { probabilities: ndarray::concatenate(ndarray::Axis(0), &views)? })
    }

    /// The library's metrics against the true classes `y`. If one of more than two classes is absent, the areas are means over the
    /// classes that occur.
    pub(crate) fn metrics(&self, y: &[usize]) -> Metrics {
        let labels: Vec<f64> = y.iter().map(|&label| label as f64).collect();
        let metrics = Metrics::of_classes(&labels, &self.probabilities.view());
        let classes = self.probabilities.ncols();
        if classes == 2 || metrics.auroc.is_finite() {
            return metrics;
        }
        let against_rest = |class: usize| {
            let is: Vec<f64> = y.iter().map(|&label| f64::from(u8::from(label == class))).collect();
            Metrics::new(&is, &self.probabilities.column(class).to_vec())
        };
        let present: Vec<Metrics> =
            (0..classes).filter(|class| y.contains(class)).map(against_rest).collect();
        let mean = |of: fn(&Metrics) -> f64| present.iter().map(of).sum::<f64>() / present.len() as f64;
        Metrics { auroc: mean(|metrics| metrics.auroc), auprc: mean(|metrics| metrics.auprc), ..metrics }
    }

    /// Compares the predictions with the true classes `y`.
    pub(crate) fn measures(&self, y: &[usize]) -> Measures {
        let calibration = self.calibration(y);
        let gap = |bin: &Bin| bin.samples as f64 / y.len() as f64 * (bin.confidence - bin.accuracy).abs();
        Measures { metrics: self.metrics(y), ece: calibration.iter().map(gap).sum(), calibration }
    }

    fn calibration(&self, y: &[usize]) -> Vec<Bin> {
        let mut bins = vec![Bin::default(); BINS];
        for (i, (&label, class)) in y.iter().zip(self.classes()).enumerate() {
            let confidence = self.probabilities[(i, class)];
            let bin = &mut bins[((confidence * BINS as f64) as usize).min(BINS - 1)];
            bin.samples += 1;
            bin.confidence += confidence;
            bin.accuracy += f64::from(u8::from(label == class));
        }
        for bin in &mut bins {
            let count = bin.samples.max(1) as f64;
            bin.confidence /= count;
            bin.accuracy /= count;
        }
        bins
    }
}

/// Share of samples with the right class.
pub(crate) fn accuracy(y: &[usize], predicted: &[usize]) -> f64 {
    y.iter().zip(predicted).filter(|(label, class)| label == class).count() as f64 / y.len() as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn three_classes() -> Predictions {
        let probabilities =
            ndarray::array![[0.7, 0.2, 0.1], [0.2, 0.5, 0.3], [0.1, 0.3, 0.6], [0.45, 0.15, 0.4]];
        Predictions { probabilities }
    }

    /// Values computed by hand.
    #[test]
    fn calibration_counts_by_confidence() {
        let measures = three_classes().measures(&[0, 1, 2, 2]);
        assert_eq!(measures.metrics.accuracy, 0.75);
        assert_eq!(measures.metrics.confusion, [[1, 0, 0], [0, 1, 0], [1, 0, 1]]);
        // every class is ranked perfectly
        assert_eq!((measures.metrics.auroc, measures.metrics.auprc), (1.0, 1.0));
        // confidences 0.7, 0.5, 0.6, 0.45, each alone in its bin: the first three are right
        assert!((measures.ece - (0.3 + 0.5 + 0.4 + 0.45) / 4.0).abs() < 1e-12);
    }

    #[test]
    fn areas_are_means_over_the_classes_that_occur() {
        let metrics = three_classes().metrics(&[0, 0, 2, 2]);
        // of class 0 against the rest: 0.7 and 0.2 against 0.1 and 0.45; of class 2: 0.6 and 0.4 above all others
        assert_eq!(metrics.auroc, f64::midpoint(0.75, 1.0));
    }
}
