//! Samples that are the same in each run, for tests and examples.
#![allow(dead_code, unreachable_pub)]

use ndarray::{Array1, Array2};

/// Numbers that are uniform in [0, 1): xorshift, not for secrets.
pub fn uniform(seed: u64) -> impl FnMut() -> f64 {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 11) as f64 / (1u64 << 53) as f64
    }
}

/// Samples of two classes that overlap; `share` of them are of class 1.
pub fn patients(seed: u64, n: usize, features: usize, share: f64) -> (Array2<f64>, Array1<f64>) {
    let mut uniform = uniform(seed);
    let y = Array1::from_shape_fn(n, |_| f64::from(u8::from(uniform() < share)));
    let x = Array2::from_shape_fn((n, features), |(i, j)| {
        let noise: f64 = (0..6).map(|_| uniform()).sum::<f64>() - 3.0;
        noise + (y[i] - 0.5) * 0.4 * ((j % 7) as f64 / 7.0).powi(2)
    });
    (x, y)
}
