//! Options of classifiers: sample weights, kept directions, intervals; what is refused before anything is encrypted.
#![allow(clippy::unwrap_used)]

use ckks::presets;
use fhe_head::activation::{Activation, Shape};
use fhe_head::classifier::{Classifier, Kind, PreparedClassifier};
use fhe_head::error::Error;
use fhe_head::features::Preprocessing;
use fhe_head::optimizer::Optimizer;
use fhe_head::softmax::Depth;
use fhe_head::twins::{Functions, train_plain};
use ndarray::{Array1, Array2, Axis};

const CLASSES: usize = 3;

/// Sixty samples of three overlapping classes.
fn data() -> (Array2<f64>, Array1<f64>) {
    let noise = |i: usize, j: usize| ((i * 37 + j * 101 + i * j * 13) % 97) as f64 / 97.0 - 0.5;
    let x = Array2::from_shape_fn((60, 6), |(i, j)| noise(i, j) + f64::from(u8::from(j == i % CLASSES)));
    (x, (0..60).map(|i| (i % CLASSES) as f64).collect())
}

fn softmax() -> Classifier {
    Classifier {
        preprocessing: Some(Preprocessing::Whiten { ridge: 0.3, standardize: false }),
        optimizer: Some(Optimizer::GradientDescent),
        learning_rate: Some(2.0),
        max_iter: Some(3),
        ..Classifier::new(Kind::Softmax(Depth::Two))
    }
}

fn prepare(
    options: Classifier,
    x: &Array2<f64>,
    y: &Array1<f64>,
    weights: &Array1<f64>,
) -> fhe_head::Result<PreparedClassifier> {
    let parameters = presets::insecure_for_tests(10, 40).unwrap();
    options.check()?.prepare_weighted(&x.view(), &y.view(), &weights.view(), CLASSES, &parameters, None)
}

#[test]
fn a_weight_counts_a_sample_as_often_as_it_says() {
    let (x, y) = data();
    let weights: Array1<f64> =
        (0..60).map(|i| f64::from(u8::from(i % 5 != 0)) + f64::from(u8::from(i % 4 == 0))).collect();
    let rows: Vec<usize> =
        weights.iter().enumerate().flat_map(|(i, &weight)| vec![i; weight as usize]).collect();
    for balanced in [false, true] {
        let options = Classifier { balanced, ..softmax() };
        let weighted = prepare(options.clone(), &x, &y, &weights).unwrap().train_plain().unwrap();
        let (x_rows, y_rows) = (x.select(Axis(0), &rows), y.select(Axis(0), &rows));
        let ones = Array1::ones(rows.len());
        let repeated = prepare(options.clone(), &x_rows, &y_rows, &ones).unwrap().train_plain().unwrap();
        let even = prepare(options, &x, &y, &Array1::ones(60)).unwrap().train_plain().unwrap();
        let distance = |other: &fhe_head::model::Classifier| {
            (&weighted.output.coef - &other.output.coef).fold(0.0, |max: f64, w| max.max(w.abs()))
        };
        // balancing counts samples, not weights, as scikit-learn's does
        assert!(balanced || distance(&repeated) < 1e-9, "{}", distance(&repeated));
        assert!(distance(&even) > 1e-3, "weights change nothing");
    }
}

#[test]
fn weights_out_of_range_are_refused() {
    let (x, y) = data();
    for (weights, expected) in [
        (Array1::from_elem(60, -1.0), "sample_weight"),
        (Array1::from_elem(60, f64::NAN), "sample_weight"),
        (Array1::ones(59), "sample weights"),
        (
            y.mapv(|label| f64::from(u8::from(label != 1.0))),
            "class 1 has 0 training samples with a weight above 0",
        ),
    ] {
        let message = prepare(softmax(), &x, &y, &weights).unwrap_err().to_string();
        assert!(message.contains(expected), "{message}");
    }
}

#[test]
fn whitening_keeps_as_many_directions_as_asked() {
    let (x, y) = data();
    let outputs = |n_components| {
        let options = Classifier { n_components, ..softmax() };
        prepare(options, &x, &y, &Array1::ones(60)).unwrap().map.outputs()
    };
    // the constant feature takes the last place of a power of two
    assert_eq!([None, Some(100), Some(5), Some(4), Some(2)].map(outputs), [6, 6, 5, 3, 1]);
    for (n_components, preprocessing) in [(Some(0), None), (Some(3), Some(Preprocessing::Center))] {
        let refused = Classifier { n_components, preprocessing, ..softmax() }.check().unwrap_err();
        assert!(matches!(refused, Error::Parameter { name: "n_components", .. }), "{refused}");
    }
}

#[test]
fn a_hidden_layer_widens_its_own_interval_but_not_a_given_one() {
    let (x, y) = data();
    let options = |interval| Classifier {
        interval,
        learning_rate: Some(0.3),
        max_iter: Some(4),
        ..Classifier::new(Kind::Mlp { hidden: 8, activation: Shape::Square })
    };
    let parameters = presets::insecure_for_tests(10, 40).unwrap();
    // eight units need eight features with the constant
    let wide = ndarray::concatenate(Axis(1), &[x.view(), x.mapv(|x| x * x).view()]).unwrap();
    let two = y.mapv(|label| f64::from(u8::from(label == 1.0)));
    let prepare = |interval| {
        let options: Classifier = options(interval);
        options.check().unwrap().prepare(&wide.view(), &two.view(), 2, &parameters, None)
    };
    prepare(None).unwrap();
    let refused = prepare(Some(0.5)).unwrap_err();
    assert!(matches!(refused, Error::OutsideInterval { half_width: 0.5, .. }), "{refused}");
}

/// GELU has a quadratic for a polynomial, which its plain twin knows nothing of, in predictions either.
#[test]
fn the_plain_twin_of_a_hidden_layer_predicts_with_the_function_itself() {
    let (x, y) = data();
    let options = Classifier {
        learning_rate: Some(0.5),
        max_iter: Some(2),
        activation_interval: Some(6.0),
        ..Classifier::new(Kind::Mlp { hidden: 8, activation: Shape::Gelu })
    };
    let prepared = prepare(options, &x, &y, &Array1::ones(60)).unwrap();
    let plain = prepared.train_plain().unwrap();
    let (layer, activation) = plain.hidden.clone().unwrap();
    let logits = |of: fn(&Activation, f64) -> (f64, f64)| {
        let hidden = (x.dot(&layer.coef.t()) + &layer.intercept).mapv(|z| of(&activation, z).0);
        hidden.dot(&plain.output.coef.t()) + &plain.output.intercept
    };
    let furthest = |a: &Array2<f64>, b: &Array2<f64>| (a - b).fold(0.0, |max: f64, d| max.max(d.abs()));
    let (exact, polynomial) = (logits(Activation::exact), logits(Activation::polynomial));
    assert!(furthest(&exact, &polynomial) > 1e-2);
    let of = |functions| plain.clone().with_functions(functions).decision_function(&x.view()).unwrap();
    assert!(furthest(&plain.decision_function(&x.view()).unwrap(), &exact) < 1e-12);
    assert!(furthest(&of(Functions::Polynomials), &polynomial) < 1e-12);
    // heads that come from encryption have the polynomial
    let parameters = train_plain(&prepared.plan, &prepared.samples, prepared.start.as_deref()).unwrap();
    assert_eq!(prepared.model(&parameters).unwrap().functions, Functions::Polynomials);
}
