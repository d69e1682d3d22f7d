//! Quality measures of predicted probabilities, for any number of classes.

use head_fit::Metrics;
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
    pub(crate) accuracy: f64,
    /// Mean of the classes' F1 scores.
    pub(crate) macro_f1: f64,
    /// Area under the ROC curve; with more than two classes, the mean over each class against the rest.
    pub(crate) auroc: f64,
    /// Average precision; with more than two classes, the mean over each class against the rest.
    pub(crate) auprc: f64,
    /// Mean squared error of the second class's probability; with more than two classes, summed over all classes.
    pub(crate) brier: f64,
    pub(crate) log_loss: f64,
    /// Expected calibration error: mean difference between confidence and accuracy over the bins.
    pub(crate) ece: f64,
    pub(crate) calibration: Vec<Bin>,
    /// Numbers of samples by true class, then by predicted class.
    pub(crate) confusion: Vec<Vec<usize>>,
}

/// The samples with a confidence in one bin.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub(crate) struct Bin {
    pub(crate) samples: usize,
    /// Mean probability of the predicted class.
    pub(crate) confidence: f64,
    pub(crate) accuracy: f64,
}

/// Areas under the curves of [`Measures`].
#[derive(Clone, Copy, Debug)]
pub(crate) struct Areas {
    pub(crate) auroc: f64,
    pub(crate) auprc: f64,
}

impl Predictions {
    /// Predictions for two classes, from the probabilities of the second.
    pub(crate) fn binary(positive: &[f64]) -> Self {
        let column = |i: usize, class: usize| if class == 1 { positive[i] } else { 1.0 - positive[i] };
        Self { probabilities: Array2::from_shape_fn((positive.len(), 2), |(i, class)| column(i, class)) }
    }

