//! Affine feature maps, fitted by the data party before encryption and folded back into the exported head.
//!
//! Gradient descent converges at the speed of the worst-scaled direction. Ridge-whitened features,
//! `z = (x - mean) V (L + ridge mean(L))^(-1/2)` with `V L V^T` the covariance, make one step with rate 4 a
//! fixed-Hessian Newton step (Böhning and Lindsay 1988: the logistic Hessian is at most a quarter of the covariance),
//! which is what fits into a few encrypted iterations.
//!
//! Of more than two classes, the covariance *within* classes can be the better one to whiten by. Then the first step of a softmax head
//! leads along the discriminant directions (linear discriminant analysis; Hastie, Tibshirani, Friedman, *The Elements of Statistical
//! Learning*, section 4.3.2), also where classes lie in a row. A whitening by all of the covariance masks the class in the middle there.

mod span;
mod spectrum;
mod sums;
#[cfg(test)]
mod tests;

use std::fmt;

use fhe_head::{Error, Result, ranges};
use nalgebra::{DMatrix, DVector};
use ndarray::{Array1, Array2, ArrayView1, ArrayView2, Axis};
use serde::{Deserialize, Serialize};

pub(crate) use span::in_span;
use spectrum::Moments;
pub(crate) use spectrum::Spectrum;
pub use sums::Sums;

/// What to do with features before encryption.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Preprocessing {
    /// Subtract means.
    Center,
    /// Subtract means, divide by standard deviations.
    Standardize,
    /// Whiten, with `ridge` in units of the mean eigenvalue added to each.
    Whiten {
        /// The ridge; positive.
        ridge: f64,
        /// Standardise first: for features in different units.
        standardize: bool,
    },
    /// Standardise, then whiten by the covariance within classes, with `ridge` in units of its mean eigenvalue added to each. Only for
    /// samples with a class each. Keeps every direction that varies.
    WhitenWithin {
        /// The ridge; positive.
        ridge: f64,
    },
    /// A map that was made elsewhere, not from the samples that are trained on ([`Data::behind`](crate::Data::behind)).
    Given,
}

impl fmt::Display for Preprocessing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Center => write!(f, "centred"),
            Self::Standardize => write!(f, "standardised"),
            Self::Whiten { ridge, .. } => write!(f, "whitened with ridge {ridge}"),
            Self::WhitenWithin { ridge } => write!(f, "whitened within classes with ridge {ridge}"),
            Self::Given => write!(f, "by constants that were given"),
        }
    }
}

impl Preprocessing {
    /// Checks the ridge.
    ///
    /// # Errors
    /// [`Error::Parameter`] if it is not positive.
    pub fn check(self) -> Result<Self> {
        if let Self::Whiten { ridge, .. } | Self::WhitenWithin { ridge } = self {
            ranges::positive("ridge", Some(ridge))?;
        }
        Ok(self)
    }

    /// Whether it can drop directions that vary.
    pub fn selects(self) -> bool {
        matches!(self, Self::Whiten { .. })
    }

    /// Refuses a number of components that a map (the default one whitens) cannot keep.
    ///
    /// # Errors
    /// [`Error::Parameter`] on zero, or if the map keeps all features.
    pub(crate) fn check_components(map: Option<Self>, components: Option<usize>) -> Result<()> {
        let refuse = |expected: &str| {
            let got = components.unwrap_or_default().to_string();
            Err(Error::Parameter { name: "n_components", got, expected: expected.into() })
        };
        match components {
            Some(0) => refuse("at least one direction"),
            Some(_) if map.is_some_and(|map| !map.selects()) => {
                refuse("none with a feature map that keeps all features: whiten")
            }
            _ => Ok(()),
        }
    }
}

/// `z = (x - mean) M`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FeatureMap {
    mean: Array1<f64>,
    linear: LinearMap,
}

/// The matrix of a feature map: inputs by outputs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LinearMap {
    /// A factor for each feature.
    Diagonal(Array1<f64>),
    /// Any matrix.
    Dense(Array2<f64>),
}

