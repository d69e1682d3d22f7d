//! Ridge regression: chosen, trained in the clear and under encryption, and exported in the unit of the numbers.
#![allow(clippy::unwrap_used)]

mod common;

use head_fit::fhe_head::ckks::presets;
use head_fit::fhe_head::{Error, Optimizer, Scheme};
use head_fit::measures::Regression;
use head_fit::{
    ClassWeight, Classifier, Data, FeatureMap, Kind, Model, Preprocessing, TargetUnits, Training,
    encrypt_and_train, ridge_regression,
};
use ndarray::{Array1, Array2, Axis};

/// Features in units of their own, and two numbers: far from 0 and wide, near 0 and narrow.
fn data(n: usize) -> (Array2<f64>, Array2<f64>) {
    let noise = |i: usize, j: usize| ((i * 37 + j * 101 + i * j * 13) % 97) as f64 / 97.0 - 0.5;
    let x = Array2::from_shape_fn((n, 7), |(i, j)| 10f64.powi(j as i32 - 3) * (noise(i, j) + 2.0));
    let y = Array2::from_shape_fn((n, 2), |(i, k)| match k {
        0 => 300.0 + 90.0 * noise(i, 0) - 60.0 * noise(i, 3) + 40.0 * noise(i, 4) + 25.0 * noise(i, 60),
        _ => 0.02 * noise(i, 1) + 0.01 * noise(i, 2) - 0.005 + 0.004 * noise(i, 61),
    });
    (x, y)
}

fn scheme(levels: usize) -> Scheme {
    presets::insecure_for_tests(10, levels).unwrap().into()
}

/// One step of rate 1 on whitened features.
fn one_step(ridge: f64) -> Classifier {
    Classifier {
        preprocessing: Some(Preprocessing::Whiten { ridge, standardize: true }),
        optimizer: Some(Optimizer::GradientDescent),
        learning_rate: Some(1.0),
        max_iter: Some(1),
        ..Classifier::new(Kind::Ridge)
    }
}

fn largest(a: &Array2<f64>) -> f64 {
    a.fold(0.0, |max: f64, d| max.max(d.abs()))
}

/// Largest difference of predictions, in standard deviations of the numbers.
fn distance(a: &Model, b: &Model, x: &Array2<f64>, y: &Array2<f64>) -> f64 {
    let predict = |model: &Model| model.predict_numbers(&x.view()).unwrap();
    largest(&((predict(a) - predict(b)) / y.std_axis(Axis(0), 0.0)))
}

/// R2 of each number.
fn determined(y: &Array2<f64>, predicted: &Array2<f64>) -> Vec<f64> {
    let columns = y.columns().into_iter().zip(predicted.columns());
    columns.map(|(y, z)| Regression::determined(&y.to_vec(), &z.to_vec())).collect()
}

fn all_twins(training: &Training) -> [Model; 3] {
    let encrypted = training.model(&encrypt_and_train(training).unwrap()).unwrap();
    let simulated = training.model(&training.train_simulated().unwrap().weights).unwrap();
    [training.plain_model().unwrap(), simulated, encrypted]
}

#[test]
fn one_step_on_whitened_features_is_ridge_regression() {
    let (x, y) = data(150);
    let weight = Array1::from_shape_fn(150, |i| 1.0 + (i % 3) as f64);
    let data = Data::regression(x.view(), y.view()).unwrap().weighted(weight.view()).unwrap();
    for ridge in [0.001, 0.3] {
        let training = one_step(ridge).prepare_on(&scheme(6), &data, None).unwrap();
        let plain = training.plain_model().unwrap();
        // on standardised features, whose mean variance is 1
        let map = FeatureMap::fit(&x.view(), &weight.view(), Preprocessing::Standardize, 7).unwrap();
        let mapped = map.apply(&x.view()).unwrap();
        let alpha = ridge * weight.sum();
        let (coef, intercept) = ridge_regression(&mapped.view(), &y.view(), &weight.view(), alpha).unwrap();
        let expected = mapped.dot(&coef.t()) + &intercept;
        let ours = plain.predict_numbers(&x.view()).unwrap();
        assert!(largest(&((&ours - &expected) / y.std_axis(Axis(0), 0.0))) < 1e-9);
    }
}

