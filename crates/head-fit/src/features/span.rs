//! Wide samples in the span of those that are trained on.

use ndarray::Array2;

use super::spectrum::positive_eigenpairs;

/// Samples to train on and to test on (rows) in an orthonormal basis of the span of the former, where these are fewer than their features.
///
/// Linear trainings from zero, with an L2 penalty or without, never leave that span, and do not depend on the basis: their logits stay as
/// they are, and their time is that of the smaller side.
pub(crate) fn in_span(train: Array2<f64>, test: Array2<f64>) -> (Array2<f64>, Array2<f64>) {
    if train.ncols() <= train.nrows() {
        return (train, test);
    }
    let (squares, shares) = positive_eigenpairs(&train.dot(&train.t()));
    let lengths = squares.mapv(f64::sqrt);
    let basis = train.t().dot(&shares) / &lengths;
    (shares * &lengths, test.dot(&basis))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Inner products, of which all logits are made, stay.
    #[test]
    fn inner_products_stay() {
        let value = |i: usize, j: usize| (((i + 3) * (j + 7) * 31) % 97) as f64 / 97.0 - 0.5;
        let train = Array2::from_shape_fn((6, 40), |(i, j)| value(i, j));
        let test = Array2::from_shape_fn((5, 40), |(i, j)| value(i + 6, j));
        let (short, of_test) = in_span(train.clone(), test.clone());
        assert_eq!((short.dim(), of_test.dim()), ((6, 6), (5, 6)));
        let close = |a: &Array2<f64>, b: &Array2<f64>| (a - b).iter().all(|d| d.abs() < 1e-12);
        assert!(close(&short.dot(&short.t()), &train.dot(&train.t())));
        assert!(close(&of_test.dot(&short.t()), &test.dot(&train.t())));
        // as many samples as features: nothing to gain
        let tall = Array2::from_shape_fn((40, 6), |(i, j)| value(i, j));
        assert_eq!(in_span(tall.clone(), short).0, tall);
    }
}