impl FeatureMap {
    /// Fits the map on samples with weights. At most `limit` features come out: the whitened ones of largest variance
    /// (other maps refuse to drop any). Whitening drops directions without variance.
    ///
    /// # Errors
    /// [`Error::Data`] on features that are not finite, [`Error::Parameter`] on a ridge that is not positive or a map that needs classes,
    /// and [`Error::Shape`] if `limit` demands to drop features that cannot be told apart by variance.
    pub fn fit(
        x: &ArrayView2<'_, f64>,
        sample_weight: &ArrayView1<'_, f64>,
        preprocessing: Preprocessing,
        limit: usize,
    ) -> Result<Self> {
        Ok(Self::fit_all(x, sample_weight, None, &[preprocessing], limit)?.remove(0))
    }

    /// Fits several maps on the same samples, as [`Self::fit`] does. Whitenings that differ in their ridge share a decomposition. `classes`
    /// are the classes of the samples, if they have one each.
    pub(crate) fn fit_all(
        x: &ArrayView2<'_, f64>,
        sample_weight: &ArrayView1<'_, f64>,
        classes: Option<&ArrayView1<'_, f64>>,
        all: &[Preprocessing],
        limit: usize,
    ) -> Result<Vec<Self>> {
        check_finite(x)?;
        let Moments { mean, scale } = Moments::fit(x, sample_weight);
        let ones = Array1::ones(x.ncols());
        // of features as they are, and of standardised ones
        let mut spectra: [Option<Spectrum>; 2] = [None, None];
        let mut within = None;
        let mut fit = |preprocessing: Preprocessing| -> Result<LinearMap> {
            match preprocessing.check()? {
                Preprocessing::Center | Preprocessing::Standardize | Preprocessing::WhitenWithin { .. }
                    if x.ncols() > limit =>
                {
                    Err(Error::Shape { what: "features", expected: limit, got: x.ncols() })
                }
                Preprocessing::Given => Err(Error::Parameter {
                    name: "preprocessing",
                    got: "a given map".into(),
                    expected: "a map to fit, or samples behind one that was made elsewhere".into(),
                }),
                Preprocessing::Center => Ok(LinearMap::Diagonal(ones.clone())),
                Preprocessing::Standardize => Ok(LinearMap::Diagonal(scale.clone())),
                Preprocessing::Whiten { ridge, standardize } => {
                    let scale = if standardize { &scale } else { &ones };
                    let known = &mut spectra[usize::from(standardize)];
                    let spectrum = match known {
                        Some(spectrum) => spectrum,
                        None => known.insert(Spectrum::fit(x, sample_weight, &mean, scale)?),
                    };
                    Ok(LinearMap::Dense(spectrum.whitening(ridge, limit) * scale.view().insert_axis(Axis(1))))
                }
                Preprocessing::WhitenWithin { ridge } => {
                    let spectrum = match &mut within {
                        Some(spectrum) => spectrum,
                        None => within.insert(Spectrum::within(x, sample_weight, classes, &scale)?),
                    };
                    Ok(LinearMap::Dense(spectrum.whitening(ridge, limit) * scale.view().insert_axis(Axis(1))))
                }
            }
        };
        let linear: Vec<LinearMap> = all.iter().map(|&map| fit(map)).collect::<Result<_>>()?;
        Ok(linear.into_iter().map(|linear| Self { mean: mean.clone(), linear }).collect())
    }

