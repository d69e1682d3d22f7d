//! Data for the tests.
#![allow(clippy::unwrap_used, dead_code, unused_imports)]

use head_fit::{Classes, Split};
use ndarray::{Array1, Array2, Axis};

#[path = "../../../fhe-head/tests/common/random_tables.rs"]
mod random_tables;
mod scores;
pub(crate) use random_tables::*;
pub(crate) use scores::*;

/// The Wisconsin breast cancer table: 569 samples, 30 features; label 1 is malignant.
pub(crate) fn breast_cancer() -> (Array2<f64>, Array1<f64>) {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../data/breast-cancer/breast_cancer.csv");
    table(path)
}

/// Iris: 150 flowers of three species, 4 features. The second species lies between the others.
pub(crate) fn iris() -> (Array2<f64>, Array1<f64>) {
    table(concat!(env!("CARGO_MANIFEST_DIR"), "/../../data/iris/iris.csv"))
}

/// A table of numbers whose last column is the label.
pub(crate) fn table(path: &str) -> (Array2<f64>, Array1<f64>) {
    let text = std::fs::read_to_string(path).unwrap();
    let rows: Vec<Vec<&str>> = text.lines().skip(1).map(|line| line.split(',').collect()).collect();
    let features = rows[0].len() - 1;
    let x = Array2::from_shape_fn((rows.len(), features), |(i, j)| rows[i][j].parse().unwrap());
    let labels: Vec<&str> = rows.iter().map(|row| row[features]).collect();
    let y = Classes::fit(&labels).unwrap().encode(&labels).unwrap();
    (x, y)
}

/// The rows of one part of a split.
pub(crate) fn part(x: &Array2<f64>, y: &Array1<f64>, rows: &[usize]) -> (Array2<f64>, Array1<f64>) {
    (x.select(Axis(0), rows), y.select(Axis(0), rows))
}

/// Training and test part.
pub(crate) struct Parts {
    pub(crate) train: (Array2<f64>, Array1<f64>),
    pub(crate) test: (Array2<f64>, Array1<f64>),
}

pub(crate) fn split(x: &Array2<f64>, y: &Array1<f64>, split: &Split) -> Parts {
    Parts { train: part(x, y, &split.train), test: part(x, y, &split.test) }
}
