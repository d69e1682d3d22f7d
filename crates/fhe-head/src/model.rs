//! The decrypted head.

use ndarray::{Array1, ArrayView1, ArrayView2, s};
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::features::FeatureMap;
use crate::sigmoid::logistic;

/// A binary logistic head for the features as they came: the feature map is folded into it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Head {
    /// Weight of each feature.
    pub coef: Array1<f64>,
    /// The intercept.
    pub intercept: f64,
}

impl Head {
    /// Folds the feature map into the weights of the `D` padded features (the constant one's last).
    ///
    /// # Errors
    /// [`Error::Shape`] if there are fewer weights than features.
    pub fn from_weights(map: &FeatureMap, weights: &ArrayView1<'_, f64>) -> Result<Self> {
        let features = map.outputs();
        if weights.len() <= features {
            return Err(Error::Shape { what: "weights", expected: features + 1, got: weights.len() });
        }
        let (coef, intercept) = map.pull_back(&weights.slice(s![..features]), weights[weights.len() - 1])?;
        Ok(Self { coef, intercept })
    }

    /// Logits of samples (rows).
    ///
    /// # Errors
    /// [`Error::Shape`] on another number of features.
    pub fn decision_function(&self, x: &ArrayView2<'_, f64>) -> Result<Array1<f64>> {
        if x.ncols() != self.coef.len() {
            return Err(Error::Shape { what: "features", expected: self.coef.len(), got: x.ncols() });
        }
        Ok(x.dot(&self.coef) + self.intercept)
    }

    /// Probabilities of the positive class.
    ///
    /// # Errors
    /// [`Error::Shape`] on another number of features.
    pub fn predict_proba(&self, x: &ArrayView2<'_, f64>) -> Result<Array1<f64>> {
        Ok(self.decision_function(x)?.mapv(logistic))
    }

    /// Largest relative difference of a coefficient or the intercept, in units of the largest of `other`.
    pub fn max_weight_error(&self, other: &Self) -> f64 {
        let largest = |head: &Self| head.coef.iter().fold(head.intercept.abs(), |max, w| max.max(w.abs()));
        let difference = self
            .coef
            .iter()
            .zip(&other.coef)
            .fold((self.intercept - other.intercept).abs(), |max, (a, b)| max.max((a - b).abs()));
        difference / largest(other)
    }
}