    /// A map from its arrays.
    ///
    /// # Errors
    /// [`Error::Shape`] if they do not fit together; [`Error::Data`] on numbers that are not finite.
    pub fn from_arrays(mean: Array1<f64>, linear: LinearMap) -> Result<Self> {
        let (inputs, finite) = match &linear {
            LinearMap::Diagonal(d) => (d.len(), d.iter().all(|w| w.is_finite())),
            LinearMap::Dense(m) => (m.nrows(), m.iter().all(|w| w.is_finite())),
        };
        if inputs != mean.len() {
            return Err(Error::Shape {
                what: "inputs of the feature map",
                expected: mean.len(),
                got: inputs,
            });
        }
        if !finite || !mean.iter().all(|w| w.is_finite()) {
            return Err(Error::Data("the feature map holds numbers that are not finite".into()));
        }
        Ok(Self { mean, linear })
    }

    /// What is subtracted from each feature.
    pub fn mean(&self) -> &Array1<f64> {
        &self.mean
    }

    /// The matrix.
    pub fn linear(&self) -> &LinearMap {
        &self.linear
    }

    /// Features that go in.
    pub fn inputs(&self) -> usize {
        self.mean.len()
    }

    /// Features that come out.
    pub fn outputs(&self) -> usize {
        match &self.linear {
            LinearMap::Diagonal(d) => d.len(),
            LinearMap::Dense(m) => m.ncols(),
        }
    }

    /// Maps samples (rows).
    ///
    /// # Errors
    /// [`Error::Shape`] on another number of features; [`Error::Data`] on features that are not finite.
    pub fn apply(&self, x: &ArrayView2<'_, f64>) -> Result<Array2<f64>> {
        if x.ncols() != self.inputs() {
            return Err(Error::Shape { what: "features", expected: self.inputs(), got: x.ncols() });
        }
        check_finite(x)?;
        let centred = x - &self.mean;
        Ok(match &self.linear {
            LinearMap::Diagonal(d) => centred * d,
            LinearMap::Dense(m) => centred.dot(m),
        })
    }

    /// Coefficients and intercept for the features that go in, from those for the features that come out.
    ///
    /// # Errors
    /// [`Error::Shape`] on another number of weights.
    pub fn pull_back(&self, weights: &ArrayView1<'_, f64>, intercept: f64) -> Result<(Array1<f64>, f64)> {
        if weights.len() != self.outputs() {
            return Err(Error::Shape { what: "weights", expected: self.outputs(), got: weights.len() });
        }
        let coef = match &self.linear {
            LinearMap::Diagonal(d) => weights * d,
            LinearMap::Dense(m) => m.dot(weights),
        };
        let intercept = intercept - self.mean.dot(&coef);
        Ok((coef, intercept))
    }

    /// The inverse of [`Self::pull_back`]: weights and intercept for the features that come out. Exact if the map drops no direction
    /// that the coefficients use, else the closest.
    ///
    /// # Errors
    /// [`Error::Shape`] on another number of coefficients; [`Error::Data`] if the map has no inverse.
    pub fn push_forward(&self, coef: &ArrayView1<'_, f64>, intercept: f64) -> Result<(Array1<f64>, f64)> {
        if coef.len() != self.inputs() {
            return Err(Error::Shape { what: "coefficients", expected: self.inputs(), got: coef.len() });
        }
        let weights = match &self.linear {
            LinearMap::Diagonal(d) => coef / d,
            LinearMap::Dense(m) => {
                let matrix = DMatrix::from_fn(m.nrows(), m.ncols(), |i, j| m[(i, j)]);
                let right = DVector::from_iterator(coef.len(), coef.iter().copied());
                let solved = matrix.qr();
                let projected = solved.q().transpose() * right;
                let weights = solved.r().solve_upper_triangular(&projected);
                let weights = weights.ok_or_else(|| Error::Data("the feature map has no inverse".into()))?;
                weights.iter().copied().collect()
            }
        };
        Ok((weights, intercept + self.mean.dot(coef)))
    }
}

fn check_finite(x: &ArrayView2<'_, f64>) -> Result<()> {
    match x.indexed_iter().find(|(_, value)| !value.is_finite()) {
        Some(((row, column), value)) => Err(Error::Data(format!(
            "feature {column} of sample {row} is {value}: every feature must be a finite number"
        ))),
        None => Ok(()),
    }
}
