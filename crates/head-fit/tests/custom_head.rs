//! A head of one's own with feature map, tuning and an exported model: Poisson regression, the engine's example head.
#![allow(clippy::unwrap_used)]

#[path = "../../fhe-head/examples/poisson_regression.rs"]
mod poisson_regression;

use head_fit::fhe_head::ckks::presets;
use head_fit::fhe_head::{Result, Scheme};
use head_fit::{Custom, Family, FittedHead, Options, encrypt_and_train};
use ndarray::{Array1, ArrayView1};
use poisson_regression::{Poisson, data, deviance};

#[derive(Clone, Debug)]
struct Counts;

impl Family for Counts {
    type Head = Poisson;

    fn head(&self, half_width: f64) -> Result<Poisson> {
        Ok(Poisson { half_width })
    }

    /// The negative log-likelihood, without what does not depend on the scores.
    fn loss(&self, scores: ArrayView1<'_, f64>, _: &[Array1<f64>], count: f64) -> f64 {
        scores[0].exp() - count * scores[0]
    }
}

#[test]
fn a_head_of_ones_own_is_tuned_trained_and_exported() {
    let (mut x, counts) = data(240);
    // features in units of their own
    for (column, unit) in [1.0, 100.0, 0.01, 1.0, 3.0, 1000.0].into_iter().enumerate() {
        x.column_mut(column).mapv_inplace(|value| unit * value + unit);
    }
    let scheme: Scheme = presets::insecure_for_tests(10, 20).unwrap().into();
    let options = Options::new(Custom(Counts));
    let training = options.prepare_on(&scheme, &x.view(), &counts.view()).unwrap();
    let filled = &training.options;
    assert!(filled.learning_rate.is_some() && filled.preprocessing.is_some() && filled.interval.is_some());

    let weights = encrypt_and_train(&training).unwrap();
    let simulated = training.train_simulated().unwrap().weights;
    for (encrypted, simulated) in weights.iter().zip(&simulated) {
        assert!((encrypted - simulated).iter().all(|e| e.abs() < 5e-3), "{encrypted} {simulated}");
    }
    let head = training.fitted(weights);
    let text = serde_json::to_string(&head).unwrap();
    let head: FittedHead<Poisson> = serde_json::from_str(&text).unwrap();
    let means = head.decision_function(&x.view()).unwrap().column(0).mapv(f64::exp);
    let ours = deviance(&counts, &means);
    println!("deviance {ours:.3}, {filled:?}");
    // of the mean alone, and of scikit-learn 1.9.1's `PoissonRegressor(alpha=0)` to convergence
    let (constant, converged) = (1.636_556, 1.142_639);
    assert!((deviance(&counts, &Array1::from_elem(240, counts.mean().unwrap())) - constant).abs() < 1e-5);
    assert!(constant - ours > 0.75 * (constant - converged), "{ours}");
}
