//! Ridge regression in closed form: the yardstick of encrypted regressions.

use fhe_head::Result;
use ndarray::{Array1, Array2, ArrayView1, ArrayView2, Axis};
use rayon::prelude::*;

use crate::data::Data;
use crate::features::{FeatureMap, Preprocessing, Spectrum};
use crate::labels::Split;

/// Penalties to try, as multiples of the number of samples. On standardised features the mean eigenvalue of the second moments is 1, so
/// they reach from almost no shrinkage to predictions that are almost the mean.
const PENALTIES: [f64; 10] = [1e-4, 6e-4, 3.6e-3, 0.0215, 0.129, 0.774, 4.64, 27.8, 167.0, 1e3];

/// How well a regression does on samples that it has not seen.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct HeldOutErrors {
    /// Mean squared error in units of the variance of the numbers; of several numbers the mean.
    pub mse: f64,
    /// Coefficient of determination, `1 - sum (y - z)^2 / sum (y - mean)^2`; of several numbers the mean.
    pub r2: f64,
}

impl HeldOutErrors {
    /// Errors of predictions of standardised numbers. `y` is samples by columns; `predicted` has a sample's outputs side by side; the
    /// shares of the samples have sum 1. The mean squared error is infinite once there is a NaN.
    pub(crate) fn of_standardised(y: &ArrayView2<'_, f64>, predicted: &[f64], share: &[f64]) -> Self {
        let columns = y.ncols();
        let (mut mse, mut r2) = (0.0, 0.0);
        for (k, y) in y.columns().into_iter().enumerate() {
            let mean: f64 = y.iter().zip(share).map(|(y, share)| share * y).sum();
            let (mut error, mut variance) = (0.0, 0.0);
            for ((y, z), share) in y.iter().zip(predicted.iter().skip(k).step_by(columns)).zip(share) {
                error += share * (y - z).powi(2);
                variance += share * (y - mean).powi(2);
            }
            mse += error / columns as f64;
            r2 += (1.0 - error / variance) / columns as f64;
        }
        if mse.is_nan() {
            mse = f64::INFINITY;
        }
        Self { mse, r2 }
    }
}

/// Minimises `sum_i s_i (y_i - coef . x_i - intercept)^2 + alpha |coef|^2` (scikit-learn's `Ridge(alpha)`) for each column of `y`:
/// coefficients (columns by features) and intercepts.
///
/// # Errors
/// [`fhe_head::Error::Data`] if no feature varies.
pub fn ridge_regression(
    x: &ArrayView2<'_, f64>,
    y: &ArrayView2<'_, f64>,
    sample_weight: &ArrayView1<'_, f64>,
    alpha: f64,
) -> Result<(Array2<f64>, Array1<f64>)> {
    Ok(path(x, y, sample_weight, &[alpha / sample_weight.sum()])?.remove(0))
}

/// Ridge regressions with these penalties for each unit of weight, which share a decomposition.
fn path(
    x: &ArrayView2<'_, f64>,
    y: &ArrayView2<'_, f64>,
    sample_weight: &ArrayView1<'_, f64>,
    penalties: &[f64],
) -> Result<Vec<(Array2<f64>, Array1<f64>)>> {
    let share = sample_weight / sample_weight.sum();
    let (mean, y_mean) = (x.t().dot(&share), y.t().dot(&share));
    let spectrum = Spectrum::fit(x, sample_weight, &mean, &Array1::ones(x.ncols()))?;
    let moments = (x - &mean).t().dot(&((y - &y_mean) * share.view().insert_axis(Axis(1))));
    let solution = |penalty: &f64| {
        // half the inverse on either side of the directions
        let half = spectrum.damped(*penalty);
        let coef = half.dot(&half.t().dot(&moments)).reversed_axes();
        let intercept = &y_mean - &coef.dot(&mean);
        (coef, intercept)
    };
    Ok(penalties.iter().map(solution).collect())
}

