//! Training beyond the depth, with real bootstraps at 128-bit parameters, against the simulated twin.
#![allow(clippy::unwrap_used)]

mod common;

use head_fit::fhe_head::engine::Operation;
use head_fit::fhe_head::{Optimizer, Scheme, SoftmaxForm};
use head_fit::{Classifier, Data, Kind, LogisticRegression, Preprocessing, agreement, stratified_split};

/// Nesterov's method on standardised, unwhitened features: weights within 2^-9 of the simulation's, relative to the largest, and
/// the predictions of the plain twin. The momentum passes through every refresh. The encrypted head then scores the test samples.
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
        scoring: true,
        ..LogisticRegression::default()
    };
    let data = Data::new(x_train.view(), y_train.view()).unwrap();
    let training = options.prepare_on(&scheme, &data, None).unwrap();
    assert!(training.plan.counts.of(Operation::Refresh) >= iterations / 2 - 1, "nothing to refresh");

    let weights = common::scores_are_those_of_the_decrypted_head(&training, &parts.test.0.view());
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
#[ignore = "half a minute of bootstraps: `.ci/run` runs this suite every fourth day (by day of the year), step `turn of long_bootstrapped`, and whenever CI_WHOLE=1"]
fn thirty_two_nesterov_iterations() {
    follows_the_simulation(32, 0.008);
}

/// Vectors of several classes share bootstraps, and the padding of few features brings rotations that the bootstrap has too.
#[test]
#[ignore = "half a minute of bootstraps: `.ci/run` runs this suite every fourth day (by day of the year), step `turn of long_bootstrapped`, and whenever CI_WHOLE=1"]
fn scores_of_several_classes_and_of_the_larger_ring() {
    for (preset, kind, iterations, features) in [
        ("n15-boot-l6", Kind::Logistic { degree: None, fit: None }, 4, 12),
        ("n15-boot-l6", Kind::Softmax { form: Some(SoftmaxForm::Two) }, 3, 60),
        ("n16-boot-l15", Kind::Softmax { form: Some(SoftmaxForm::Two) }, 5, 30),
    ] {
        let (x, y) = common::three_classes(300, features, 4);
        let options = Classifier {
            preprocessing: Some(Preprocessing::Standardize),
            optimizer: Some(Optimizer::NesterovSchedule),
            max_iter: Some(iterations),
            learning_rate: Some(0.5),
            interval: Some(12.0),
            scoring: true,
            ..Classifier::new(kind)
        };
        let data = Data::new(x.view(), y.view()).unwrap();
        let training = options.prepare_on(&Scheme::by_name(preset).unwrap(), &data, None).unwrap();
        assert!(training.plan.counts.of(Operation::Refresh) > 0, "{preset}: nothing to refresh");
        common::scores_are_those_of_the_decrypted_head(&training, &x.view());
    }
}
