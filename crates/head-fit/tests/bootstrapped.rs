//! Training beyond the depth, with real bootstraps at 128-bit parameters, against the simulated twin.
#![allow(clippy::unwrap_used)]

mod common;

use head_fit::fhe_head::engine::Operation;
use head_fit::fhe_head::{Optimizer, Scheme};
use head_fit::{Data, LogisticRegression, Preprocessing, agreement, encrypt_and_train, stratified_split};

/// Nesterov's method on standardised, unwhitened features: weights within 2^-9 of the simulation's, relative to the largest, and
/// the predictions of the plain twin. The momentum passes through every refresh.
fn follows_the_simulation(iterations: usize, learning_rate: f64) {
    let scheme = Scheme::by_name("n15-boot-l6").unwrap();
    let (x, y) = common::breast_cancer();
    let parts = common::split(&x, &y, &stratified_split(&y, 0.3, 0).unwrap());
    let (x_train, y_train) = &parts.train;
    let options = LogisticRegression {
        preprocessing: Some(Preprocessing::Standardize),
        optimizer: Some(Optimizer::NesterovSchedule),
        max_iter: Some(iterations),
        learning_rate: Some(learning_rate),
        interval: Some(16.0),
        ..LogisticRegression::default()
    };
    let data = Data::new(x_train.view(), y_train.view()).unwrap();
    let training = options.prepare_on(&scheme, &data, None).unwrap();
    assert!(training.plan.counts.of(Operation::Refresh) >= iterations / 2 - 1, "nothing to refresh");

    let weights = encrypt_and_train(&training).unwrap();
    let simulated = training.train_simulated().unwrap().weights;
    let largest = simulated[0].iter().fold(0.0, |max: f64, w| max.max(w.abs()));
    let error = (&weights[0] - &simulated[0]).iter().fold(0.0, |max: f64, e| max.max(e.abs()));
    println!(
        "{iterations} iterations: largest error 2^{:.1} of the largest weight",
        (error / largest).log2()
    );
    assert!(error < largest / 512.0, "{error} of {largest}");
    let models = [training.model(&weights), training.model(&simulated), training.plain_model()];
    let [encrypted, simulated, plain] =
        models.map(|model| model.unwrap().predict_proba(&parts.test.0.view()).unwrap().column(0).to_vec());
    assert!(agreement(&encrypted, &simulated) >= 0.995);
    // After few iterations a cubic on a wide interval and the exact logistic function still differ.
    assert!(iterations < 32 || agreement(&encrypted, &plain) >= 0.995);
}

#[test]
fn eight_nesterov_iterations_with_refreshed_momentum() {
    follows_the_simulation(8, 0.03);
}

#[test]
#[ignore = "half a minute of bootstraps; `.ci/run` runs it, step `long_tests`"]
fn thirty_two_nesterov_iterations() {
    follows_the_simulation(32, 0.008);
}
