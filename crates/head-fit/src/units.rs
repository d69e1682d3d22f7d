//! Units of the numbers that a regression predicts: trainings have numbers of mean 0 and standard deviation 1.

use fhe_head::{Error, Result};
use ndarray::{Array1, Array2, ArrayView1, ArrayView2, Axis};
use serde::{Deserialize, Serialize};

/// Mean and standard deviation of each number that is predicted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TargetUnits {
    /// Means.
    pub mean: Array1<f64>,
    /// Standard deviations.
    pub deviation: Array1<f64>,
}

impl TargetUnits {
    /// Weighted moments of the columns of `y`.
    ///
    /// # Errors
    /// [`Error::Data`] if a column hardly varies.
    pub(crate) fn fit(y: &ArrayView2<'_, f64>, weight: &ArrayView1<'_, f64>) -> Result<Self> {
        let share = weight / weight.sum();
        let mean = y.t().dot(&share);
        let deviation = (y - &mean).mapv(|d| d * d).t().dot(&share).mapv(f64::sqrt);
        for (k, (deviation, mean)) in deviation.iter().zip(&mean).enumerate() {
            // what is left of equal numbers after rounding
            if *deviation <= 1e-12 * mean.abs().max(f64::MIN_POSITIVE) {
                return Err(Error::Data(format!(
                    "number {k} is {mean} for every sample: there is nothing to predict"
                )));
            }
        }
        Ok(Self { mean, deviation })
    }

    /// Refuses units for another number of columns, and deviations that are not positive.
    pub(crate) fn check(&self, columns: usize) -> Result<()> {
        let positive = |d: &f64| d.is_finite() && *d > 0.0;
        let sound = self.deviation.iter().all(positive) && self.mean.iter().all(|m| m.is_finite());
        if sound && [self.mean.len(), self.deviation.len()] == [columns; 2] {
            return Ok(());
        }
        Err(Error::Parameter {
            name: "target_units",
            got: format!("means {}, standard deviations {}", self.mean, self.deviation),
            expected: format!("{columns} of each, finite, and positive standard deviations"),
        })
    }

    /// Numbers (samples by columns) in these units.
    pub(crate) fn standardise(&self, y: &ArrayView2<'_, f64>) -> Array2<f64> {
        (y - &self.mean) / &self.deviation
    }

    /// Coefficients and intercepts (one for each column) that predict numbers as they came.
    pub(crate) fn restore(&self, coef: &mut Array2<f64>, intercept: &mut Array1<f64>) {
        *coef *= &self.deviation.view().insert_axis(Axis(1));
        *intercept = &*intercept * &self.deviation + &self.mean;
    }

    /// The inverse of [`Self::restore`].
    pub(crate) fn remove(&self, coef: &mut Array2<f64>, intercept: &mut Array1<f64>) {
        *coef /= &self.deviation.view().insert_axis(Axis(1));
        *intercept = (&*intercept - &self.mean) / &self.deviation;
    }
}
