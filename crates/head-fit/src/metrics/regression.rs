//! Measures of predicted numbers.

use ndarray::ArrayView2;
use serde::{Deserialize, Serialize};

/// Measures of predicted numbers against the true ones.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct RegressionMetrics {
    /// Coefficient of determination: 1 less the squared errors over the squared deviations from the mean. NaN if all numbers are equal.
    pub r2: f64,
    /// Mean absolute error, in the unit of the numbers.
    pub mae: f64,
    /// Root of the mean squared error, in the unit of the numbers.
    pub rmse: f64,
}

impl RegressionMetrics {
    /// Measures predictions against numbers, one each.
    pub fn new(numbers: &[f64], predicted: &[f64]) -> Self {
        let n = numbers.len() as f64;
        let mean = numbers.iter().sum::<f64>() / n;
        let errors = || numbers.iter().zip(predicted).map(|(y, z)| y - z);
        let squares: f64 = errors().map(|e| e * e).sum();
        let deviations: f64 = numbers.iter().map(|y| (y - mean).powi(2)).sum();
        let r2 = if deviations > 0.0 { 1.0 - squares / deviations } else { f64::NAN };
        Self { r2, mae: errors().map(f64::abs).sum::<f64>() / n, rmse: (squares / n).sqrt() }
    }

    /// Measures of each of several numbers: samples by numbers.
    pub fn of_numbers(numbers: &ArrayView2<'_, f64>, predicted: &ArrayView2<'_, f64>) -> Vec<Self> {
        let columns = numbers.columns().into_iter().zip(predicted.columns());
        columns.map(|(y, z)| Self::new(&y.to_vec(), &z.to_vec())).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    /// Values of scikit-learn 1.9.1 on the same numbers.
    #[test]
    fn known_values() {
        let (y, z) = ([3.0, -0.5, 2.0, 7.0, 4.2], [2.5, 0.0, 2.1, 7.8, 5.0]);
        let m = RegressionMetrics::new(&y, &z);
        assert!((m.r2 - 0.941_487_970_711_297_1).abs() < 1e-12);
        assert!((m.mae - 0.54).abs() < 1e-12);
        assert!((m.rmse - 0.598_331_012_066_063_5).abs() < 1e-12);
        let both = RegressionMetrics::of_numbers(
            &array![[3.0, 1.0], [-0.5, 1.0]].view(),
            &array![[3.0, 0.0], [-0.5, 1.0]].view(),
        );
        assert_eq!((both[0].r2, both[0].rmse), (1.0, 0.0));
        assert!(both[1].r2.is_nan() && both[1].mae == 0.5);
    }
}
