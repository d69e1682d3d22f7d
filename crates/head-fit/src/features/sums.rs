//! Sums over samples, from which feature maps follow without the samples: what several parties can add up.

use fhe_head::{Error, Result};
use ndarray::{Array1, Array2, ArrayView2, Axis};

use super::spectrum::{Moments, Spectrum};
use super::{FeatureMap, LinearMap, Preprocessing, check_finite};

/// The number of some samples `x`, the sum of `x` (one number a feature) and the sum of `x x^T` (features by features).
#[derive(Clone, Debug, PartialEq)]
pub struct Sums {
    samples: f64,
    features: Array1<f64>,
    products: Array2<f64>,
}

impl Sums {
    /// The sums over the rows of `x`.
    ///
    /// # Errors
    /// [`Error::Data`] on features that are not finite.
    pub fn of(x: &ArrayView2<'_, f64>) -> Result<Self> {
        check_finite(x)?;
        Ok(Self { samples: x.nrows() as f64, features: x.sum_axis(Axis(0)), products: x.t().dot(x) })
    }

    /// Sums that somebody added up: of so many samples, `sum x`, and `sum x x^T`, of which the lower triangle counts.
    ///
    /// # Errors
    /// [`Error::Shape`] if they are not of the same features; [`Error::Data`] on fewer than two samples, or on numbers that are not finite.
    pub fn from_parts(samples: f64, features: Array1<f64>, mut products: Array2<f64>) -> Result<Self> {
        let columns = features.len();
        if products.dim() != (columns, columns) {
            return Err(Error::Shape { what: "sums of products", expected: columns, got: products.nrows() });
        }
        let finite = features.iter().chain(&products).all(|sum| sum.is_finite());
        if !finite || !samples.is_finite() || samples < 2.0 {
            return Err(Error::Data(format!("sums of {samples} samples, with numbers that are not finite")));
        }
        for i in 0..columns {
            for j in 0..i {
                products[(j, i)] = products[(i, j)];
            }
        }
        Ok(Self { samples, features, products })
    }

    /// Number of samples.
    pub fn samples(&self) -> f64 {
        self.samples
    }

    /// The sum of each feature.
    pub fn features(&self) -> &Array1<f64> {
        &self.features
    }

    /// The sum of the product of each feature with each.
    pub fn products(&self) -> &Array2<f64> {
        &self.products
    }

    /// Means of the features.
    fn mean(&self) -> Array1<f64> {
        &self.features / self.samples
    }

    /// Covariance of the features, features by features.
    fn covariance(&self) -> Array2<f64> {
        let mean = self.mean().insert_axis(Axis(1));
        &self.products / self.samples - mean.dot(&mean.t())
    }
}

impl FeatureMap {
    /// The map that [`Self::fit`] finds on samples with these sums, all counting the same. Sums of large numbers that hardly vary
    /// lose digits: let features be near zero.
    ///
    /// # Errors
    /// As [`Self::fit`]; [`Error::Parameter`] for a map that needs classes.
    pub fn of_sums(sums: &Sums, preprocessing: Preprocessing, limit: usize) -> Result<Self> {
        let (mean, covariance) = (sums.mean(), sums.covariance());
        let scale = Moments::inverse(&covariance.diag().mapv(|variance| variance.max(0.0).sqrt()), &mean);
        let ones = Array1::ones(mean.len());
        let linear = match preprocessing.check()? {
            Preprocessing::Center | Preprocessing::Standardize if mean.len() > limit => {
                return Err(Error::Shape { what: "features", expected: limit, got: mean.len() });
            }
            Preprocessing::Center => LinearMap::Diagonal(ones),
            Preprocessing::Standardize => LinearMap::Diagonal(scale),
            Preprocessing::Whiten { ridge, standardize } => {
                let scale = (if standardize { scale } else { ones }).insert_axis(Axis(1));
                let spectrum = Spectrum::of_covariance(&(&covariance * &scale * scale.t()))?;
                LinearMap::Dense(spectrum.whitening(ridge, limit) * &scale)
            }
            other @ (Preprocessing::WhitenWithin { .. } | Preprocessing::Given) => {
                return Err(Error::Parameter {
                    name: "preprocessing",
                    got: other.to_string(),
                    expected: "another feature map: sums over all samples give no other".into(),
                });
            }
        };
        Ok(Self { mean, linear })
    }
}
