//! Defaults on the Wisconsin breast cancer table, over several splits.
#![allow(clippy::unwrap_used)]

mod common;

use fhe_head::activation::Shape;
use fhe_head::baseline::logistic_regression;
use fhe_head::classifier::{Classifier, Kind};
use fhe_head::estimator::LogisticRegression;
use fhe_head::features::{FeatureMap, Preprocessing};
use fhe_head::labels::stratified_split;
use fhe_head::metrics::{Metrics, agreement};
use fhe_head::model::Head;
use fhe_head::twins;
use ndarray::Array1;

#[derive(Debug)]
struct Outcome {
    baseline: f64,
    plain: f64,
    simulated: f64,
    agreement: f64,
}

fn outcome(random_state: u64) -> Outcome {
    let (x, y) = common::breast_cancer();
    let parameters = ckks::presets::by_name("n15-l18").unwrap();
    let parts = common::split(&x, &y, &stratified_split(&y, 0.3, random_state).unwrap());
    let (x_train, y_train) = &parts.train;
    let (x_test, y_test) = &parts.test;
    let prepared = LogisticRegression::default()
        .check()
        .unwrap()
        .prepare(&x_train.view(), &y_train.view(), &parameters, None)
        .unwrap();
    let probabilities = |head: &Head| head.predict_proba(&x_test.view()).unwrap().to_vec();
    let accuracy = |p: &[f64]| Metrics::new(&y_test.to_vec(), p).accuracy;
    let plain = probabilities(&prepared.train_plain().unwrap());
    let (head, noise) = prepared.train_simulated(&parameters, None).unwrap();
    let simulated = probabilities(&head);
    assert!(noise < 1e-4);

    let ones = Array1::ones(y_train.len());
    let map = FeatureMap::fit(&x_train.view(), &ones.view(), Preprocessing::Standardize, 30).unwrap();
    let z = map.apply(&x_train.view()).unwrap();
    let fit = logistic_regression(&z.view(), &y_train.view(), &ones.view(), 1.0).unwrap();
    let (coef, intercept) = map.pull_back(&fit.coef.view(), fit.intercept).unwrap();
    let baseline = probabilities(&Head { coef, intercept });
    Outcome {
        baseline: accuracy(&baseline),
        plain: accuracy(&plain),
        simulated: accuracy(&simulated),
        agreement: agreement(&plain, &simulated),
    }
}

#[test]
fn defaults_come_close_to_plain_logistic_regression() {
    let outcomes: Vec<Outcome> = (0..20).map(outcome).collect();
    let mean = |f: fn(&Outcome) -> f64| outcomes.iter().map(f).sum::<f64>() / outcomes.len() as f64;
    println!("{outcomes:#?}");
    println!(
        "means: baseline {:.4}, plain {:.4}, simulated {:.4}, agreement {:.4}",
        mean(|o| o.baseline),
        mean(|o| o.plain),
        mean(|o| o.simulated),
        mean(|o| o.agreement)
    );
    assert!(mean(|o| o.simulated) >= 0.965);
    assert!((mean(|o| o.simulated) - mean(|o| o.plain)).abs() < 0.005);
    assert!(mean(|o| o.baseline) - mean(|o| o.simulated) < 0.01);
    assert!(mean(|o| o.agreement) >= 0.99);
    // the split that documents quote: within one sample of the plain twin
    assert!(outcomes[0].simulated >= 0.96);
    assert!((outcomes[0].simulated - outcomes[0].plain).abs() < 1.5 / 171.0);
}

/// Nothing is given: the learning rate is one that converges on this table, whose outliers make 0.5 diverge.
#[test]
fn the_defaults_of_a_hidden_layer_converge() {
    let parameters = ckks::presets::by_name("n16-boot-l15").unwrap();
    let (x, y) = common::breast_cancer();
    let common::Parts { train, test } = common::split(&x, &y, &stratified_split(&y, 0.3, 0).unwrap());
    let options = Classifier::new(Kind::Mlp { hidden: 32, activation: Shape::Gelu });
    let contract = fhe_head::refresh::contract(&parameters);
    let prepared = options
        .check()
        .unwrap()
        .prepare(&train.0.view(), &train.1.view(), 2, &parameters, contract.as_ref())
        .unwrap();
    assert!(prepared.request.learning_rates[0] < 0.5, "{:?}", prepared.request.learning_rates);
    // with the polynomials, as under encryption
    let start = prepared.start.as_deref();
    let polynomials = twins::Functions::Polynomials;
    let trained = twins::trajectory(&prepared.plan, &prepared.samples, start, polynomials).unwrap();
    let model = prepared.model(trained.last().unwrap()).unwrap();
    let predicted = model.predict(&test.0.view()).unwrap();
    let right = predicted.iter().zip(&test.1).filter(|(p, y)| **p as f64 == **y).count();
    println!("rate {}, {right} of {} right", prepared.request.learning_rates[0], test.1.len());
    assert!(right as f64 > 0.94 * test.1.len() as f64, "{right} of {}", test.1.len());
}
