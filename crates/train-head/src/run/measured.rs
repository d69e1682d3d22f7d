//! What clinicians read of a head: rates at a threshold with intervals, calibration, curves.

use head_fit::measures::{Calibration, Clinical, Curves};
use ndarray::ArrayView2;
use serde::Serialize;

use crate::exit::Result;

/// Measures of probabilities on the test samples: of two classes those of the positive one, of more each class against the rest.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Measured {
    /// Rates at the threshold, areas.
    pub(crate) clinical: Vec<Clinical>,
    /// Whether probabilities mean what they say.
    pub(crate) calibration: Vec<Calibration>,
    /// ROC and precision-recall curves, thinned so that no point shows a single record.
    pub(crate) curves: Vec<Curves>,
}

/// A point of the learning curve.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct LearningPoint {
    /// Iterations done.
    pub(crate) iteration: usize,
    /// Mean log loss of the plain twin on the test samples.
    pub(crate) log_loss: f64,
    /// Its accuracy there.
    pub(crate) accuracy: f64,
}

impl Measured {
    /// Measures probabilities (samples by classes) against the codes of the labels. `threshold` is that of the positive class of two.
    ///
    /// # Errors
    /// Probabilities that are not finite.
    pub(crate) fn new(labels: &[f64], probabilities: &ArrayView2<'_, f64>, threshold: f64) -> Result<Self> {
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
        let calibration = pairs.iter().map(|(is, p)| Calibration::new(is, p)).collect::<Result<_, _>>()?;
        let curves = pairs.iter().map(|(is, p)| Curves::new(is, p)).collect::<Result<_, _>>()?;
        Ok(Self { clinical, calibration, curves })
    }
}
