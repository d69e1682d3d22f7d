//! Softmax and hidden layer: the plain twin against back-propagation on dense matrices, the encrypted twin against the simulated one.
#![cfg(feature = "client")]
#![allow(clippy::unwrap_used)]

mod common;

use std::ops::ControlFlow;
use std::sync::Arc;

use ckks::SecretKey;
use common::{equal_weights, with_one};
use fhe_head::client::{
    DataEncryptor, decrypt_head, decrypt_scores, encrypt_for_scoring, evaluation_keys_in_memory,
};
use fhe_head::functions::{logistic, softmax};
use fhe_head::plan::DataLevels;
use fhe_head::trainer::unobserved;
use fhe_head::twins::{train_plain, train_simulated};
use fhe_head::{
    Activation, ActivationKind, Degree, Error, Fit, Head, Job, Logistic, Mlp, Multinomial, Optimizer, Output,
    Plan, Request, Scheme, Sigmoid, Softmax, SoftmaxForm, server,
};
use ndarray::{Array1, Array2, Axis, s};

const CLASSES: usize = 3;
const FEATURES: usize = 15;

/// Three classes, none of which a line separates.
fn data(n: usize) -> (Array2<f64>, Array1<f64>) {
    common::labelled(n, FEATURES, 2, |row| match (row[0] * row[1] > 0.0, row[2] > 0.3) {
        (_, true) => 2.0,
        (true, _) => 1.0,
        _ => 0.0,
    })
}

fn multinomial(form: SoftmaxForm) -> Multinomial {
    Multinomial::new(Softmax::new(CLASSES, form, 6.0).unwrap())
}

fn mlp(kind: ActivationKind, output: Output) -> Mlp {
    Mlp { hidden: 8, activation: Activation::new(kind, 4.0).unwrap(), output }
}

fn one_vs_rest() -> Output {
    one_vs_rest_of(Degree::Three)
}

fn one_vs_rest_of(degree: Degree) -> Output {
    let sigmoid = Sigmoid::new(degree, 6.0, Fit::LeastSquares).unwrap();
    Output::Logistic(Logistic::one_vs_rest(CLASSES, sigmoid))
}

fn start(head: &Mlp) -> Vec<Array1<f64>> {
    let initial = head.initial(FEATURES + 1, 7).unwrap();
    initial.into_iter().map(|weights| Array1::from_vec(weights) * 0.7).collect()
}

/// The error of the outputs, `p - y`.
fn output_error(z: &Array2<f64>, y: &Array1<f64>, all_together: bool) -> Array2<f64> {
    let mut p = z.clone();
    for (mut row, label) in p.rows_mut().into_iter().zip(y) {
        if all_together {
            softmax(row.as_slice_mut().unwrap());
        } else {
            row.mapv_inplace(logistic);
        }
        row[*label as usize] -= 1.0;
    }
    p
}

/// Rows of weights as a matrix whose columns they are.
fn matrix(rows: &[Array1<f64>]) -> Array2<f64> {
    let views: Vec<_> = rows.iter().map(|row| row.view()).collect();
    ndarray::stack(Axis(1), &views).unwrap()
}

fn assert_close(ours: &[Array1<f64>], expected: &Array2<f64>) {
    let difference = (&matrix(ours) - expected).fold(0.0, |max: f64, e| max.max(e.abs()));
    assert!(difference < 1e-9, "{difference}");
}

#[test]
fn the_plain_softmax_is_multinomial_logistic_regression() {
    let (x, y) = data(100);
    let scheme = Scheme::new(ckks::presets::insecure_for_tests(10, 12).unwrap());
    let request = Request {
        alpha: 0.01,
        ..Request::new(multinomial(SoftmaxForm::Two), 100, FEATURES, vec![1.5, 1.2, 1.0])
    };
    let plan = Plan::new(&scheme, &request).unwrap();
    let ours = train_plain(&plan, &equal_weights(&x, &y), None).unwrap();
    let x = with_one(&x);
    let mut w = Array2::<f64>::zeros((FEATURES + 1, CLASSES));
    for rate in [1.5, 1.2, 1.0] {
        let mut gradient = x.t().dot(&output_error(&x.dot(&w), &y, true)) / 100.0;
        let mut penalty = &w * 0.01;
        penalty.row_mut(FEATURES).fill(0.0);
        gradient += &penalty;
        w = w - gradient * rate;
    }
    assert_close(&ours, &w);
}

