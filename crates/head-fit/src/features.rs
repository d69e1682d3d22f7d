//! Affine feature maps, fitted by the data party before encryption and folded back into the exported head.
//!
//! Gradient descent converges at the speed of the worst-scaled direction. Ridge-whitened features,
//! `z = (x - mean) V (L + ridge mean(L))^(-1/2)` with `V L V^T` the covariance, make one step with rate 4 a
//! fixed-Hessian Newton step (Böhning and Lindsay 1988: the logistic Hessian is at most a quarter of the covariance),
//! which is what fits into a few encrypted iterations.

use fhe_head::{Error, Result};
use nalgebra::{DMatrix, DVector, SymmetricEigen};
use ndarray::{Array1, Array2, ArrayView1, ArrayView2, Axis, s};
use serde::{Deserialize, Serialize};

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
}

impl Preprocessing {
    /// Checks the ridge.
    ///
    /// # Errors
    /// [`Error::Parameter`] if it is not positive.
    pub fn check(self) -> Result<Self> {
        match self {
            Self::Whiten { ridge, .. } if !(ridge.is_finite() && ridge > 0.0) => Err(Error::Parameter {
                name: "ridge",
                got: ridge.to_string(),
                expected: "a positive number".into(),
            }),
            _ => Ok(self),
        }
    }

    /// Whether it can drop directions.
    pub fn whitens(self) -> bool {
        matches!(self, Self::Whiten { .. })
    }

