//! A linear layer for the features as they came.

use fhe_head::{Error, Result};
use ndarray::{Array1, Array2, ArrayView1, ArrayView2, s};
use serde::{Deserialize, Serialize};

use crate::features::FeatureMap;

/// A linear layer: `z_k = coef_k . x + intercept_k`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LinearLayer {
    /// Outputs by inputs.
    pub coef: Array2<f64>,
    /// One for each output.
    pub intercept: Array1<f64>,
}

impl LinearLayer {
    /// Folds the feature map into the weights of each output: those of the features, perhaps of padding, then the intercept.
    ///
    /// # Errors
    /// [`Error::Shape`] if a vector has fewer weights than features.
    pub(super) fn from_weights(map: &FeatureMap, weights: &[Array1<f64>]) -> Result<Self> {
        let mut coef = Array2::zeros((weights.len(), map.inputs()));
        let mut intercept = Array1::zeros(weights.len());
        for (k, weights) in weights.iter().enumerate() {
            let features = map.outputs();
            if weights.len() <= features {
                return Err(Error::Shape { what: "weights", expected: features + 1, got: weights.len() });
            }
            let (row, constant) =
                map.pull_back(&weights.slice(s![..features]), weights[weights.len() - 1])?;
            coef.row_mut(k).assign(&row);
            intercept[k] = constant;
        }
        Ok(Self { coef, intercept })
    }

    /// Largest difference of a weight or intercept, in units of the largest of the same output in `other`.
    pub(super) fn max_error(&self, other: &Self) -> f64 {
        let row = |layer: &Self, k: usize| {
            layer.coef.row(k).iter().copied().chain([layer.intercept[k]]).collect::<Vec<_>>()
        };
        let of_output = |k: usize| {
            let (ours, theirs) = (row(self, k), row(other, k));
            let largest = theirs.iter().fold(0.0, |max: f64, w| max.max(w.abs()));
            ours.iter().zip(&theirs).fold(0.0, |max: f64, (a, b)| max.max((a - b).abs())) / largest
        };
        (0..other.intercept.len()).map(of_output).fold(0.0, f64::max)
    }

    /// Weights of each output, the intercept last: what [`Self::from_weights`] folds.
    pub(super) fn weights(&self, map: &FeatureMap) -> Result<Vec<Array1<f64>>> {
        let one = |(coef, intercept): (ArrayView1<'_, f64>, &f64)| {
            let (weights, intercept) = map.push_forward(&coef, *intercept)?;
            Ok(weights.into_iter().chain([intercept]).collect())
        };
        self.coef.outer_iter().zip(&self.intercept).map(one).collect()
    }

    /// Outputs of samples (rows).
    pub(super) fn apply(&self, x: &ArrayView2<'_, f64>) -> Result<Array2<f64>> {
        if x.ncols() != self.coef.ncols() {
            return Err(Error::Shape { what: "features", expected: self.coef.ncols(), got: x.ncols() });
        }
        Ok(x.dot(&self.coef.t()) + &self.intercept)
    }
}
