//! Classes in an order: proportional odds, chosen, trained and exported.
#![allow(clippy::unwrap_used)]

use head_fit::fhe_head::ckks::presets;
use head_fit::fhe_head::{BuiltIn, Link, Optimizer, Scheme};
use head_fit::{
    Calibrator, Classifier, Data, FeatureMap, Kind, LinearLayer, Metrics, Model, Preprocessing,
    encrypt_and_train,
};
use ndarray::{Array1, Array2, Axis, array};

/// Four grades of severity.
fn data(n: usize) -> (Array2<f64>, Array1<f64>) {
    let x = Array2::from_shape_fn((n, 3), |(i, j)| ((i * (j + 3) * 37 + j * 11) % 101) as f64 / 50.5 - 1.0);
    let severity = |i: usize| {
        x[(i, 0)] - 0.7 * x[(i, 1)] + 0.4 * x[(i, 2)] + 0.6 * (((i * 53) % 17) as f64 / 17.0 - 0.5)
    };
    let grade = |i| [-0.5, 0.1, 0.6].iter().filter(|threshold| severity(i) >= **threshold).count() as f64;
    let y = (0..n).map(grade).collect();
    (x, y)
}

fn scheme(levels: usize) -> Scheme {
    presets::insecure_for_tests(10, levels).unwrap().into()
}

#[test]
fn grades_are_chosen_trained_under_encryption_and_exported() {
    let (mut x, y) = data(400);
    // features in units of their own
    for (column, unit) in [100.0, 0.01, 3.0].into_iter().enumerate() {
        x.column_mut(column).mapv_inplace(|value| unit * value + unit);
    }
    let (train, test): (Vec<usize>, Vec<usize>) = (0..400).partition(|i| i % 4 != 1);
    let part = |rows: &[usize]| (x.select(Axis(0), rows), y.select(Axis(0), rows));
    let ((x, y), (x_test, y_test)) = (part(&train), part(&test));
    let data = Data::new(x.view(), y.view()).unwrap();
    let training = Classifier::new(Kind::ordinal()).prepare_on(&scheme(18), &data, None).unwrap();
    assert!(matches!(training.options.kind, Kind::Ordinal { degree: Some(_), fit: Some(_) }));
    assert!(matches!(training.plan.job.head(), BuiltIn::Ordinal(head) if head.steps == 3));
    let expected = training.expected.unwrap();
    println!("{expected:?}");

    let encrypted = training.model(&encrypt_and_train(&training).unwrap()).unwrap();
    let simulated = training.model(&training.train_simulated().unwrap().weights).unwrap();
    assert!(encrypted.max_weight_error(&simulated) < 5e-3);
    assert_eq!(encrypted.link, Link::Cumulative);
    let p = encrypted.predict_proba(&x_test.view()).unwrap();
    assert_eq!(p.dim(), (100, 4));
    assert!(p.sum_axis(Axis(1)).iter().all(|sum| (sum - 1.0).abs() < 1e-12));
    let metrics = Metrics::of_classes(&y_test.to_vec(), &p.view());
    println!("accuracy {:.3}, log loss {:.3}", metrics.accuracy, metrics.log_loss);
    assert!(metrics.accuracy > 0.65, "{metrics:?}");
    // where a grade is missed, it is by one
    let predicted = encrypted.predict(&x_test.view()).unwrap();
    let far = predicted.iter().zip(&y_test).filter(|(p, y)| (**p as f64 - **y).abs() > 1.0).count();
    assert!(far <= 2, "{far}");
}

/// Weights of a model behind another map are those of the model.
#[test]
fn a_training_starts_from_an_earlier_model() {
    let (x, y) = data(90);
    let layer = LinearLayer {
        coef: Array2::from_shape_fn((3, 3), |(_, j)| [0.9, -0.5, 0.3][j]),
        intercept: array![0.8, -0.1, -0.9],
    };
    let model = Model::linear(layer, Link::Cumulative);
    let options = Classifier {
        preprocessing: Some(Preprocessing::Whiten { ridge: 0.1, standardize: true }),
        optimizer: Some(Optimizer::GradientDescent),
        learning_rate: Some(1e-6),
        max_iter: Some(1),
        interval: Some(8.0),
        calibrator: Some(Calibrator::default()),
        ..Classifier::new(Kind::ordinal())
    };
    let data = Data::new(x.view(), y.view()).unwrap();
    let training = options.prepare_on(&scheme(12), &data, Some(&model)).unwrap();
    assert!(training.plain_model().unwrap().max_weight_error(&model) < 1e-5);
    let softmax = Model::linear(model.output.clone(), Link::Softmax);
    let refused = options.prepare_on(&scheme(12), &data, Some(&softmax)).unwrap_err().to_string();
    assert!(refused.contains("softmax"), "{refused}");
    // thresholds that are out of order leave a class without samples
    let turned = LinearLayer { intercept: array![-0.9, -0.1, 0.8], ..model.output };
    let map = FeatureMap::fit(&x.view(), &Array1::ones(90).view(), Preprocessing::Center, 3).unwrap();
    assert_eq!(map.inputs(), 3);
    let p = Model::linear(turned, Link::Cumulative).predict_proba(&x.view()).unwrap();
    assert!(p.column(1).iter().all(|p| *p == 0.0));
    assert!(p.sum_axis(Axis(1)).iter().all(|sum| (sum - 1.0).abs() < 1e-12));
}
