//! A head of one's own with feature map, tuning and an exported model: ordinal regression on the engine's example head.
#![allow(clippy::unwrap_used)]

#[path = "../../fhe-head/examples/ordinal_regression.rs"]
mod ordinal_regression;

use head_fit::fhe_head::ckks::presets;
use head_fit::fhe_head::functions::logistic;
use head_fit::fhe_head::{Degree, Fit, Result, Scheme, Sigmoid};
use head_fit::{Custom, Family, FittedHead, Options, encrypt_and_train};
use ndarray::{Array1, ArrayView1};
use ordinal_regression::{Ordinal, data};

#[derive(Clone, Debug)]
struct Grades {
    steps: usize,
}

impl Family for Grades {
    type Head = Ordinal;

    fn head(&self, half_width: f64) -> Result<Ordinal> {
        Ok(Ordinal {
            steps: self.steps,
            sigmoid: Sigmoid::new(Degree::Three, half_width, Fit::LeastSquares)?,
        })
    }

    /// The sum of the logistic losses of all steps.
    fn loss(&self, scores: ArrayView1<'_, f64>, weights: &[Array1<f64>], grade: f64) -> f64 {
        let step = |(k, threshold): (usize, &Array1<f64>)| {
            let p = logistic(scores[0] + threshold[0]);
            -(if grade > k as f64 { p } else { 1.0 - p }).max(f64::EPSILON).ln()
        };
        weights[1..].iter().enumerate().map(step).sum()
    }
}

#[test]
fn a_head_of_ones_own_is_tuned_trained_and_exported() {
    let (mut x, grades) = data(240);
    // features in units of their own
    for (column, unit) in [1.0, 100.0, 0.01, 1.0, 3.0, 1000.0].into_iter().enumerate() {
        x.column_mut(column).mapv_inplace(|value| unit * value + unit);
    }
    let scheme: Scheme = presets::insecure_for_tests(10, 16).unwrap().into();
    let options = Options::new(Custom(Grades { steps: 3 }));
    let training = options.prepare_on(&scheme, &x.view(), &grades.view()).unwrap();
    let filled = &training.options;
    assert!(filled.learning_rate.is_some() && filled.preprocessing.is_some() && filled.interval.is_some());

    let weights = encrypt_and_train(&training).unwrap();
    let simulated = training.train_simulated().unwrap().weights;
    for (encrypted, simulated) in weights.iter().zip(&simulated) {
        assert!((encrypted - simulated).iter().all(|e| e.abs() < 5e-3), "{encrypted} {simulated}");
    }
    let head = training.fitted(weights);
    let text = serde_json::to_string(&head).unwrap();
    let head: FittedHead<Ordinal> = serde_json::from_str(&text).unwrap();
    let scores = head.decision_function(&x.view()).unwrap();
    let thresholds: Vec<f64> = head.weights[1..].iter().map(|b| b[0]).collect();
    let grade = |score: f64| thresholds.iter().filter(|b| score + **b > 0.0).count() as f64;
    let right = scores.column(0).iter().zip(&grades).filter(|(score, y)| grade(**score) == **y).count();
    println!("{right} of {} grades right, {filled:?}", grades.len());
    assert!(right > 170, "{right}");
}
