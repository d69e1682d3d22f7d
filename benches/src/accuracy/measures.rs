//! Measures of predicted probabilities, for any number of classes.

use fhe_head::metrics::Metrics;
use ndarray::Array2;
use serde::Serialize;

/// Predictions for test samples: samples by classes, rows with sum 1.
#[derive(Clone, Debug)]
pub(crate) struct Predictions {
    pub(crate) probabilities: Array2<f64>,
}

/// Bins of the calibration curve, of equal width over the confidence.
const BINS: usize = 10;

/// Measures against the true classes.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Measures {
    pub(crate) accuracy: f64,
    /// Mean F1 of the classes.
    pub(crate) macro_f1: f64,
    /// Area under the ROC curve; of more than two classes the mean of each against the rest.
    pub(crate) auroc: f64,
    /// Average precision; of more than two classes the mean of each against the rest.
    pub(crate) auprc: f64,
    /// Two classes: mean squared error of the probability of the second; more: of all, summed.
    pub(crate) brier: f64,
    pub(crate) log_loss: f64,
    /// Expected calibration error: mean difference of confidence and accuracy over bins of equal width.
    pub(crate) ece: f64,
    pub(crate) calibration: Vec<Bin>,
    /// Counts by true class, then predicted class.
    pub(crate) confusion: Vec<Vec<usize>>,
}

/// Samples whose confidence lies in one bin.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub(crate) struct Bin {
    pub(crate) samples: usize,
    pub(crate) confidence: f64,
    pub(crate) accuracy: f64,
}

impl Predictions {
    /// From probabilities of the second of two classes.
    pub(crate) fn binary(positive: &[f64]) -> Self {
        let column = |i: usize, class: usize| if class == 1 { positive[i] } else { 1.0 - positive[i] };
        Self { probabilities: Array2::from_shape_fn((positive.len(), 2), |(i, class)| column(i, class)) }
    }

    /// The class of largest probability of each sample.
    pub(crate) fn classes(&self) -> Vec<usize> {
        let best = |row: ndarray::ArrayView1<'_, f64>| {
            (1..row.len()).fold(0, |best, class| if row[class] > row[best] { class } else { best })
        };
        self.probabilities.rows().into_iter().map(best).collect()
    }

    /// Those of several tests, one after the other.
    pub(crate) fn join(parts: &[Self]) -> anyhow::Result<Self> {
        let views: Vec<_> = parts.iter().map(|part| part.probabilities.view()).collect();
        Ok(Self { probabilities: ndarray::concatenate(ndarray::Axis(0), &views)? })
    }

    /// Probabilities and labels of one class against the rest.
    fn against_rest(&self, y: &[usize], class: usize) -> (Vec<f64>, Vec<f64>) {
        let labels = y.iter().map(|&label| f64::from(u8::from(label == class))).collect();
        (labels, self.probabilities.column(class).to_vec())
    }

    /// AUROC and AUPRC: of the second of two classes, else means over the classes that occur.
    pub(crate) fn areas(&self, y: &[usize]) -> (f64, f64) {
        let classes = self.probabilities.ncols();
        let counted: Vec<usize> = if classes == 2 { vec![1] } else { (0..classes).collect() };
        let areas: Vec<(f64, f64)> = counted
            .into_iter()
            .map(|class| self.against_rest(y, class))
            .map(|(labels, scores)| Metrics::new(&labels, &scores))
            .map(|metrics| (metrics.auroc, metrics.auprc))
            .filter(|(auroc, auprc)| auroc.is_finite() && auprc.is_finite())
            .collect();
        let mean = |of: fn(&(f64, f64)) -> f64| areas.iter().map(of).sum::<f64>() / areas.len() as f64;
        (mean(|areas| areas.0), mean(|areas| areas.1))
    }

    /// All measures against the true classes `y`.
    pub(crate) fn measures(&self, y: &[usize]) -> Measures {
        let (n, classes) = (y.len() as f64, self.probabilities.ncols());
        let predicted = self.classes();
        let confusion = confusion(y, &predicted, classes);
        let (auroc, auprc) = self.areas(y);
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

/// Share of samples of the right class.
pub(crate) fn accuracy(y: &[usize], predicted: &[usize]) -> f64 {
    y.iter().zip(predicted).filter(|(label, class)| label == class).count() as f64 / y.len() as f64
}

/// Counts by true class, then predicted class.
pub(crate) fn confusion(y: &[usize], predicted: &[usize], classes: usize) -> Vec<Vec<usize>> {
    let mut counts = vec![vec![0; classes]; classes];
    for (&label, &class) in y.iter().zip(predicted) {
        counts[label][class] += 1;
    }
    counts
}

/// Mean F1 of the classes; 0 for one that is never right.
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

    /// Two classes: what the library's own measures say of the same numbers.
    #[test]
    fn two_classes_as_the_library_measures_them() {
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

    /// Three classes, by hand.
    #[test]
    fn three_classes() {
        let probabilities =
            ndarray::array![[0.7, 0.2, 0.1], [0.2, 0.5, 0.3], [0.1, 0.3, 0.6], [0.45, 0.15, 0.4]];
        let measures = Predictions { probabilities }.measures(&[0, 1, 2, 2]);
        assert_eq!(measures.accuracy, 0.75);
        assert_eq!(measures.confusion, [[1, 0, 0], [0, 1, 0], [1, 0, 1]]);
        assert!((measures.macro_f1 - (2.0 / 3.0 + 1.0 + 2.0 / 3.0) / 3.0).abs() < 1e-12);
        // every class is ranked without error
        assert_eq!((measures.auroc, measures.auprc), (1.0, 1.0));
        let brier = (0.14 + 0.38 + 0.26 + (0.45f64.powi(2) + 0.15f64.powi(2) + 0.36)) / 4.0;
        assert!((measures.brier - brier).abs() < 1e-12);
        // confidences 0.7, 0.5, 0.6, 0.45: three right ones, one wrong, each alone in its bin
        assert!((measures.ece - (0.3 + 0.5 + 0.4 + 0.45) / 4.0).abs() < 1e-12);
    }
}