#[test]
fn the_plain_hidden_layer_is_back_propagation() {
    let (x, y) = data(90);
    let scheme = Scheme::new(ckks::presets::insecure_for_tests(10, 40).unwrap());
    let softmax = Output::Softmax(multinomial(SoftmaxForm::Two));
    for (kind, output, all_together) in [
        (ActivationKind::Square, one_vs_rest(), false),
        (ActivationKind::Gelu, softmax.clone(), true),
        (ActivationKind::Tanh, softmax, true),
    ] {
        let head = mlp(kind, output);
        let rates = vec![0.5, 0.4, 0.3];
        let request = Request {
            optimizer: Optimizer::Momentum(0.5),
            batches: 3,
            ..Request::new(head.clone(), 90, FEATURES, rates.clone())
        };
        let plan = Plan::new(&scheme, &request).unwrap();
        let start = start(&head);
        let ours = train_plain(&plan, &equal_weights(&x, &y), Some(&start)).unwrap();
        let mut w1 = matrix(&start[..8]);
        let mut w2 = matrix(&start[8..8 + CLASSES]);
        let mut b = matrix(&start[8 + CLASSES..]);
        let mut momenta = (w1.clone() * 0.0, w2.clone() * 0.0, b.clone() * 0.0);
        let padded = with_one(&x);
        for (batch, rate) in rates.iter().enumerate() {
            let rows = batch * 30..(batch + 1) * 30;
            let (x, y) = (padded.slice(s![rows.clone(), ..]), y.slice(s![rows]).to_owned());
            let z1 = x.dot(&w1);
            let (h, slope) =
                (z1.mapv(|z| head.activation.exact(z).0), z1.mapv(|z| head.activation.exact(z).1));
            let e = output_error(&(h.dot(&w2) + &b), &y, all_together) / 30.0;
            momenta.0 = momenta.0 * 0.5 + x.t().dot(&(e.dot(&w2.t()) * &slope));
            momenta.1 = momenta.1 * 0.5 + h.t().dot(&e);
            momenta.2 = momenta.2 * 0.5 + e.sum_axis(Axis(0)).insert_axis(Axis(0));
            w1 = w1 - &momenta.0 * *rate;
            w2 = w2 - &momenta.1 * *rate;
            b = b - &momenta.2 * *rate;
        }
        assert_close(&ours[..8], &w1);
        assert_close(&ours[8..8 + CLASSES], &w2);
        assert_close(&ours[8 + CLASSES..], &b);
    }
}

/// Trains on samples of three classes, on a small insecure ring.
fn follows_the_simulation<H: Head>(request: &Request<H>, levels: usize, start: Option<&[Array1<f64>]>) {
    let (x, y) = data(request.samples);
    common::follows_the_simulation(request, &equal_weights(&x, &y), levels, start);
}

#[test]
fn the_encrypted_softmax_follows_the_simulation() {
    for (form, levels) in [(SoftmaxForm::Two, 10), (SoftmaxForm::Three, 12), (SoftmaxForm::InARow, 12)] {
        let request = Request::new(multinomial(form), 100, FEATURES, vec![1.5; 3]);
        follows_the_simulation(&request, levels, None);
    }
}

#[test]
fn the_encrypted_hidden_layer_follows_the_simulation() {
    for (kind, output, levels) in [
        (ActivationKind::Gelu, Output::Softmax(multinomial(SoftmaxForm::Two)), 18),
        (ActivationKind::Tanh, one_vs_rest(), 20),
    ] {
        let head = mlp(kind, output);
        let start = start(&head);
        let request = Request {
            optimizer: Optimizer::Nesterov(0.5),
            alpha: 0.01,
            batches: 2,
            ..Request::new(head, 100, FEATURES, vec![0.5; 2])
        };
        follows_the_simulation(&request, levels, Some(&start));
    }
}

/// The residual of a high degree multiplies fourth powers of the logits: at the scale that the output weights travel at, above the
/// primes', these left its other factors a scale below the noise.
#[test]
fn a_sigmoid_of_high_degree_keeps_its_precision_behind_a_hidden_layer() {
    for (kind, degree, levels) in [
        (ActivationKind::Gelu, Degree::Seven, 10),
        (ActivationKind::Square, Degree::Five, 10),
        (ActivationKind::Tanh, Degree::Seven, 11),
    ] {
        let head = mlp(kind, one_vs_rest_of(degree));
        let start = start(&head);
        let request = Request::new(head, 100, FEATURES, vec![0.5]);
        follows_the_simulation(&request, levels, Some(&start));
    }
}

