//! Options of classifiers: sample weights, kept directions, intervals; what is refused before anything is encrypted.
#![allow(clippy::unwrap_used)]

use head_fit::fhe_head::ckks::presets;
use head_fit::fhe_head::{
    Activation, ActivationKind, Error, Functions, Optimizer, Result, Scheme, SoftmaxForm,
};
use head_fit::{ClassWeight, Classifier, Data, Kind, Model, Preprocessing, Training};
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
        ..Classifier::new(Kind::Softmax { form: Some(SoftmaxForm::Two) })
    }
}

fn scheme() -> Scheme {
    presets::insecure_for_tests(10, 40).unwrap().into()
}

fn prepare(
    options: &Classifier,
    x: &Array2<f64>,
    y: &Array1<f64>,
    weights: &Array1<f64>,
) -> Result<Training> {
    let data = Data::new(x.view(), y.view())?.weighted(weights.view())?;
    options.prepare_on(&scheme(), &data, None)
}

#[test]
fn a_weight_counts_a_sample_as_often_as_it_says() {
    let (x, y) = data();
    let weights: Array1<f64> =
        (0..60).map(|i| f64::from(u8::from(i % 5 != 0)) + f64::from(u8::from(i % 4 == 0))).collect();
    let rows: Vec<usize> =
        weights.iter().enumerate().flat_map(|(i, &weight)| vec![i; weight as usize]).collect();
    for class_weight in [ClassWeight::Uniform, ClassWeight::Balanced] {
        let options = Classifier { class_weight, ..softmax() };
        let weighted = prepare(&options, &x, &y, &weights).unwrap().plain_model().unwrap();
        let (x_rows, y_rows) = (x.select(Axis(0), &rows), y.select(Axis(0), &rows));
        let ones = Array1::ones(rows.len());
        let repeated = prepare(&options, &x_rows, &y_rows, &ones).unwrap().plain_model().unwrap();
        let even = prepare(&options, &x, &y, &Array1::ones(60)).unwrap().plain_model().unwrap();
        let distance = |other: &Model| {
            (&weighted.output.coef - &other.output.coef).fold(0.0, |max: f64, w| max.max(w.abs()))
        };
        // balancing counts samples, not weights, as scikit-learn's does
        assert!(
            class_weight == ClassWeight::Balanced || distance(&repeated) < 1e-9,
            "{}",
            distance(&repeated)
        );
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
        let message = prepare(&softmax(), &x, &y, &weights).unwrap_err().to_string();
        assert!(message.contains(expected), "{message}");
    }
}

#[test]
fn whitening_keeps_as_many_directions_as_asked() {
    let (x, y) = data();
    let outputs = |n_components| {
        let options = Classifier { n_components, ..softmax() };
        prepare(&options, &x, &y, &Array1::ones(60)).unwrap().map.outputs()
    };
    // powers of two too: the constant feature takes no direction's place
    assert_eq!([None, Some(100), Some(5), Some(4), Some(2)].map(outputs), [6, 6, 5, 4, 2]);
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
        ..Classifier::new(Kind::Mlp {
            hidden: Some(8),
            activation: ActivationKind::Square,
            activation_interval: None,
        })
    };
    // eight units need eight features with the constant
    let wide = ndarray::concatenate(Axis(1), &[x.view(), x.mapv(|x| x * x).view()]).unwrap();
    let two = y.mapv(|label| f64::from(u8::from(label == 1.0)));
    let prepare = |interval| prepare(&options(interval), &wide, &two, &Array1::ones(60));
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
        ..Classifier::new(Kind::Mlp {
            hidden: Some(8),
            activation: ActivationKind::Gelu,
            activation_interval: Some(6.0),
        })
    };
    let prepared = prepare(&options, &x, &y, &Array1::ones(60)).unwrap();
    let plain = prepared.plain_model().unwrap();
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
    let weights = prepared.train_plain().unwrap();
    assert_eq!(prepared.model(&weights).unwrap().functions, Functions::Polynomials);
}

/// What was chosen comes back filled in: asked for by itself, it gives the same plan.
#[test]
fn options_that_come_back_plan_the_same_training() {
    let (x, y) = data();
    let two = y.mapv(|label| f64::from(u8::from(label == 1.0)));
    let mlp = Kind::Mlp { hidden: Some(8), activation: ActivationKind::Gelu, activation_interval: None };
    for (options, y) in [
        (Classifier::default(), &two),
        (Classifier { optimizer: Some(Optimizer::Momentum(0.5)), ..Classifier::default() }, &two),
        (Classifier::default(), &y),
        (Classifier::new(Kind::Softmax { form: Some(SoftmaxForm::Two) }), &y),
        (Classifier { max_iter: Some(3), ..Classifier::new(mlp) }, &y),
        (Classifier { max_iter: Some(3), ..Classifier::new(Kind::mlp()) }, &y),
    ] {
        let first = prepare(&options, &x, y, &Array1::ones(60)).unwrap();
        let filled = &first.options;
        assert!(
            filled.preprocessing.is_some() && filled.optimizer.is_some() && filled.learning_rate.is_some()
        );
        assert!(filled.max_iter.is_some() && filled.interval.is_some());
        let again = prepare(filled, &x, y, &Array1::ones(60)).unwrap();
        assert_eq!((&again.options, &again.plan), (filled, &first.plan));
        assert_eq!(again.samples, first.samples);
    }
}

/// As many hidden units as the padded features hold, the samples bear and the held-out loss asks for.
#[test]
fn a_hidden_layer_gets_units_that_fit() {
    let noise = |i: usize, j: usize| ((i * 37 + j * 101 + i * j * 13) % 97) as f64 / 97.0 - 0.5;
    let units = |samples: usize, features: usize| -> Result<Option<usize>> {
        let x = Array2::from_shape_fn((samples, features), |(i, j)| noise(i, j));
        // no line tells these classes apart
        let y = x.column(0).iter().zip(x.column(1)).map(|(a, b)| f64::from(u8::from(a * b > 0.0))).collect();
        let training = prepare(
            &Classifier { max_iter: Some(2), ..Classifier::new(Kind::mlp()) },
            &x,
            &y,
            &Array1::ones(samples),
        )?;
        match training.options.kind {
            Kind::Mlp { hidden, .. } => Ok(hidden),
            other => panic!("{other:?}"),
        }
    };
    // 8 features with the constant hold no more, 40 samples of 15 features bear no more
    assert_eq!(units(200, 7).unwrap(), Some(8));
    assert_eq!(units(40, 15).unwrap(), Some(8));
    assert!(units(400, 40).unwrap().is_some_and(|units| [8, 16, 32, 64].contains(&units)));
    let refused = units(100, 3).unwrap_err();
    assert!(matches!(refused, Error::Parameter { name: "hidden_layer_sizes", .. }), "{refused}");
}

/// Both parties in one process, for each kind of head.
#[test]
fn the_encrypted_head_is_the_simulated_one() {
    let (x, y) = data();
    for options in [softmax(), Classifier { kind: Kind::default(), ..softmax() }] {
        let training = prepare(&options, &x, &y, &Array1::ones(60)).unwrap();
        let encrypted = training.model(&head_fit::encrypt_and_train(&training).unwrap()).unwrap();
        let simulated = training.model(&training.train_simulated().unwrap().weights).unwrap();
        assert!(encrypted.max_weight_error(&simulated) < 1e-3);
    }
}