#[test]
fn a_regression_is_chosen_trained_and_as_good_as_in_the_clear() {
    let (x, y) = data(240);
    let (train, test): (Vec<usize>, Vec<usize>) = (0..240).partition(|i| i % 4 != 0);
    let part = |rows: &[usize]| (x.select(Axis(0), rows), y.select(Axis(0), rows));
    let ((x, y), (x_test, y_test)) = (part(&train), part(&test));
    let data = Data::regression(x.view(), y.view()).unwrap();
    // numbers need no kind of head to be named
    for options in [Classifier::new(Kind::Ridge), Classifier::default()] {
        let training = options.prepare_on(&scheme(12), &data, None).unwrap();
        assert_eq!(training.options.kind, Kind::Ridge);
        let expected = training.expected_errors.unwrap();
        assert!(expected.training.mse < 1.02 * expected.ridge_regression.mse, "{expected:?}");
        assert!(expected.training.r2 > 0.9 && training.expected.is_none(), "{expected:?}");
        let filled = training.options.clone();
        let again = filled.prepare_on(&scheme(12), &data, None).unwrap();
        assert_eq!((&again.options, &again.plan), (&filled, &training.plan));

        let [plain, simulated, encrypted] = all_twins(&training);
        assert!(distance(&encrypted, &simulated, &x_test, &y_test) < 1e-3);
        assert!(distance(&simulated, &plain, &x_test, &y_test) < 1e-3);
        let predicted = encrypted.predict_numbers(&x_test.view()).unwrap();
        for r2 in determined(&y_test, &predicted) {
            assert!(r2 > 0.9, "{r2}");
        }
        assert!(
            encrypted.predict(&x_test.view()).is_err() && encrypted.predict_proba(&x_test.view()).is_err()
        );
    }
}

/// A parameter set of 128 bits, several iterations with momentum: the residuals have logits.
#[test]
fn a_regression_at_128_bits_follows_its_twins() {
    let (x, y) = data(200);
    let data = Data::regression(x.view(), y.view()).unwrap();
    let options = Classifier {
        optimizer: Some(Optimizer::NesterovSchedule),
        preprocessing: Some(Preprocessing::Whiten { ridge: 0.1, standardize: true }),
        learning_rate: Some(0.9),
        max_iter: Some(3),
        alpha: 0.001,
        ..Classifier::new(Kind::Ridge)
    };
    let training = options.prepare_on(&Scheme::by_name("n14-l8").unwrap(), &data, None).unwrap();
    let [plain, simulated, encrypted] = all_twins(&training);
    let (noise, error) = (distance(&encrypted, &simulated, &x, &y), distance(&simulated, &plain, &x, &y));
    println!("encrypted to simulated {noise:.1e}, simulated to plain {error:.1e} standard deviations");
    assert!(noise < 2e-3 && error < 2e-3, "{noise} {error}");
    let r2 = determined(&y, &encrypted.predict_numbers(&x.view()).unwrap());
    assert!(r2.iter().all(|r2| *r2 > 0.9), "{r2:?}");
}

/// From a model in the unit of the numbers, one step of a penalised training goes on where it ended.
#[test]
fn a_regression_starts_from_an_earlier_model() {
    let (x, y) = data(120);
    let data = Data::regression(x.view(), y.view()).unwrap();
    let first = one_step(0.01).prepare_on(&scheme(8), &data, None).unwrap().plain_model().unwrap();
    let options = Classifier { learning_rate: Some(1e-6), ..one_step(0.01) };
    let next = options.prepare_on(&scheme(8), &data, Some(&first)).unwrap();
    assert!(distance(&next.plain_model().unwrap(), &first, &x, &y) < 1e-5);
}

#[test]
fn what_does_not_fit_numbers_is_refused() {
    let (x, y) = data(60);
    let numbers = || Data::regression(x.view(), y.view()).unwrap();
    let refusal = |options: &Classifier, data: &Data<'_>| {
        options.prepare_on(&scheme(12), data, None).unwrap_err().to_string()
    };
    for kind in [Kind::logistic(), Kind::softmax(), Kind::ordinal()] {
        let message = refusal(&Classifier::new(kind), &numbers());
        assert!(message.contains("2 numbers"), "{message}");
    }
    let weighted = Classifier { class_weight: ClassWeight::Balanced, ..Classifier::default() };
    assert!(refusal(&weighted, &numbers()).contains("class_weight"));
    let classes: Array1<f64> = (0..60).map(|i| f64::from(i % 2)).collect();
    let message = refusal(&one_step(0.1), &Data::new(x.view(), classes.view()).unwrap());
    assert!(message.contains("ridge for 2 classes"), "{message}");

    let mut constant = y.clone();
    constant.column_mut(1).fill(0.1);
    let message = refusal(&one_step(0.1), &Data::regression(x.view(), constant.view()).unwrap());
    assert!(message.contains("number 1 is"), "{message}");
    constant[(3, 0)] = f64::NAN;
    let message = Data::regression(x.view(), constant.view()).unwrap_err().to_string();
    assert!(message.contains("number 0 of sample 3"), "{message}");
    let units = TargetUnits { mean: Array1::zeros(1), deviation: Array1::ones(1) };
    let message = refusal(&Classifier { target_units: Some(units), ..one_step(0.1) }, &numbers());
    assert!(message.contains("target_units"), "{message}");
    let refused = Classifier { max_iter: Some(9), ..one_step(0.1) }.prepare_on(&scheme(12), &numbers(), None);
    assert!(matches!(refused, Err(Error::NeedsBootstrapping { fit: 4, .. })), "{refused:?}");
}