/// Trains on part of the data, continues from the encrypted head, and scores encrypted samples with the result.
#[test]
fn encrypted_scores_are_those_of_the_decrypted_head() {
    let scheme = Scheme::new(ckks::presets::insecure_for_tests(10, 16).unwrap());
    let (x, y) = data(100);
    let samples = equal_weights(&x, &y);
    let request =
        Request { scoring: true, ..Request::new(multinomial(SoftmaxForm::Two), 100, FEATURES, vec![1.5; 2]) };
    let first = Plan::new(&scheme, &Request { learning_rates: vec![1.5], ..request.clone() }).unwrap();
    let then = Plan::new(&scheme, &Request { warm_start: true, ..request }).unwrap();
    // levels to spare, which take the place of a bootstrap here
    let mut spec = first.job.spec().clone();
    spec.entry_level += then.job.spec().entry_level;
    let first = Plan {
        job: Job::new(spec).unwrap(),
        levels: DataLevels { targets: 16, samples: 16, weights: 16 },
        ..first
    };

    let secret = SecretKey::generate(scheme.parameters()).unwrap();
    let mut keys = then.keys.clone();
    keys.relinearisation = Some(16);
    for (&step, &level) in &first.keys.rotations {
        let known = keys.rotations.entry(step).or_insert(level);
        *known = (*known).max(level);
    }
    keys.rotations.values_mut().for_each(|level| *level = 16);
    let keys = Arc::new(evaluation_keys_in_memory(&secret, &keys).unwrap());
    let blocks = DataEncryptor::new(&secret, &first, &samples).blocks().unwrap();
    let head = server::train(keys.clone(), &first.job, &blocks).unwrap();

    let engine = server::engine(keys, &then.job).unwrap();
    let state = server::warm_start(&engine, &then.job, &first.job, &head).unwrap();
    let blocks = DataEncryptor::new(&secret, &then, &samples).blocks().unwrap();
    let run = server::resume(&engine, &then.job, &blocks, state, unobserved);
    let ControlFlow::Continue(head) = run.unwrap();
    let weights = decrypt_head(&secret, &then.job, &head).unwrap();

    let encrypted: Vec<Vec<_>> = encrypt_for_scoring(&secret, &then.job, &x.view())
        .unwrap()
        .into_iter()
        .map(|block| block.into_iter().map(ckks::FreshCiphertext::expand).collect())
        .collect();
    let scores = server::score(&engine, &then.job, &head.weights, &encrypted).unwrap();
    let scores = decrypt_scores(&secret, &then.job, 100, &scores).unwrap();
    let expected = with_one(&x).dot(&matrix(&weights));
    let error = (&scores - &expected).fold(0.0, |max: f64, e| max.max(e.abs()));
    assert!(error < 1e-4, "{error}");

    // samples far from those of the training, as a head that is garbage gives them
    let far = encrypt_for_scoring(&secret, &then.job, &(&x * 300.0).view()).unwrap();
    let far: Vec<Vec<_>> =
        far.into_iter().map(|b| b.into_iter().map(ckks::FreshCiphertext::expand).collect()).collect();
    let scores = server::score(&engine, &then.job, &head.weights, &far).unwrap();
    let refused = decrypt_scores(&secret, &then.job, 100, &scores).unwrap_err();
    assert!(matches!(refused, Error::ScoresDiverged { half_width: 6.0, .. }), "{refused}");

    // three iterations in all
    let whole = Plan::new(&scheme, &Request::new(multinomial(SoftmaxForm::Two), 100, FEATURES, vec![1.5; 3]))
        .unwrap();
    let whole = train_simulated(&whole, &scheme, &samples, None).unwrap();
    let error = (matrix(&whole.weights) - matrix(&weights)).fold(0.0, |max: f64, e| max.max(e.abs()));
    assert!(error < 1e-3, "{error}");
    assert!(encrypt_for_scoring(&secret, &first.job, &Array2::zeros((1, FEATURES + 1)).view()).is_err());
}
