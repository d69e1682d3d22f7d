//! Linear least squares, for fitting polynomials in several quantities.

use nalgebra::{DMatrix, DVector};

/// The coefficients `c` that minimise the sum over samples of `(features . c - target)^2`, with the smallest norm if there are many.
pub(crate) fn least_squares<const F: usize>(samples: &[([f64; F], f64)]) -> [f64; F] {
    let mut gram = DMatrix::<f64>::zeros(F, F);
    let mut right = DVector::<f64>::zeros(F);
    for (features, target) in samples {
        for i in 0..F {
            for j in 0..F {
                gram[(i, j)] += features[i] * features[j];
            }
            right[i] += features[i] * target;
        }
    }
    let tolerance = 1e-12 * gram.diagonal().max();
    let mut coefficients = [0.0; F];
    if let Ok(solution) = gram.svd(true, true).solve(&right, tolerance) {
        coefficients.copy_from_slice(solution.as_slice());
    }
    coefficients
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_exact_relation_is_found() {
        let sample = |i: i32| {
            let t = f64::from(i) / 7.0;
            ([t, t * t, 1.0], 3.0 * t - 2.0 * t * t + 0.5)
        };
        let samples: Vec<_> = (-20..20).map(sample).collect();
        for (ours, exact) in least_squares(&samples).iter().zip([3.0, -2.0, 0.5]) {
            assert!((ours - exact).abs() < 1e-9);
        }
    }
}
