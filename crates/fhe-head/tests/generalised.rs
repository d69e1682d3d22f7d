//! Linear heads beside classification: ridge regression, labels of any number, classes in an order. The plain twin against the iterations
//! on dense matrices, the encrypted twin against the simulated one.
#![cfg(feature = "client")]
#![allow(clippy::unwrap_used)]

mod common;

use common::{follows_the_simulation, with_one};
use fhe_head::functions::logistic;
use fhe_head::twins::{score, train_plain};
use fhe_head::{
    BuiltIn, Degree, Fit, Functions, Head, Logistic, Optimizer, Ordinal, Pairs, Plan, Request, Ridge,
    Samples, Scheme, Sigmoid,
};
use ndarray::{Array1, Array2, Axis, concatenate, s};

const FEATURES: usize = 6;
const RATES: [f64; 3] = [0.9, 0.7, 0.6];

fn features(n: usize) -> Array2<f64> {
    Array2::from_shape_fn((n, FEATURES), |(i, j)| ((i * (j + 5) * 41 + 13 * j) % 89) as f64 / 44.0 - 1.0)
}

/// Two numbers that depend on the features, of order one.
fn numbers(x: &Array2<f64>) -> Array2<f64> {
    Array2::from_shape_fn((x.nrows(), 2), |(i, k)| {
        x[(i, k)] - 0.6 * x[(i, k + 1)] + 0.3 * x[(i, 4)] * x[(i, 5)] + 0.2 * k as f64
    })
}

/// Three labels, of which a sample has none to all.
fn labels(x: &Array2<f64>) -> Array2<f64> {
    Array2::from_shape_fn((x.nrows(), 3), |(i, k)| f64::from(u8::from(x[(i, k)] + 0.5 * x[(i, k + 1)] > 0.3)))
}

/// Four classes in an order.
fn grades(x: &Array2<f64>) -> Array2<f64> {
    let severity = |i: usize| x[(i, 0)] + x[(i, 1)] - 0.5 * x[(i, 2)];
    let grade = |i| [-0.7, 0.0, 0.7].iter().filter(|threshold| severity(i) > **threshold).count() as f64;
    Array2::from_shape_fn((x.nrows(), 1), |(i, _)| grade(i))
}

fn sigmoid() -> Sigmoid {
    Sigmoid::new(Degree::Three, 6.0, Fit::LeastSquares).unwrap()
}

fn samples(x: &Array2<f64>, y: &Array2<f64>) -> Samples {
    let weight = Array1::from_shape_fn(x.nrows(), |i| 1.0 + (i % 3) as f64);
    Samples::with_labels(&x.view(), &y.view(), &weight.view()).unwrap()
}

/// Nesterov's method on the weighted gradients that `gradient` computes, from zero: features and the constant one by outputs.
fn nesterov(outputs: usize, rates: &[f64], gradient: impl Fn(&Array2<f64>) -> Array2<f64>) -> Array2<f64> {
    let mut w = Array2::<f64>::zeros((FEATURES + 1, outputs));
    let mut momentum = w.clone();
    for step in Optimizer::NesterovSchedule.steps(rates) {
        let gradient = gradient(&w);
        w = w - &momentum * step.carry - &gradient * step.rate;
        momentum = &momentum * step.decay + &gradient * step.rate;
    }
    w
}

/// The plain twin's weights, an output each.
fn plain<H: Head>(head: H, samples: &Samples, alpha: f64) -> Vec<Array1<f64>> {
    let scheme = Scheme::new(ckks::presets::insecure_for_tests(10, 14).unwrap());
    let request = Request {
        optimizer: Optimizer::NesterovSchedule,
        alpha,
        ..Request::new(head, samples.len(), FEATURES, RATES.to_vec())
    };
    train_plain(&Plan::new(&scheme, &request).unwrap(), samples, None).unwrap()
}

/// Weights of the features and the intercept, without those of the padding.
fn unpadded(weights: &Array1<f64>) -> Array1<f64> {
    concatenate![Axis(0), weights.slice(s![..FEATURES]), weights.slice(s![-1..])]
}

fn assert_columns(ours: &[Array1<f64>], expected: &Array2<f64>) {
    assert_eq!(ours.len(), expected.ncols());
    for (ours, expected) in ours.iter().zip(expected.columns()) {
        let ours = unpadded(ours);
        assert!((&ours - &expected).iter().all(|d| d.abs() < 1e-9), "{ours} {expected}");
    }
}

/// The weighted mean of `x` times what `errors` makes of the logits, and the penalty.
fn gradient(
    samples: &Samples,
    w: &Array2<f64>,
    alpha: f64,
    errors: impl Fn(Array2<f64>) -> Array2<f64>,
) -> Array2<f64> {
    let x = samples.features();
    let share = (&samples.weights() / samples.weights().sum()).insert_axis(Axis(1));
    let mut penalty = w * alpha;
    penalty.row_mut(FEATURES).fill(0.0);
    x.t().dot(&(errors(x.dot(w)) * &share)) + penalty
}

