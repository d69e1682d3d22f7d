//! Chebyshev interpolation of real functions, in floating point.

use std::f64::consts::PI;

/// The coefficients, lowest first, of the Chebyshev interpolant of `f` on `[a, b]` with the given degree.
///
/// They belong to the variable `t = (2 x - a - b) / (b - a)` in `[-1, 1]`. Interpolation at the Chebyshev points of
/// the first kind is within a factor `2 + (2 / pi) log(degree + 1)` of the best approximation in the maximum norm.
///
/// # Panics
/// If the interval is empty.
pub fn chebyshev_coefficients(f: impl Fn(f64) -> f64, degree: usize, a: f64, b: f64) -> Vec<f64> {
    assert!(a < b, "empty interval [{a}, {b}]");
    let points = degree + 1;
    let angle = |i: usize| PI * (i as f64 + 0.5) / points as f64;
    let values: Vec<f64> = (0..points).map(|i| f(0.5 * (a + b) + 0.5 * (b - a) * angle(i).cos())).collect();
    (0..points)
        .map(|k| {
            let sum: f64 = values.iter().enumerate().map(|(i, v)| v * (k as f64 * angle(i)).cos()).sum();
            sum * if k == 0 { 1.0 } else { 2.0 } / points as f64
        })
        .collect()
}

/// `sum_k c_k T_k(t)`, by Clenshaw's recurrence.
pub fn chebyshev_value(coefficients: &[f64], t: f64) -> f64 {
    let (mut b1, mut b2) = (0.0, 0.0);
    for &c in coefficients.iter().skip(1).rev() {
        (b1, b2) = (c + 2.0 * t * b1 - b2, b1);
    }
    coefficients.first().copied().unwrap_or(0.0) + t * b1 - b2
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reproduces_polynomials_and_converges_on_entire_functions() {
        let coefficients = chebyshev_coefficients(|x| x * x * x, 5, -2.0, 2.0);
        // x = 2 t, x^3 = 8 t^3 = 6 T_1 + 2 T_3
        for (c, want) in coefficients.iter().zip([0.0, 6.0, 0.0, 2.0, 0.0, 0.0]) {
            assert!((c - want).abs() < 1e-14);
        }
        let coefficients = chebyshev_coefficients(f64::exp, 20, 0.0, 3.0);
        for i in 0..=100 {
            let x = 0.03 * f64::from(i);
            assert!((chebyshev_value(&coefficients, (2.0 * x - 3.0) / 3.0) - x.exp()).abs() < 1e-13);
        }
    }
}
