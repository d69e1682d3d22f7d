//! Measures of predictions of any kind.

use head_fit::measures::Regression;
use head_fit::{Metrics, MultiLabelMetrics, OrdinalMetrics, Targets, predictions_above, same_predictions};
use ndarray::ArrayView2;
use serde::Serialize;

use crate::exit::Result;
use crate::files::head::EVEN;

/// Measures of predictions against the labels.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub(crate) enum Scores {
    /// Of probabilities of classes.
    Classes(ClassScores),
    /// Of probabilities of labels.
    Labels(MultiLabelMetrics),
    /// Of each number.
    Numbers(Vec<Regression>),
}

/// Measures of classes.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct ClassScores {
    /// Measures of the classes that are predicted: of two at the threshold.
    #[serde(flatten)]
    pub(crate) metrics: Metrics,
    /// Beside a threshold that was chosen, what the most probable class achieves: what cross-validation expects, and what compares heads
    /// that have no threshold in common.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) most_probable: Option<MostProbable>,
    /// How far off predictions are, of classes in an order.
    #[serde(flatten)]
    pub(crate) ordinal: Option<OrdinalMetrics>,
}

/// Measures that depend on the threshold, at the most probable class.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(crate) struct MostProbable {
    /// Share of samples whose most probable class is theirs.
    pub(crate) accuracy: f64,
    /// Mean of all classes' F1.
    pub(crate) macro_f1: f64,
}

impl ClassScores {
    fn new(labels: &[f64], probabilities: &ArrayView2<'_, f64>, cuts: &[f64]) -> Self {
        let most_probable = Metrics::of_classes(labels, probabilities);
        match (probabilities.ncols(), cuts) {
            (2, [cut, ..]) if *cut != EVEN => Self {
                metrics: Metrics::at_threshold(labels, probabilities, *cut),
                most_probable: Some(MostProbable {
                    accuracy: most_probable.accuracy,
                    macro_f1: most_probable.macro_f1,
                }),
                ordinal: None,
            },
            _ => Self { metrics: most_probable, most_probable: None, ordinal: None },
        }
    }

    /// The accuracy of the most probable class.
    pub(crate) fn accuracy_of_most_probable(&self) -> f64 {
        self.most_probable.map_or(self.metrics.accuracy, |most_probable| most_probable.accuracy)
    }
}

impl Scores {
    /// Measures predictions, samples by columns, against encoded labels. Of two classes the positive one is predicted above the cut, and a
    /// label above its own.
    ///
    /// # Errors
    /// Predictions that are not finite.
    pub(crate) fn new(
        targets: Targets,
        y: &ArrayView2<'_, f64>,
        predicted: &ArrayView2<'_, f64>,
        cuts: &[f64],
    ) -> Result<Self> {
        Ok(match targets {
            Targets::Classes(_) => Self::Classes(ClassScores::new(&y.column(0).to_vec(), predicted, cuts)),
            Targets::Labels(_) => Self::Labels(MultiLabelMetrics::new(y, predicted, cuts)),
            Targets::Numbers(_) => {
                let columns = y.columns().into_iter().zip(predicted.columns());
                let each = columns.map(|(y, z)| Regression::new(&y.to_vec(), &z.to_vec()));
                Self::Numbers(each.collect::<fhe_head::Result<_>>()?)
            }
        })
    }

    /// The same, with how far off predictions are if the classes have an order.
    #[must_use]
    pub(crate) fn with_order(mut self, ordered: bool) -> Self {
        if let (Self::Classes(scores), true) = (&mut self, ordered) {
            scores.ordinal = Some(OrdinalMetrics::of_confusion(&scores.metrics.confusion));
        }
        self
    }

    /// Accuracy and log loss; of labels their means. `None` of numbers.
    pub(crate) fn accuracy_and_loss(&self) -> Option<(f64, f64)> {
        match self {
            Self::Classes(m) => Some((m.metrics.accuracy, m.metrics.log_loss)),
            Self::Labels(m) => Some((m.mean.accuracy, m.mean.log_loss)),
            Self::Numbers(_) => None,
        }
    }