    /// The most probable class of each sample.
    pub(crate) fn classes(&self) -> Vec<usize> {
        let best = |row: ndarray::ArrayView1<'_, f64>| {
            (1..row.len()).fold(0, |best, class| if row[class] > row[best] { class } else { best })
        };
        self.probabilities.rows().into_iter().map(best).collect()
    }

    /// Concatenates the predictions of several tests.
    ///
    /// # Errors
    /// They have different numbers of classes.
    pub(crate) fn join(parts: &[Self]) -> anyhow::Result<Self> {
        let views: Vec<_> = parts.iter().map(|part| part.probabilities.view()).collect();
        Ok(Self { probabilities: ndarray::concatenate(ndarray::Axis(0), &views)? })
    }

    /// Labels and probabilities of one class against the rest.
    fn against_rest(&self, y: &[usize], class: usize) -> (Vec<f64>, Vec<f64>) {
        let labels = y.iter().map(|&label| f64::from(u8::from(label == class))).collect();
        (labels, self.probabilities.column(class).to_vec())
    }

    /// Areas for the second of two classes; with more classes, means over the classes that occur.
    pub(crate) fn areas(&self, y: &[usize]) -> Areas {
        let classes = self.probabilities.ncols();
        let counted: Vec<usize> = if classes == 2 { vec![1] } else { (0..classes).collect() };
        let areas: Vec<Areas> = counted
            .into_iter()
            .map(|class| self.against_rest(y, class))
            .map(|(labels, scores)| Metrics::new(&labels, &scores))
            .map(|metrics| Areas { auroc: metrics.auroc, auprc: metrics.auprc })
            .filter(|areas| areas.auroc.is_finite() && areas.auprc.is_finite())
            .collect();
        let mean = |of: fn(&Areas) -> f64| areas.iter().map(of).sum::<f64>() / areas.len() as f64;
        Areas { auroc: mean(|areas| areas.auroc), auprc: mean(|areas| areas.auprc) }
    }

    /// Compares the predictions with the true classes `y`.
    pub(crate) fn measures(&self, y: &[usize]) -> Measures {
        let (n, classes) = (y.len() as f64, self.probabilities.ncols());
        let predicted = self.classes();
        let confusion = confusion(y, &predicted, classes);
        let Areas { auroc, auprc } = self.areas(y);
        let truth = |label: usize, class: usize| f64::from(u8::from(label == class));
        let squares: f64 = self
            .probabilities
            .rows()
            .into_iter()
            .zip(y)
            .map(|(row, &label)| (0..classes).map(|k| (row[k] - truth(label, k)).powi(2)).sum::<f64>())
            .sum();
        let likelihood = |(i, &label): (usize, &usize)| self.probabilities[(i, label)].max(f64::EPSILON);
        let calibration = self.calibration(y, &predicted);
        let gap = |bin: &Bin| bin.samples as f64 / n * (bin.confidence - bin.accuracy).abs();
        Measures {
            accuracy: accuracy(y, &predicted),
            macro_f1: macro_f1(&confusion),
            auroc,
            auprc,
            brier: squares / n / if classes == 2 { 2.0 } else { 1.0 },
            log_loss: -y.iter().enumerate().map(likelihood).map(f64::ln).sum::<f64>() / n,
            ece: calibration.iter().map(gap).sum(),
            calibration,
            confusion,
        }
    }

    fn calibration(&self, y: &[usize], predicted: &[usize]) -> Vec<Bin> {
        let mut bins = vec![Bin::default(); BINS];
        for (i, (&label, &class)) in y.iter().zip(predicted).enumerate() {
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

/// Numbers of samples by true class, then by predicted class.
pub(crate) fn confusion(y: &[usize], predicted: &[usize], classes: usize) -> Vec<Vec<usize>> {
    let mut counts = vec![vec![0; classes]; classes];
    for (&label, &class) in y.iter().zip(predicted) {
        counts[label][class] += 1;
    }
    counts
}

/// Mean of the classes' F1 scores. A class that is never predicted correctly counts 0.
pub(crate) fn macro_f1(confusion: &[Vec<usize>]) -> f64 {
    let f1 = |class: usize| {
        let hits = confusion[class][class];
        let predicted: usize = confusion.iter().map(|row| row[class]).sum();
        let present: usize = confusion[class].iter().sum();
        if hits == 0 { 0.0 } else { 2.0 * hits as f64 / (predicted + present) as f64 }
    };
    (0..confusion.len()).map(f1).sum::<f64>() / confusion.len() as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The library's metrics are the reference.
    #[test]
    fn two_classes_agree_with_the_library() {
        let y = [0, 0, 1, 1, 1, 0, 1, 0];
        let scores = [0.1, 0.4, 0.35, 0.8, 0.7, 0.6, 0.4, 0.2];
        let measures = Predictions::binary(&scores).measures(&y);
        let known = Metrics::new(&y.map(|y| y as f64), &scores);
        for (got, want) in [
            (measures.accuracy, known.accuracy),
            (measures.macro_f1, known.macro_f1),
            (measures.auroc, known.auroc),
            (measures.auprc, known.auprc),
            (measures.brier, known.brier),
            (measures.log_loss, known.log_loss),
        ] {
            assert!((got - want).abs() < 1e-12, "{got} {want}");
        }
        assert_eq!(measures.confusion, [[3, 1], [2, 2]]);
    }

    /// Values computed by hand.
    #[test]
    fn three_classes() {
        let probabilities =
            ndarray::array![[0.7, 0.2, 0.1], [0.2, 0.5, 0.3], [0.1, 0.3, 0.6], [0.45, 0.15, 0.4]];
        let measures = Predictions { probabilities }.measures(&[0, 1, 2, 2]);
        assert_eq!(measures.accuracy, 0.75);
        assert_eq!(measures.confusion, [[1, 0, 0], [0, 1, 0], [1, 0, 1]]);
        assert!((measures.macro_f1 - (2.0 / 3.0 + 1.0 + 2.0 / 3.0) / 3.0).abs() < 1e-12);
        // every class is ranked perfectly
        assert_eq!((measures.auroc, measures.auprc), (1.0, 1.0));
        let brier = (0.14 + 0.38 + 0.26 + (0.45f64.powi(2) + 0.15f64.powi(2) + 0.36)) / 4.0;
        assert!((measures.brier - brier).abs() < 1e-12);
        // confidences 0.7, 0.5, 0.6, 0.45, each alone in its bin: the first three are right
        assert!((measures.ece - (0.3 + 0.5 + 0.4 + 0.45) / 4.0).abs() < 1e-12);
    }
}
