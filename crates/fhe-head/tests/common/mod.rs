//! Data for the tests, and the pace that times are compared at.
#![allow(clippy::unwrap_used, dead_code, unused_imports)]

use ckks::Pace;
use fhe_head::Samples;
use ndarray::{Array1, Array2, Axis, s};

mod random_tables;
mod simulation;
pub(crate) use random_tables::*;
pub(crate) use simulation::follows_the_simulation;

/// The machine for which the planner compares packings. Estimates at this pace are the same on every machine.
pub(crate) const USUAL: Pace = Pace { transform: 1.1e-10, pass: 3.0e-10, byte: 0.0, switch: 1.0 };

/// Samples that all have weight 1.
pub(crate) fn equal_weights(x: &Array2<f64>, y: &Array1<f64>) -> Samples {
    Samples::new(&x.view(), &y.view(), &Array1::ones(y.len()).view()).unwrap()
}

/// Samples with a constant 1 as last feature.
pub(crate) fn with_one(x: &Array2<f64>) -> Array2<f64> {
    let mut padded = Array2::ones((x.nrows(), x.ncols() + 1));
    padded.slice_mut(s![.., ..x.ncols()]).assign(x);
    padded
}

/// The Wisconsin breast cancer table (569 samples, 30 features; label 1 is malignant), standardised by the training part.
pub(crate) struct BreastCancer {
    /// Seven rows out of ten.
    pub(crate) train: (Array2<f64>, Array1<f64>),
    /// The other rows.
    pub(crate) test: (Array2<f64>, Array1<f64>),
}

impl BreastCancer {
    pub(crate) fn read() -> Self {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../data/breast-cancer/breast_cancer.csv");
        let text = std::fs::read_to_string(path).unwrap();
        let rows: Vec<Vec<&str>> = text.lines().skip(1).map(|line| line.split(',').collect()).collect();
        let features = rows[0].len() - 1;
        let x = Array2::from_shape_fn((rows.len(), features), |(i, j)| rows[i][j].parse::<f64>().unwrap());
        let y: Array1<f64> =
            rows.iter().map(|row| f64::from(u8::from(row[features] == "malignant"))).collect();

        let (test, train): (Vec<usize>, Vec<usize>) = (0..rows.len()).partition(|i| i % 10 < 3);
        let part = |rows: &[usize]| (x.select(Axis(0), rows), y.select(Axis(0), rows));
        let (mut train, mut test) = (part(&train), part(&test));
        let (mean, std) = (train.0.mean_axis(Axis(0)).unwrap(), train.0.std_axis(Axis(0), 0.0));
        for x in [&mut train.0, &mut test.0] {
            *x = (&*x - &mean) / &std;
        }
        Self { train, test }
    }
}

/// Share of the samples (with their constant feature) that two weight vectors put into the same of two classes.
pub(crate) fn agreement(x: &Array2<f64>, a: &Array1<f64>, b: &Array1<f64>) -> f64 {
    let (a, b) = (logits(x, a), logits(x, b));
    a.iter().zip(&b).filter(|(a, b)| (**a > 0.0) == (**b > 0.0)).count() as f64 / a.len() as f64
}

/// Logits of samples under padded weights whose last one is the intercept.
fn logits(x: &Array2<f64>, weights: &Array1<f64>) -> Array1<f64> {
    x.dot(&weights.slice(s![..x.ncols()])) + weights[weights.len() - 1]
}
