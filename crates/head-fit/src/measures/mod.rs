//! Measures of predictions as clinicians read them, each with its interval. Pure functions of labels and predictions.
//!
//! - `estimate`: a value with its 95 % interval, and Wilson's interval of a proportion;
//! - `areas`: AUROC with DeLong's interval, AUPRC;
//! - `clinical`: sensitivity, specificity, predictive values at a threshold;
//! - `threshold`: the threshold by a stated aim;
//! - `calibration`: reliability, calibration in the large, slope;
//! - `curves`: ROC and precision-recall curves of which no point shows a single record;
//! - `regression`: predicted numbers.

mod areas;
mod calibration;
mod clinical;
mod curves;
mod estimate;
mod regression;
#[cfg(test)]
mod samples;
mod threshold;

pub use calibration::{Bin, Calibration};
pub use clinical::{Clinical, Counts};
pub use curves::Curves;
pub use estimate::Estimate;
pub use regression::{NumberBin, Regression};
pub use threshold::{Aim, Threshold, choose};

use fhe_head::{Error, Result};

/// Fewest records that a point of a curve or a bin may stand for: none shows a single one.
pub const FEWEST_RECORDS: usize = 10;

/// Refuses predictions that are not one for each label, or not finite.
fn expect_pairs(labels: &[f64], predictions: &[f64]) -> Result<()> {
    if labels.len() != predictions.len() {
        return Err(Error::Shape { what: "predictions", expected: labels.len(), got: predictions.len() });
    }
    match predictions.iter().position(|p| !p.is_finite()) {
        Some(at) => Err(Error::Data(format!("the prediction for sample {at} is {}", predictions[at]))),
        None => Ok(()),
    }
}

/// Positions of the scores from the highest to the lowest, cut into runs of equal scores.
fn descending(scores: &[f64]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..scores.len()).collect();
    order.sort_by(|&a, &b| scores[b].total_cmp(&scores[a]));
    order
}
