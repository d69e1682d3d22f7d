//! Training beyond the depth, with real bootstraps at 128-bit parameters, against the simulated twin.
#![cfg(feature = "client")]
#![allow(clippy::unwrap_used)]

mod common;

use std::sync::Arc;

use ckks::SecretKey;
use common::{BreastCancer, agreement, equal_weights};
use fhe_head::client::{DataEncryptor, decrypt_head, evaluation_keys_in_memory};
use fhe_head::engine::Operation;
use fhe_head::twins::{train_plain, train_simulated};
use fhe_head::{Degree, Fit, Logistic, Optimizer, Plan, Request, Scheme, Sigmoid, server};

/// Nesterov's method on standardised, unwhitened features: weights within 2^-9 of the simulation's, relative to the largest, and
/// the predictions of the plain twin. The momentum passes through every refresh.
fn follows_the_simulation(iterations: usize, learning_rate: f64) {
    let scheme = Scheme::by_name("n15-boot-l6").unwrap();
    let BreastCancer { train: (x, y), test: (x_test, _) } = BreastCancer::read();
    let samples = equal_weights(&x, &y);
    let sigmoid = Sigmoid::new(Degree::Three, 16.0, Fit::LeastSquares).unwrap();
    let rates = vec![learning_rate; iterations];
    let request = Request {
        optimizer: Optimizer::NesterovSchedule,
        largest_state: LARGEST_STATE,
        ..Request::new(Logistic::binary(sigmoid), x.nrows(), x.ncols(), rates)
    };
    let plan = Plan::new(&scheme, &request).unwrap();
    assert!(plan.counts.of(Operation::Refresh) >= iterations / 2 - 1, "nothing to refresh");

    let secret = SecretKey::generate(scheme.parameters()).unwrap();
    let keys = Arc::new(evaluation_keys_in_memory(&secret, &plan.keys).unwrap());
    let blocks = DataEncryptor::new(&secret, &plan, &samples).blocks().unwrap();
    let head = server::train(keys, &plan.job, &blocks).unwrap();
    let encrypted = decrypt_head(&secret, &plan.job, &head).unwrap().remove(0);
    let simulated = train_simulated(&plan, &scheme, &samples, None).unwrap().weights.remove(0);
    let plain = train_plain(&plan, &samples, None).unwrap().remove(0);
    let largest = simulated.iter().fold(0.0, |max: f64, w| max.max(w.abs()));
    let error = (&encrypted - &simulated).iter().fold(0.0, |max: f64, e| max.max(e.abs()));
    println!(
        "{iterations} iterations: largest error 2^{:.1} of the largest weight, {largest}",
        (error / largest).log2()
    );
    assert!(error < largest / 512.0, "{error} of {largest}");
    assert!(agreement(&x_test, &encrypted, &simulated) >= 0.995);
    // After few iterations a cubic on a wide interval and the exact logistic function still differ.
    assert!(iterations < 32 || agreement(&x_test, &encrypted, &plain) >= 0.995);
}

/// Bound on weights and momenta over the half-width 16: no weight of either training exceeds 0.5.
const LARGEST_STATE: f64 = 0.0625;

#[test]
fn eight_nesterov_iterations_with_refreshed_momentum() {
    follows_the_simulation(8, 0.03);
}

#[test]
#[ignore = "about a minute of bootstraps; run by whoever changes the trainer or the refresh, before it lands: \
            `cargo test --release -p fhe-head --test bootstrapped -- --ignored`"]
fn thirty_two_nesterov_iterations() {
    follows_the_simulation(32, 0.008);
}
