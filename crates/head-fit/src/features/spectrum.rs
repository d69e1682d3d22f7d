//! Means, scales and eigenvectors of features, from which all maps follow.

use fhe_head::{Error, Result, stop};
use nalgebra::{DMatrix, SymmetricEigen};
use ndarray::{Array1, Array2, ArrayView1, ArrayView2, Axis, s};

/// Means and inverse standard deviations.
#[derive(Clone, Debug)]
pub(super) struct Moments {
    pub(super) mean: Array1<f64>,
    /// Inverse standard deviations; 1 for a constant feature.
    pub(super) scale: Array1<f64>,
}

impl Moments {
    /// Weighted mean of the rows of `x`.
    fn mean(x: &ArrayView2<'_, f64>, sample_weight: &ArrayView1<'_, f64>) -> Array1<f64> {
        x.t().dot(sample_weight) / sample_weight.sum()
    }

    /// Weighted moments of the rows of `x`.
    pub(super) fn fit(x: &ArrayView2<'_, f64>, sample_weight: &ArrayView1<'_, f64>) -> Self {
        let total = sample_weight.sum();
        let mean = Self::mean(x, sample_weight);
        let deviation = |(column, mean): (ArrayView1<'_, f64>, &f64)| {
            let squares = column.iter().zip(sample_weight).map(|(x, s)| s / total * (x - mean).powi(2));
            squares.sum::<f64>().sqrt()
        };
        let deviations: Array1<f64> = x.axis_iter(Axis(1)).zip(&mean).map(deviation).collect();
        let scale = Self::inverse(&deviations, &mean);
        Self { mean, scale }
    }

    /// Inverse standard deviations; 1 for a constant feature.
    pub(super) fn inverse(deviations: &Array1<f64>, mean: &Array1<f64>) -> Array1<f64> {
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

/// Variance of a direction, as a share of the largest, below which it is rounding.
const ROUNDING: f64 = 1e-12;

/// The directions in which samples vary, with their variances.
#[derive(Clone, Debug)]
pub(crate) struct Spectrum {
    /// Variances, largest first; all positive.
    variances: Array1<f64>,
    /// Unit vectors as columns.
    directions: Array2<f64>,
}

impl Spectrum {
    /// Decomposes the weighted covariance of the rows of `x`, centred by `mean` and scaled by `scale`. Fewer samples than features are
    /// decomposed by the inner products of samples, so that the time is that of the smaller side.
    ///
    /// # Errors
    /// [`Error::Data`] if the features are all constant.
    pub(crate) fn fit(
        x: &ArrayView2<'_, f64>,
        sample_weight: &ArrayView1<'_, f64>,
        mean: &Array1<f64>,
        scale: &Array1<f64>,
    ) -> Result<Self> {
        Self::of_rows((x - mean) * scale, sample_weight)
    }

    /// As [`Self::fit`] of the covariance within classes. A small share of the covariance between them is left in it, so that directions
    /// in which classes do not vary at all, which tell the most, are not dropped.
    ///
    /// # Errors
    /// [`Error::Data`] if the features are all constant; [`Error::Parameter`] without classes.
    pub(super) fn within(
        x: &ArrayView2<'_, f64>,
        sample_weight: &ArrayView1<'_, f64>,
        classes: Option<&ArrayView1<'_, f64>>,
        scale: &Array1<f64>,
    ) -> Result<Self> {
        /// The share of the covariance between classes.
        const BETWEEN: f64 = 0.01;
        let classes = classes.ok_or_else(|| Error::Parameter {
            name: "preprocessing",
            got: "whitening within classes".into(),
            expected: "another feature map: these samples do not have a class each".into(),
        })?;
        let mut rows = x - &Moments::mean(x, sample_weight);
        let count = classes.fold(0.0_f64, |most, class| most.max(*class)) as usize + 1;
        let (mut sums, mut totals) = (Array2::<f64>::zeros((count, x.ncols())), Array1::<f64>::zeros(count));
        for ((row, weight), class) in rows.outer_iter().zip(sample_weight).zip(classes) {
            sums.row_mut(*class as usize).scaled_add(*weight, &row);
            totals[*class as usize] += weight;
        }
        for (mut row, class) in rows.outer_iter_mut().zip(classes) {
            let (sum, total) = (sums.row(*class as usize), totals[*class as usize]);
            // samples of weight zero are not counted, here or in the covariance
            if total > 0.0 {
                row.scaled_add(-(1.0 - BETWEEN.sqrt()) / total, &sum);
            }
        }
        Self::of_rows(rows * scale, sample_weight)
    }

    fn of_rows(mut rows: Array2<f64>, sample_weight: &ArrayView1<'_, f64>) -> Result<Self> {
        // what follows is the longest part of many choices
        stop::check()?;
        let total = sample_weight.sum();
        for (mut row, weight) in rows.outer_iter_mut().zip(sample_weight) {
            row *= (weight / total).sqrt();
        }
        let (samples, features) = rows.dim();
        if samples >= features {
            return Self::of_covariance(&rows.t().dot(&rows));
        }
        let (variances, shares) = positive_eigenpairs(&rows.dot(&rows.t()));
        let directions = rows.t().dot(&shares) / &variances.mapv(f64::sqrt);
        Self::varying(variances, directions)
    }

    /// Decomposes a covariance, features by features.
    ///
    /// # Errors
    /// [`Error::Data`] if the features are all constant.
    pub(super) fn of_covariance(covariance: &Array2<f64>) -> Result<Self> {
        let (variances, directions) = positive_eigenpairs(covariance);
        Self::varying(variances, directions)
    }

    fn varying(variances: Array1<f64>, directions: Array2<f64>) -> Result<Self> {
        if variances.is_empty() {
            return Err(Error::Data("no feature varies between samples".into()));
        }
        Ok(Self { variances, directions })
    }

    /// The matrix that gives the first `limit` directions unit variance, up to a ridge in units of the mean variance.
    pub(super) fn whitening(&self, ridge: f64, limit: usize) -> Array2<f64> {
        let kept = self.variances.len().min(limit);
        let floor = ridge * self.variances.mean().unwrap_or(1.0);
        self.damped(floor).slice(s![.., ..kept]).to_owned()
    }

    /// All directions, each over the square root of its variance and a penalty.
    pub(crate) fn damped(&self, penalty: f64) -> Array2<f64> {
        &self.directions * &self.variances.mapv(|variance| (variance + penalty).sqrt().recip())
    }
}

/// Eigenvalues above rounding, largest first, and their eigenvectors as columns.
pub(super) fn positive_eigenpairs(matrix: &Array2<f64>) -> (Array1<f64>, Array2<f64>) {
    let size = matrix.nrows();
    let eigen = SymmetricEigen::new(DMatrix::from_fn(size, size, |i, j| matrix[(i, j)]));
    let mut order: Vec<usize> = (0..size).collect();
    order.sort_by(|&a, &b| eigen.eigenvalues[b].total_cmp(&eigen.eigenvalues[a]));
    let floor = ROUNDING * order.first().map_or(0.0, |&k| eigen.eigenvalues[k]);
    order.retain(|&k| eigen.eigenvalues[k] > floor.max(f64::MIN_POSITIVE));
    let values = order.iter().map(|&k| eigen.eigenvalues[k]).collect();
    let vectors = Array2::from_shape_fn((size, order.len()), |(i, k)| eigen.eigenvectors[(i, order[k])]);
    (values, vectors)
}