    /// Maximum output dimension for `features` inputs when whitening keeps `components` directions. A power of two leaves no room for
    /// the constant feature, which would double everything: whitening then gives up its least direction.
    pub(crate) fn most_outputs(self, features: usize, components: Option<usize>) -> usize {
        match components.unwrap_or(usize::MAX).min(features) {
            n if n.is_power_of_two() && n > 1 && self.whitens() => n - 1,
            n => n,
        }
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
            Some(_) if map.is_some_and(|map| !map.whitens()) => {
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
    /// (other maps refuse to drop any).
    ///
    /// # Errors
    /// [`Error::Data`] on features that are not finite, [`Error::Parameter`] on a ridge that is not positive, and
    /// [`Error::Shape`] if `limit` demands to drop features that cannot be told apart by variance.
    pub fn fit(
        x: &ArrayView2<'_, f64>,
        sample_weight: &ArrayView1<'_, f64>,
        preprocessing: Preprocessing,
        limit: usize,
    ) -> Result<Self> {
        check_finite(x)?;
        let too_many = x.ncols() > limit;
        match preprocessing.check()? {
            Preprocessing::Center | Preprocessing::Standardize if too_many => {
                Err(Error::Shape { what: "features", expected: limit, got: x.ncols() })
            }
            Preprocessing::Center => {
                let mean = Spectrum::mean(x, sample_weight);
                Ok(Self { mean, linear: LinearMap::Diagonal(Array1::ones(x.ncols())) })
            }
            Preprocessing::Standardize => {
                let mean = Spectrum::mean(x, sample_weight);
                let scale = Spectrum::inverse_deviations(x, sample_weight, &mean);
                Ok(Self { mean, linear: LinearMap::Diagonal(scale) })
            }
            Preprocessing::Whiten { ridge, standardize } => {
                Ok(Spectrum::fit(x, sample_weight, standardize)?.whiten(ridge, limit))
            }
        }
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

/// Eigenvalues and eigenvectors of a covariance, from which whitening maps with any ridge follow.
#[derive(Clone, Debug)]
struct Spectrum {
    mean: Array1<f64>,
    /// Scale of each feature before the decomposition.
    scale: Array1<f64>,
    /// Eigenvalues, largest first.
    values: Array1<f64>,
    /// Eigenvectors as columns.
    vectors: Array2<f64>,
}

impl Spectrum {
    /// Decomposes the weighted covariance of the rows of `x`, standardised first if asked for.
    ///
    /// # Errors
    /// [`Error::Data`] if the features are all constant.
    fn fit(x: &ArrayView2<'_, f64>, sample_weight: &ArrayView1<'_, f64>, standardize: bool) -> Result<Self> {
        let mean = Self::mean(x, sample_weight);
        let scale = if standardize {
            Self::inverse_deviations(x, sample_weight, &mean)
        } else {
            Array1::ones(x.ncols())
        };
        let total = sample_weight.sum();
        let mut rows = (x - &mean) * &scale;
        for (mut row, weight) in rows.outer_iter_mut().zip(sample_weight) {
            row *= (weight / total).sqrt();
        }
        let covariance = rows.t().dot(&rows);
        let features = x.ncols();
        let eigen = SymmetricEigen::new(DMatrix::from_fn(features, features, |i, j| covariance[(i, j)]));
        let mut order: Vec<usize> = (0..features).collect();
        order.sort_by(|&a, &b| eigen.eigenvalues[b].total_cmp(&eigen.eigenvalues[a]));
        // rounding leaves tiny negative values where there is no variance
        let values = Array1::from_iter(order.iter().map(|&k| eigen.eigenvalues[k].max(0.0)));
        if values.sum() <= 0.0 {
            return Err(Error::Data("no feature varies between samples".into()));
        }
        let vectors = Array2::from_shape_fn((features, features), |(i, k)| eigen.eigenvectors[(i, order[k])]);
        Ok(Self { mean, scale, values, vectors })
    }

    /// The whitening map with this ridge, at most `limit` directions.
    fn whiten(&self, ridge: f64, limit: usize) -> FeatureMap {
        let kept = self.values.len().min(limit);
        let floor = ridge * self.values.mean().unwrap_or(1.0);
        let factors = self.values.slice(s![..kept]).mapv(|value| (value + floor).sqrt().recip());
        let mut map = self.vectors.slice(s![.., ..kept]).to_owned() * &factors;
        for (mut row, scale) in map.outer_iter_mut().zip(&self.scale) {
            row *= *scale;
        }
        FeatureMap { mean: self.mean.clone(), linear: LinearMap::Dense(map) }
    }

    fn mean(x: &ArrayView2<'_, f64>, sample_weight: &ArrayView1<'_, f64>) -> Array1<f64> {
        x.t().dot(sample_weight) / sample_weight.sum()
    }

    /// Inverse standard deviations; 1 for a feature that is constant up to rounding, or next to the widest.
    fn inverse_deviations(
        x: &ArrayView2<'_, f64>,
        sample_weight: &ArrayView1<'_, f64>,
        mean: &Array1<f64>,
    ) -> Array1<f64> {
        let total = sample_weight.sum();
        let deviations: Array1<f64> = x
            .axis_iter(Axis(1))
            .zip(mean)
            .map(|(column, mean)| {
                let variance: f64 =
                    column.iter().zip(sample_weight).map(|(x, s)| s / total * (x - mean).powi(2)).sum();
                variance.sqrt()
            })
            .collect();
        let negligible = NEGLIGIBLE * deviations.fold(0.0, |max: f64, deviation| max.max(*deviation));
        let inverse = |(deviation, mean): (&f64, &f64)| {
            let constant = *deviation <= negligible.max(1e-10 * mean.abs()).max(1e-310);
            if constant { 1.0 } else { deviation.recip() }
        };
        deviations.iter().zip(mean).map(inverse).collect()
    }
}

/// Spread, as a share of the widest feature's, below which a feature is constant: no unit of measurement explains it, and
/// its coefficient would be astronomical. Encoders have such components, of the size of single precision's rounding to zero.
const NEGLIGIBLE: f64 = 1e-18;

fn check_finite(x: &ArrayView2<'_, f64>) -> Result<()> {
    match x.indexed_iter().find(|(_, value)| !value.is_finite()) {
        Some(((row, column), value)) => Err(Error::Data(format!(
            "feature {column} of sample {row} is {value}: every feature must be a finite number"
        ))),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use ndarray::Array;

    fn samples() -> (Array2<f64>, Array1<f64>) {
        let hash = |i: usize| (i as u64 ^ 0x5bd1_e995).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40;
        let value = |i: usize, j: usize| (hash(i * 5 + j) % 1000) as f64 / 500.0 * (1.0 + j as f64);
        let mut x = Array2::from_shape_fn((60, 5), |(i, j)| value(i, j));
        let mixed = &x.column(0) * 0.8 + x.column(1);
        x.column_mut(1).assign(&mixed);
        (x, Array::from_shape_fn(60, |i| 1.0 + (i % 3) as f64))
    }

    const ALL: [Preprocessing; 4] = [
        Preprocessing::Center,
        Preprocessing::Standardize,
        Preprocessing::Whiten { ridge: 0.01, standardize: false },
        Preprocessing::Whiten { ridge: 0.3, standardize: true },
    ];

    #[test]
    fn coefficients_pulled_back_give_the_same_logits() {
        let (x, s) = samples();
        for preprocessing in ALL {
            let map = FeatureMap::fit(&x.view(), &s.view(), preprocessing, 5).unwrap();
            let weights = Array1::from_shape_fn(map.outputs(), |j| (j as f64).cos());
            let inner = map.apply(&x.view()).unwrap().dot(&weights) + 0.4;
            let (coef, intercept) = map.pull_back(&weights.view(), 0.4).unwrap();
            let outer = x.dot(&coef) + intercept;
            assert!((inner - outer).iter().all(|d| d.abs() < 1e-10));
            let (back, constant) = map.push_forward(&coef.view(), intercept).unwrap();
            assert!((&back - &weights).iter().all(|d| d.abs() < 1e-9) && (constant - 0.4).abs() < 1e-9);
        }
    }

    #[test]
    fn whitened_features_have_unit_covariance_up_to_the_ridge() {
        let (x, s) = samples();
        for standardize in [false, true] {
            let preprocessing = Preprocessing::Whiten { ridge: 1e-9, standardize };
            let z =
                FeatureMap::fit(&x.view(), &s.view(), preprocessing, 5).unwrap().apply(&x.view()).unwrap();
            let weighted = &z * (&s / s.sum()).insert_axis(Axis(1));
            let covariance = z.t().dot(&weighted);
            for ((i, j), c) in covariance.indexed_iter() {
                assert!((c - f64::from(i == j)).abs() < 1e-6, "{covariance}");
            }
        }
    }

    #[test]
    fn constant_features_and_duplicates_do_no_harm() {
        let (mut x, s) = samples();
        x.column_mut(2).fill(7.0);
        let copy = x.column(3).to_owned();
        x.column_mut(4).assign(&copy);
        for preprocessing in ALL {
            let map = FeatureMap::fit(&x.view(), &s.view(), preprocessing, 5).unwrap();
            let z = map.apply(&x.view()).unwrap();
            assert!(z.iter().all(|z| z.is_finite() && z.abs() < 100.0), "{preprocessing:?}");
        }
    }

    #[test]
    fn a_feature_of_denormal_spread_gets_no_astronomical_coefficient() {
        let (mut x, s) = samples();
        x.column_mut(2).mapv_inplace(|value| 1e-33 * value);
        for preprocessing in ALL {
            let map = FeatureMap::fit(&x.view(), &s.view(), preprocessing, 5).unwrap();
            let (coef, _) = map.pull_back(&Array1::ones(5).view(), 0.0).unwrap();
            assert!(coef.iter().all(|coef| coef.abs() < 1e6), "{preprocessing:?}: {coef}");
        }
    }

    #[test]
    fn a_limit_drops_the_directions_of_least_variance() {
        let (x, s) = samples();
        let map = FeatureMap::fit(&x.view(), &s.view(), ALL[2], 3).unwrap();
        assert_eq!((map.inputs(), map.outputs()), (5, 3));
        assert!(FeatureMap::fit(&x.view(), &s.view(), Preprocessing::Standardize, 3).is_err());
    }

    #[test]
    fn bad_features_are_refused_with_their_place() {
        let (mut x, s) = samples();
        x[(7, 2)] = f64::NAN;
        let error = FeatureMap::fit(&x.view(), &s.view(), ALL[1], 5).unwrap_err().to_string();
        assert!(error.contains("feature 2 of sample 7"), "{error}");
        let constant = Array2::<f64>::ones((10, 3));
        assert!(FeatureMap::fit(&constant.view(), &Array1::ones(10).view(), ALL[2], 3).is_err());
    }
}
