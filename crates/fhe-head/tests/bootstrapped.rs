//! Training beyond the depth, with real bootstraps at 128-bit parameters, against the simulated twin.
#![cfg(feature = "client")]
#![allow(clippy::unwrap_used)]

mod common;

use std::sync::Arc;

use ckks::{SecretKey, presets};
use fhe_head::client::{DataEncryptor, decrypt_head, evaluation_keys_in_memory};
use fhe_head::engine::trace::Operation;
use fhe_head::estimator::LogisticRegression;
use fhe_head::features::Preprocessing;
use fhe_head::labels::stratified_split;
use fhe_head::metrics::agreement;
use fhe_head::optimizer::Optimizer;
use fhe_head::twins::train_simulated;
use fhe_head::{refresh, server};

/// Nesterov's method on standardised, unwhitened features: weights within 2^-9 of the simulation's, relative to the largest, and
/// the predictions of the plain twin. The momentum passes through every refresh.
fn follows_the_simulation(iterations: usize, learning_rate: f64) {
    let parameters = presets::by_name("n15-boot-l6").unwrap();
    let contract = refresh::contract(&parameters);
    let (x, y) = common::breast_cancer();
    let parts = common::split(&x, &y, &stratified_split(&y, 0.3, 0).unwrap());
    let (x_train, y_train) = &parts.train;
    let options = LogisticRegression {
        preprocessing: Some(Preprocessing::Standardize),
        optimizer: Some(Optimizer::NesterovSchedule),
        max_iter: Some(iterations),
        learning_rate: Some(learning_rate),
        sigmoid_interval: Some(16.0),
        ..LogisticRegression::default()
    };
    let prepared = options
        .check()
        .unwrap()
        .prepare(&x_train.view(), &y_train.view(), &parameters, contract.as_ref())
        .unwrap();
    assert!(prepared.plan.count(Operation::Refresh) >= iterations / 2 - 1, "nothing to refresh");

    let secret = SecretKey::generate(&parameters).unwrap();
    let keys = Arc::new(evaluation_keys_in_memory(&secret, &prepared.plan.keys).unwrap());
    let blocks = DataEncryptor::new(&secret, &prepared.plan, &prepared.samples).blocks().unwrap();
    let head = server::train(keys, &prepared.plan.job, &blocks, |_| Ok(())).unwrap();
    let weights = decrypt_head(&secret, &prepared.plan.job, &head).unwrap().remove(0);
    let simulated = train_simulated(&prepared.plan, &parameters, contract.as_ref(), &prepared.samples, None)
        .unwrap()
        .parameters
        .remove(0);
    let largest = simulated.iter().fold(0.0, |max: f64, w| max.max(w.abs()));
    let error = (&weights - &simulated).iter().fold(0.0, |max: f64, e| max.max(e.abs()));
    println!(
        "{iterations} iterations: largest error 2^{:.1} of the largest weight",
        (error / largest).log2()
    );
    assert!(error < largest / 512.0, "{error} of {largest}");
    let heads =
        [prepared.head(&weights), prepared.head(&simulated), prepared.train_plain()].map(Result::unwrap);
    let [encrypted, simulated, plain] =
        heads.map(|head| head.predict_proba(&parts.test.0.view()).unwrap().to_vec());
    assert!(agreement(&encrypted, &simulated) >= 0.995);
    // After few iterations a cubic on a wide interval and the exact logistic function still differ.
    assert!(iterations < 32 || agreement(&encrypted, &plain) >= 0.995);
}

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
