//! What clinicians read of a head: rates at a threshold with intervals, calibration, curves.

use head_fit::Targets;
use head_fit::measures::{Calibration, Clinical, Curves, FEWEST_RECORDS};
use ndarray::ArrayView2;
use serde::Serialize;

use crate::exit::Result;
use crate::files::head::EVEN;

/// Measures of probabilities on the test samples: of two classes those of the positive one, of more each class against the rest, of each
/// label those who have it. Empty of numbers.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Measured {
    /// Rates at the threshold, areas.
    pub(crate) clinical: Vec<Clinical>,
    /// Whether probabilities mean what they say.
    pub(crate) calibration: Vec<Calibration>,
    /// ROC and precision-recall curves, thinned so that no point shows a single record.
    pub(crate) curves: Vec<Curves>,
}

/// The same, borrowed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Figures<'a> {
    /// Rates at the threshold, areas.
    pub(crate) clinical: &'a [Clinical],
    /// Whether probabilities mean what they say.
    pub(crate) calibration: &'a [Calibration],
    /// ROC and precision-recall curves.
    pub(crate) curves: &'a [Curves],
}

/// A point of the learning curve.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct LearningPoint {
    /// Iterations done.
    pub(crate) iteration: usize,
    /// Mean log loss of the plain twin on the test samples; of labels the mean over them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) log_loss: Option<f64>,
    /// Its accuracy there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) accuracy: Option<f64>,
    /// Of numbers, the mean of their R2 there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) r2: Option<f64>,
}

impl Measured {
    /// The measures, borrowed.
    pub(crate) fn figures(&self) -> Figures<'_> {
        Figures { clinical: &self.clinical, calibration: &self.calibration, curves: &self.curves }
    }

    /// Measures predictions (samples by columns) against encoded labels. `cuts` are the threshold of the positive class of two, or those of
    /// the labels.
    ///
    /// # Errors
    /// Probabilities that are not finite.
    pub(crate) fn new(
        targets: Targets,
        y: &ArrayView2<'_, f64>,
        probabilities: &ArrayView2<'_, f64>,
        cuts: &[f64],
    ) -> Result<Self> {
        match targets {
            Targets::Classes(_) => {
                let cut = cuts.first().copied().unwrap_or(EVEN);
                Self::of_classes(&y.column(0).to_vec(), probabilities, cut)
            }
            Targets::Labels(_) => {
                let columns = y.columns().into_iter().zip(probabilities.columns());
                let pairs = columns.map(|(y, p)| (y.to_vec(), p.to_vec())).collect::<Vec<_>>();
                let at = pairs.iter().zip(cuts).map(|((is, p), &cut)| Clinical::new(is, p, cut));
                Self::beside(at.collect::<Result<_, _>>()?, &pairs)
            }
            Targets::Numbers(_) => Ok(Self::default()),
        }
    }

    fn of_classes(labels: &[f64], probabilities: &ArrayView2<'_, f64>, threshold: f64) -> Result<Self> {
        let classes = probabilities.ncols();
        let scored: Vec<usize> = if classes == 2 { vec![1] } else { (0..classes).collect() };
        let pairs: Vec<(Vec<f64>, Vec<f64>)> = scored
            .into_iter()
            .map(|class| {
                let is = labels.iter().map(|&label| f64::from(u8::from(label == class as f64))).collect();
                (is, probabilities.column(class).to_vec())
            })
            .collect();
        let clinical = match &pairs[..] {
            [(is, p)] => vec![Clinical::new(is, p, threshold)?],
            _ => Clinical::of_classes(labels, probabilities)?,
        };
        Self::beside(clinical, &pairs)
    }

    /// Areas, slopes and curves are left out where a class, or the rest, has fewer than [`FEWEST_RECORDS`] records: of a single record the
    /// area is its rank, and nothing is estimated.
    fn beside(mut clinical: Vec<Clinical>, pairs: &[(Vec<f64>, Vec<f64>)]) -> Result<Self> {
        let mut calibration: Vec<Calibration> =
            pairs.iter().map(|(is, p)| Calibration::new(is, p)).collect::<Result<_, _>>()?;
        let mut curves: Vec<Curves> =
            pairs.iter().map(|(is, p)| Curves::new(is, p)).collect::<Result<_, _>>()?;
        for (at, (is, _)) in pairs.iter().enumerate() {
            let positives = is.iter().filter(|&&is| is > 0.5).count();
            if positives.min(is.len() - positives) >= FEWEST_RECORDS {
                continue;
            }
            if let (Some(rates), Some(calibration), Some(curves)) =
                (clinical.get_mut(at), calibration.get_mut(at), curves.get_mut(at))
            {
                (rates.auroc, rates.auprc) = (None, None);
                (calibration.slope, calibration.intercept) = (None, None);
                *curves = Curves::default();
            }
        }
        Ok(Self { clinical, calibration, curves })
    }
}