    /// Measures of classes, if they are.
    pub(crate) fn classes(&self) -> Option<&ClassScores> {
        match self {
            Self::Classes(scores) => Some(scores),
            Self::Labels(_) | Self::Numbers(_) => None,
        }
    }
}

/// Share of samples on which two predictions (samples by columns) agree: name the same class (of two by the cut) or the same labels by these
/// cuts, or give numbers that are within a hundredth of their standard deviation.
pub(crate) fn agreement(
    targets: Targets,
    a: &ArrayView2<'_, f64>,
    b: &ArrayView2<'_, f64>,
    cuts: &[f64],
) -> f64 {
    const NEAR: f64 = 0.01;
    let deviation = a.std_axis(ndarray::Axis(0), 0.0);
    let same = |at: usize, a: f64, b: f64| match targets {
        Targets::Numbers(_) => (a - b).abs() <= NEAR * deviation[at],
        _ => cuts.get(at).is_none_or(|cut| (a > *cut) == (b > *cut)),
    };
    match (targets, cuts) {
        (Targets::Classes(2), [cut, ..]) => {
            let (a, b) = (predictions_above(a, *cut), predictions_above(b, *cut));
            let agree = a.iter().zip(&b).filter(|(a, b)| a == b).count();
            return agree as f64 / a.len().max(1) as f64;
        }
        (Targets::Classes(_), _) => return same_predictions(a, b),
        _ => {}
    }
    let rows = a.rows().into_iter().zip(b.rows());
    let agree = rows.filter(|(a, b)| a.iter().zip(b).enumerate().all(|(at, (a, b))| same(at, *a, *b)));
    agree.count() as f64 / a.nrows().max(1) as f64
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use ndarray::array;

    #[test]
    fn accuracy_is_that_of_the_threshold_and_says_what_the_most_probable_class_achieves() {
        let (y, p) = (array![[0.0], [1.0], [1.0]], array![[0.8, 0.2], [0.6, 0.4], [0.3, 0.7]]);
        let of = |cut: f64| Scores::new(Targets::Classes(2), &y.view(), &p.view(), &[cut]).unwrap();
        let at = serde_json::to_value(of(0.3)).unwrap();
        assert_eq!(
            (&at["accuracy"], at["most_probable"]["accuracy"].as_f64()),
            (&1.0.into(), Some(2.0 / 3.0))
        );
        let even = serde_json::to_value(of(EVEN).with_order(false)).unwrap();
        assert_eq!((even["accuracy"].as_f64(), even.get("most_probable")), (Some(2.0 / 3.0), None));
        assert!(even.get("quadratic_weighted_kappa").is_none());
        let ordered = serde_json::to_value(of(0.3).with_order(true)).unwrap();
        assert_eq!(
            (&ordered["quadratic_weighted_kappa"], &ordered["within_one_step"]),
            (&1.0.into(), &1.0.into())
        );
    }

    #[test]
    fn predictions_agree_by_what_they_say() {
        let (a, b) = (array![[0.1, 0.6], [0.4, 0.7]], array![[0.2, 0.4], [0.3, 0.9]]);
        let of = |targets, cuts: &[f64]| agreement(targets, &a.view(), &b.view(), cuts);
        assert_eq!(of(Targets::Classes(2), &[]), 1.0);
        assert_eq!((of(Targets::Classes(2), &[0.5]), of(Targets::Classes(2), &[0.3])), (0.5, 1.0));
        assert_eq!(of(Targets::Labels(2), &[0.5, 0.5]), 0.5);
        assert_eq!(of(Targets::Labels(2), &[0.15, 0.3]), 0.5);
        assert_eq!(of(Targets::Numbers(2), &[]), 0.0);
        assert_eq!(agreement(Targets::Numbers(2), &a.view(), &(&a + 1e-4).view(), &[]), 1.0);
    }
}
