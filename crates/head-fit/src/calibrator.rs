//! What makes the probabilities of an exported head fit.

use fhe_head::{Error, Result, ranges};
use ndarray::Array2;
use serde::{Deserialize, Serialize};

/// Divides logits by a temperature, and adds a shift to those of each output: temperature scaling with a correction of the bias
/// (Alexandari et al., *Maximum likelihood with bias-corrected calibration*, ICML 2020). Few iterations leave logits too small, and those of
/// some classes smaller than others.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Calibrator {
    /// What divides the logits.
    pub temperature: f64,
    /// What is added to them afterwards: a number for each output, or none at all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub shifts: Vec<f64>,
}

impl Default for Calibrator {
    /// Leaves logits as they are.
    fn default() -> Self {
        Self::temperature(1.0)
    }
}

impl Calibrator {
    /// Divides by this, and shifts nothing.
    pub fn temperature(temperature: f64) -> Self {
        Self { temperature, shifts: Vec::new() }
    }

    /// Whether logits stay as they are.
    pub fn changes_nothing(&self) -> bool {
        (self.temperature - 1.0).abs() < 1e-9 && self.shifts.iter().all(|shift| *shift == 0.0)
    }

    /// Refuses numbers out of range.
    pub(crate) fn check(&self) -> Result<()> {
        ranges::positive("temperature", Some(self.temperature))?;
        match self.shifts.iter().find(|shift| !shift.is_finite()) {
            Some(shift) => Err(refused(shift.to_string(), "finite numbers".into())),
            None => Ok(()),
        }
    }

    /// Refuses shifts of another number of outputs.
    pub(crate) fn check_for(&self, outputs: usize) -> Result<()> {
        match self.shifts.len() {
            0 => Ok(()),
            shifts if shifts == outputs => Ok(()),
            shifts => Err(refused(format!("{shifts} numbers"), format!("{outputs}, one for each output"))),
        }
    }

    /// Calibrates the logits of a sample in place.
    pub(crate) fn apply(&self, logits: &mut [f64]) {
        logits.iter_mut().for_each(|z| *z /= self.temperature);
        logits.iter_mut().zip(&self.shifts).for_each(|(z, shift)| *z += shift);
    }

    /// Calibrates logits, samples (rows) by outputs.
    #[must_use]
    pub fn of_logits(&self, mut logits: Array2<f64>) -> Array2<f64> {
        logits /= self.temperature;
        for (mut column, shift) in logits.columns_mut().into_iter().zip(&self.shifts) {
            column += *shift;
        }
        logits
    }
}

fn refused(got: String, expected: String) -> Error {
    Error::Parameter { name: "shifts", got, expected }
}