/// Held-out errors of ridge regression on standardised features at its best penalty of ten (scikit-learn's `RidgeCV`). The numbers of
/// `data` are standardised.
///
/// # Errors
/// Those of [`FeatureMap::fit`].
pub(crate) fn ridge_cross_validated(data: &Data<'_>, splits: &[Split]) -> Result<HeldOutErrors> {
    // by penalty the predictions of the held-out samples
    let predict = |split: &Split| -> Result<Vec<Vec<f64>>> {
        let [train, test] = [&split.train, &split.test].map(|rows| data.features().select(Axis(0), rows));
        let (y, weights) =
            (data.labels().select(Axis(0), &split.train), data.weights().select(Axis(0), &split.train));
        let map = FeatureMap::fit(&train.view(), &weights.view(), Preprocessing::Standardize, train.ncols())?;
        let (train, test) = (map.apply(&train.view())?, map.apply(&test.view())?);
        let path = path(&train.view(), &y.view(), &weights.view(), &PENALTIES)?;
        let predicted = |(coef, intercept): (Array2<f64>, Array1<f64>)| {
            (test.dot(&coef.t()) + &intercept).into_iter().collect()
        };
        Ok(path.into_iter().map(predicted).collect())
    };
    let folds: Vec<_> = splits.par_iter().map(predict).collect::<Result<_>>()?;
    let held_out: Vec<usize> = splits.iter().flat_map(|split| split.test.clone()).collect();
    let truth = data.labels().select(Axis(0), &held_out);
    let weights = data.weights().select(Axis(0), &held_out);
    let share = (&weights / weights.sum()).to_vec();
    let measured = |k: usize| {
        let predicted: Vec<f64> = folds.iter().flat_map(|path| &path[k]).copied().collect();
        HeldOutErrors::of_standardised(&truth.view(), &predicted, &share)
    };
    let all = (0..PENALTIES.len()).map(measured);
    let worst = HeldOutErrors { mse: f64::INFINITY, r2: f64::NEG_INFINITY };
    Ok(all.fold(worst, |best, next| if next.mse < best.mse { next } else { best }))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use ndarray::array;

    /// `Ridge(alpha)` of scikit-learn 1.9.1 on the same numbers, with two targets and sample weights.
    #[test]
    fn the_closed_form_is_that_of_scikit_learn() {
        let x = array![[0.3, 1.0], [1.2, -0.4], [-0.7, 0.2], [0.1, 0.9], [-1.0, 0.5], [0.8, -1.1]];
        let y = array![[1.0, 10.0], [2.5, -3.0], [0.2, 4.0], [1.1, 9.0], [-0.4, 7.0], [2.0, -8.0]];
        let weight = array![1.0, 2.0, 1.0, 0.5, 1.5, 1.0];
        for (alpha, coef, intercept) in [
            (
                0.001,
                array![[1.200_641_09, -0.171_278_67], [-1.065_648_22, 8.320_321_04]],
                [0.944_967_69, 1.754_066_37],
            ),
            (
                0.7,
                array![[1.030_992_79, -0.246_322_25], [-1.697_518_9, 6.480_928_71]],
                [0.983_045_84, 2.007_312_31],
            ),
            (
                20.0,
                array![[0.257_796_67, -0.124_706_32], [-0.922_050_3, 1.198_431_29]],
                [1.123_475_38, 2.235_078_89],
            ),
        ] {
            let ours = ridge_regression(&x.view(), &y.view(), &weight.view(), alpha).unwrap();
            assert!((&ours.0 - &coef).iter().all(|d| d.abs() < 1e-7), "{} {coef}", ours.0);
            assert!(ours.1.iter().zip(intercept).all(|(a, b)| (a - b).abs() < 1e-7), "{}", ours.1);
        }
    }

    /// More features than samples: the same coefficients as from the normal equations.
    #[test]
    fn wide_tables_are_solved_by_their_samples() {
        let x = Array2::from_shape_fn((6, 15), |(i, j)| ((i * 7 + j * j * 3) % 11) as f64 / 5.0);
        let y = Array2::from_shape_fn((6, 1), |(i, _)| (i as f64).sin());
        let ones = Array1::ones(6);
        let (coef, intercept) = ridge_regression(&x.view(), &y.view(), &ones.view(), 0.3).unwrap();
        // the gradient vanishes
        let residual = x.dot(&coef.row(0)) + intercept[0] - y.column(0);
        assert!(residual.sum().abs() < 1e-10);
        let gradient = x.t().dot(&residual) + &coef.row(0) * 0.3;
        assert!(gradient.iter().all(|g| g.abs() < 1e-9), "{gradient}");
    }
}
