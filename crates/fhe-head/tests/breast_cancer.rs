//! Defaults on the Wisconsin breast cancer table.
#![allow(clippy::unwrap_used)]

mod common;

use fhe_head::baseline::logistic_regression;
use fhe_head::estimator::LogisticRegression;
use fhe_head::features::{FeatureMap, Preprocessing};
use fhe_head::labels::stratified_split;
use fhe_head::metrics::{Metrics, agreement};
use fhe_head::model::Head;
use ndarray::Array1;

#[test]
fn defaults_reach_plain_logistic_regression() {
    let (x, y) = common::breast_cancer();
    let parameters = ckks::presets::by_name("n15-l18").unwrap();
    let mut report = Vec::new();
    for random_state in 0..10 {
        let parts = common::split(&x, &y, &stratified_split(&y, 0.3, random_state).unwrap());
        let (x_train, y_train) = &parts.train;
        let (x_test, y_test) = &parts.test;
        let start = std::time::Instant::now();
        let prepared = LogisticRegression::default()
            .check()
            .unwrap()
            .prepare(&x_train.view(), &y_train.view(), &parameters, None)
            .unwrap();
        let seconds = start.elapsed().as_secs_f64();
        let measure = |head: &Head| {
            let p = head.predict_proba(&x_test.view()).unwrap().to_vec();
            (Metrics::new(&y_test.to_vec(), &p), p)
        };
        let (plain, p_plain) = measure(&prepared.train_plain().unwrap());
        let (head, noise) = prepared.train_simulated(&parameters, None).unwrap();
        let (simulated, p_simulated) = measure(&head);

        let ones = Array1::ones(y_train.len());
        let map = FeatureMap::fit(&x_train.view(), &ones.view(), Preprocessing::Standardize, 30).unwrap();
        let z = map.apply(&x_train.view()).unwrap();
        let fit = logistic_regression(&z.view(), &y_train.view(), &ones.view(), 1.0).unwrap();
        let (coef, intercept) = map.pull_back(&fit.coef.view(), fit.intercept).unwrap();
        let (baseline, _) = measure(&Head { coef, intercept });
        println!(
            "{random_state}: baseline {:.4}, plain {:.4}, simulated {:.4}, agreement {:.4}, noise {noise:.2e}, {:?} {} {:?} {} B={} it={} cv={:.4} {seconds:.2}s",
            baseline.accuracy,
            plain.accuracy,
            simulated.accuracy,
            agreement(&p_plain, &p_simulated),
            prepared.choice.preprocessing,
            prepared.choice.learning_rate,
            prepared.choice.optimizer,
            prepared.choice.sigmoid.degree().value(),
            prepared.choice.sigmoid.half_width(),
            prepared.choice.iterations,
            prepared.choice.log_loss,
        );
        if random_state == 0 {
            println!(
                "{:?} {:?} {:?} {} s, {} key switches, keys {:?}",
                prepared.plan.job.packing(),
                prepared.plan.levels,
                prepared.plan.sizes,
                prepared.plan.seconds,
                prepared.plan.key_switches(),
                prepared.plan.keys
            );
        }
        report.push((baseline.accuracy, plain.accuracy, simulated.accuracy));
    }
    let mean = |f: fn(&(f64, f64, f64)) -> f64| report.iter().map(f).sum::<f64>() / report.len() as f64;
    println!("{:.4} {:.4} {:.4}", mean(|r| r.0), mean(|r| r.1), mean(|r| r.2));
}