#[test]
fn plain_ridge_regression_is_descent_on_the_squared_error() {
    let x = features(120);
    let y = numbers(&x);
    let samples = samples(&x, &y);
    let expected = nesterov(2, &RATES, |w| gradient(&samples, w, 0.05, |z| z - &y));
    assert_columns(&plain(Ridge { outputs: 2, half_width: 4.0 }, &samples, 0.05), &expected);
}

#[test]
fn plain_labels_are_logistic_regressions_of_their_own() {
    let x = features(120);
    let y = labels(&x);
    let samples = samples(&x, &y);
    let expected = nesterov(3, &RATES, |w| gradient(&samples, w, 0.01, |z| z.mapv(logistic) - &y));
    assert_columns(&plain(Logistic::multi_label(3, sigmoid()), &samples, 0.01), &expected);
}

/// Weights that all steps share, and an intercept of each beside a common one.
#[test]
fn plain_ordinal_regression_is_descent_on_the_losses_of_all_steps() {
    let x = features(120);
    let y = grades(&x);
    let samples = samples(&x, &y);
    // the common weights in column 0, the thresholds in the last row of the others
    let expected = nesterov(4, &RATES, |w| {
        let shared = w.column(0);
        let thresholds = w.slice(s![FEATURES, 1..]).to_owned();
        let z = samples.features().dot(&shared).insert_axis(Axis(1)) + &thresholds;
        let above = Array2::from_shape_fn(z.dim(), |(i, k)| f64::from(u8::from(y[(i, 0)] > k as f64)));
        let share = (&samples.weights() / samples.weights().sum()).insert_axis(Axis(1));
        let errors = (z.mapv(logistic) - above) * share;
        let mut gradient = Array2::zeros(w.dim());
        gradient.column_mut(0).assign(&samples.features().t().dot(&errors.sum_axis(Axis(1))));
        gradient.slice_mut(s![FEATURES, 1..]).assign(&errors.sum_axis(Axis(0)));
        gradient
    });
    let ours = plain(Ordinal { steps: 3, sigmoid: sigmoid() }, &samples, 0.0);
    assert_columns(&ours[..1], &expected.slice(s![.., ..1]).to_owned());
    for (k, threshold) in ours[1..].iter().enumerate() {
        assert!((threshold[0] - expected[(FEATURES, 1 + k)]).abs() < 1e-9, "{ours:?} {expected}");
    }
    let thresholds = Ordinal::thresholds(&ours);
    assert!((thresholds[2] - expected[(FEATURES, 3)] - expected[(FEATURES, 0)]).abs() < 1e-9);
}

#[test]
fn encrypted_heads_follow_the_simulation() {
    let x = features(150);
    for (head, y, levels) in [
        (BuiltIn::Ridge(Ridge { outputs: 2, half_width: 4.0 }), numbers(&x), 8),
        (BuiltIn::Logistic(Logistic::multi_label(3, sigmoid())), labels(&x), 10),
        (BuiltIn::Ordinal(Ordinal { steps: 3, sigmoid: sigmoid() }), grades(&x), 10),
    ] {
        let request = Request {
            optimizer: Optimizer::NesterovSchedule,
            alpha: 0.01,
            ..Request::new(head, 150, FEATURES, RATES.to_vec())
        };
        follows_the_simulation(&request, &samples(&x, &y), levels, None);
    }
}

/// The scores of each step, with two samples a slot and one.
#[test]
fn scores_of_steps_hold_their_thresholds() {
    let x = features(90);
    let samples = samples(&x, &grades(&x));
    let head = Ordinal { steps: 3, sigmoid: sigmoid() };
    for pairs in [Pairs::Never, Pairs::Always] {
        let scheme = Scheme::new(ckks::presets::insecure_for_tests(10, 14).unwrap());
        let request =
            Request { pairs, scoring: true, ..Request::new(head.clone(), 90, FEATURES, RATES.to_vec()) };
        let plan = Plan::new(&scheme, &request).unwrap();
        let weights = train_plain(&plan, &samples, None).unwrap();
        let scores = score(&plan.job, &weights, &x.view(), Functions::Exact).unwrap();
        let shared = with_one(&x).dot(&unpadded(&weights[0]));
        for (k, column) in scores.columns().into_iter().enumerate() {
            assert!((&column - &shared - weights[1 + k][0]).iter().all(|d| d.abs() < 1e-9));
        }
    }
}

#[test]
fn a_head_without_outputs_is_refused() {
    assert!(Ridge { outputs: 0, half_width: 4.0 }.check().is_err());
    assert!(Ridge { outputs: 1, half_width: f64::NAN }.check().is_err());
    assert!(Ordinal { steps: 0, sigmoid: sigmoid() }.check().is_err());
    assert!(Logistic::multi_label(0, sigmoid()).check().is_err());
    Logistic::multi_label(2, sigmoid()).check().unwrap();
}
