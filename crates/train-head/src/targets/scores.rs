//! Measures of predictions of any kind.

use head_fit::measures::Regression;
use head_fit::{Metrics, MultiLabelMetrics, Targets, same_predictions};
use ndarray::ArrayView2;
use serde::Serialize;

use crate::exit::Result;

/// Measures of predictions against the labels.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub(crate) enum Scores {
    /// Of probabilities of classes.
    Classes(Metrics),
    /// Of probabilities of labels.
    Labels(MultiLabelMetrics),
    /// Of each number.
    Numbers(Vec<Regression>),
}

impl Scores {
    /// Measures predictions, samples by columns, against encoded labels. A label is predicted above its cut.
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
            Targets::Classes(_) => Self::Classes(Metrics::of_classes(&y.column(0).to_vec(), predicted)),
            Targets::Labels(_) => Self::Labels(MultiLabelMetrics::new(y, predicted, cuts)),
            Targets::Numbers(_) => {
                let columns = y.columns().into_iter().zip(predicted.columns());
                let each = columns.map(|(y, z)| Regression::new(&y.to_vec(), &z.to_vec()));
                Self::Numbers(each.collect::<fhe_head::Result<_>>()?)
            }
        })
    }

    /// Accuracy and log loss; of labels their means. `None` of numbers.
    pub(crate) fn accuracy_and_loss(&self) -> Option<(f64, f64)> {
        match self {
            Self::Classes(m) => Some((m.accuracy, m.log_loss)),
            Self::Labels(m) => Some((m.mean.accuracy, m.mean.log_loss)),
            Self::Numbers(_) => None,
        }
    }

    /// Measures of classes, if they are.
    pub(crate) fn classes(&self) -> Option<&Metrics> {
        match self {
            Self::Classes(metrics) => Some(metrics),
            Self::Labels(_) | Self::Numbers(_) => None,
        }
    }
}

/// Share of samples on which two predictions (samples by columns) agree: name the same class, call the same labels by these cuts, or give
/// numbers that are within a hundredth of their standard deviation.
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
    if let Targets::Classes(_) = targets {
        return same_predictions(a, b);
    }
    let rows = a.rows().into_iter().zip(b.rows());
    let agree = rows.filter(|(a, b)| a.iter().zip(b).enumerate().all(|(at, (a, b))| same(at, *a, *b)));
    agree.count() as f64 / a.nrows().max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn predictions_agree_by_what_they_say() {
        let (a, b) = (array![[0.1, 0.6], [0.4, 0.7]], array![[0.2, 0.4], [0.3, 0.9]]);
        let of = |targets, cuts: &[f64]| agreement(targets, &a.view(), &b.view(), cuts);
        assert_eq!(of(Targets::Classes(2), &[]), 1.0);
        assert_eq!(of(Targets::Labels(2), &[0.5, 0.5]), 0.5);
        assert_eq!(of(Targets::Labels(2), &[0.15, 0.3]), 0.5);
        assert_eq!(of(Targets::Numbers(2), &[]), 0.0);
        assert_eq!(agreement(Targets::Numbers(2), &a.view(), &(&a + 1e-4).view(), &[]), 1.0);
    }
}
