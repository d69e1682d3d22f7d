//! Two samples a slot against one: the same head in every twin, the same scores, half the data.
#![cfg(feature = "client")]
#![allow(clippy::unwrap_used)]

mod common;

use std::ops::ControlFlow;
use std::sync::Arc;

use ckks::serial::Reader;
use ckks::{FreshCiphertext, SecretKey};
use common::USUAL;
use fhe_head::client::{
    DataEncryptor, decrypt_head, decrypt_scores, encrypt_for_scoring, evaluation_keys_in_memory,
};
use fhe_head::engine::Operation;
use fhe_head::trainer::unobserved;
use fhe_head::twins::{train_plain, train_simulated, trajectory};
use fhe_head::{
    Activation, ActivationKind, Degree, Engine, Error, Fit, Functions, Gradient, Head, Job, JobSpec,
    Logistic, Mlp, Multinomial, Optimizer, Ordinal, Output, Packing, Pairs, Pass, Plan, Request, Samples,
    Scheme, Sigmoid, Softmax, SoftmaxForm, Unit, Weights, files, server,
};
use ndarray::{Array1, Array2, Axis, s};

const FEATURES: usize = 7;
const CLASSES: usize = 3;

fn data(n: usize) -> (Array2<f64>, Array1<f64>) {
    common::three_classes(n, FEATURES, 11)
}

/// Weights of samples that differ, so that halves cannot be mistaken for each other.
fn samples(x: &Array2<f64>, y: &Array1<f64>) -> Samples {
    let weight = Array1::from_shape_fn(y.len(), |i| 0.5 + (i % 7) as f64 / 7.0);
    Samples::new(&x.view(), &y.view(), &weight.view()).unwrap()
}

fn sigmoid(degree: Degree) -> Sigmoid {
    Sigmoid::new(degree, 6.0, Fit::LeastSquares).unwrap()
}

fn multinomial(form: SoftmaxForm) -> Multinomial {
    Multinomial::new(Softmax::new(CLASSES, form, 6.0).unwrap())
}

fn with_pairs<H: Head>(request: &Request<H>, pairs: Pairs) -> Request<H> {
    Request { pairs, ..request.clone() }
}

fn difference(a: &[Array1<f64>], b: &[Array1<f64>]) -> f64 {
    a.iter().zip(b).flat_map(|(a, b)| (a - b).to_vec()).fold(0.0, |max: f64, e| max.max(e.abs()))
}

/// Trains with one and with two samples a slot, in every twin.
fn both_packings_train_the_same<H: Head>(request: &Request<H>, levels: usize) {
    let scheme = Scheme::new(ckks::presets::insecure_for_tests(10, levels).unwrap());
    let (x, y) = data(request.samples);
    let samples = samples(&x, &y);
    let start = request.initial(3);
    let [one, two] =
        [Pairs::Never, Pairs::Always].map(|pairs| Plan::new(&scheme, &with_pairs(request, pairs)).unwrap());
    assert!(!one.job.packing().is_complex() && two.job.packing().is_complex());
    assert!(one.keys.conjugation.is_none() && two.keys.conjugation.is_some());

    for functions in [Functions::Exact, Functions::Polynomials] {
        let [one, two] =
            [&one, &two].map(|plan| trajectory(plan, &samples, start.as_deref(), functions).unwrap());
        assert_eq!(one.len(), request.learning_rates.len());
        for (one, two) in one.iter().zip(&two) {
            assert!(difference(one, two) < 1e-9, "{functions:?}: {one:?} {two:?}");
        }
    }
    let plain = train_plain(&one, &samples, start.as_deref()).unwrap();
    let largest = plain.iter().flatten().fold(0.0, |max: f64, w| max.max(w.abs()));
    let simulated =
        [&one, &two].map(|plan| train_simulated(plan, &scheme, &samples, start.as_deref()).unwrap());
    assert!(difference(&simulated[0].weights, &simulated[1].weights) < 1e-9 * largest);

    let secret = SecretKey::generate(scheme.parameters()).unwrap();
    let keys = Arc::new(evaluation_keys_in_memory(&secret, &two.keys).unwrap());
    let encryptor = DataEncryptor::new(&secret, &two, &samples);
    let blocks = encryptor.blocks().unwrap();
    let state = match &start {
        Some(start) => encryptor.initial_state(start).unwrap(),
        None => server::EncryptedState::default(),
    };
    let engine = server::engine(keys, &two.job).unwrap();
    let ControlFlow::Continue(head) = server::resume(&engine, &two.job, &blocks, state, unobserved).unwrap();
    let encrypted = decrypt_head(&secret, &two.job, &head).unwrap();
    let errors: Vec<f64> = encrypted
        .iter()
        .zip(&simulated[1].weights)
        .flat_map(|(ours, expected)| (ours - expected).to_vec())
        .collect();
    let rms = (errors.iter().map(|e| e * e).sum::<f64>() / errors.len() as f64).sqrt();
    let ratio = rms / simulated[1].error_std;
    println!(
        "{:?}: rms error {rms:.1e}, {ratio:.2} of the estimate, which is {:.2} of that with one sample a slot",
        two.job.packing().sizes(),
        simulated[1].error_std / simulated[0].error_std
    );
    assert!(errors.iter().all(|e| e.abs() < largest / 512.0), "{encrypted:?}");
    assert!(ratio < 4.0, "rms error {rms:.2e}, {ratio:.2} of the estimate");
}

#[test]
fn logistic_regression_of_halves_full_part_filled_and_empty() {
    // a block of 2^9 slots holds so many samples that 20 leave the second half empty, 300 part filled
    for (n, batches, degree, levels) in
        [(20, 1, Degree::Three, 12), (300, 1, Degree::Five, 14), (301, 3, Degree::Three, 12)]
    {
        let request = Request {
            batches,
            alpha: 0.02,
            optimizer: Optimizer::Nesterov(0.5),
            ..Request::new(Logistic::one_vs_rest(CLASSES, sigmoid(degree)), n, FEATURES, vec![0.8; 3])
        };
        both_packings_train_the_same(&request, levels);
    }
}

#[test]
fn softmax_in_both_packings() {
    for (n, form, levels) in
        [(300, SoftmaxForm::Two, 12), (1100, SoftmaxForm::Three, 14), (300, SoftmaxForm::InARow, 14)]
    {
        both_packings_train_the_same(&Request::new(multinomial(form), n, FEATURES, vec![1.0; 3]), levels);
    }
}

#[test]
fn a_hidden_layer_in_both_packings() {
    let activation = |kind| Activation::new(kind, 4.0).unwrap();
    for (kind, output, batches) in [
        (ActivationKind::Gelu, Output::Softmax(multinomial(SoftmaxForm::Two)), 1),
        (ActivationKind::Square, Output::Logistic(Logistic::one_vs_rest(CLASSES, sigmoid(Degree::Three))), 2),
    ] {
        let head = Mlp { hidden: 8, activation: activation(kind), output };
        let request = Request { batches, ..Request::new(head, 150, FEATURES, vec![0.5; 2]) };
        both_packings_train_the_same(&request, 18);
    }
}

#[test]
fn an_ordinal_head_in_both_packings() {
    let head = Ordinal { steps: CLASSES - 1, sigmoid: sigmoid(Degree::Three) };
    both_packings_train_the_same(&Request::new(head, 300, FEATURES, vec![1.0; 2]), 10);
}

/// Data, samples to score and scores travel in files.
#[test]
fn files_and_scores_of_both_packings() {
    let scheme = Scheme::new(ckks::presets::insecure_for_tests(10, 14).unwrap());
    let (x, y) = data(333);
    let samples = samples(&x, &y);
    let with_one = common::with_one(&x);
    let request =
        Request { scoring: true, ..Request::new(multinomial(SoftmaxForm::Two), 333, FEATURES, vec![1.5; 3]) };
    let open = |bytes: &[u8]| Reader::new(std::io::Cursor::new(bytes.to_vec()), "file").unwrap();
    for pairs in [Pairs::Never, Pairs::Always] {
        let plan = Plan::new(&scheme, &with_pairs(&request, pairs)).unwrap();
        let secret = SecretKey::generate(scheme.parameters()).unwrap();
        let keys = Arc::new(evaluation_keys_in_memory(&secret, &plan.keys).unwrap());
        let encryptor = DataEncryptor::new(&secret, &plan, &samples);
        let data = files::write_data(Vec::new(), "data", &encryptor, &files::Origin::default(), |_| {
            Ok::<_, Error>(())
        })
        .unwrap();
        let beside = data.len() - plan.sizes.upload_bytes;
        assert!(beside < 100_000, "{beside} bytes beside the ciphertexts");
        let (job, from, blocks, _): (Job<Multinomial>, _, _, _) =
            files::read_data(open(&data), scheme.parameters()).unwrap();
        assert_eq!(job, plan.job);
        let engine = server::engine(keys, &job).unwrap();
        let state = server::EncryptedState::default();
        let run = server::resume(&engine, &job, &blocks, state, unobserved);
        let ControlFlow::Continue(head) = run.unwrap();
        let weights = decrypt_head(&secret, &job, &head).unwrap();
        let weights: Vec<_> = weights.iter().map(|column| column.view()).collect();
        let expected = with_one.dot(&ndarray::stack(Axis(1), &weights).unwrap());

        // one sample, one half and a bit, all
        let rows = job.packing().rows().min(200);
        for n in [1, rows + 1, 333] {
            let encrypted = encrypt_for_scoring(&secret, &job, &x.slice(s![..n, ..])).unwrap();
            let file = files::write_samples(Vec::new(), "samples", &secret, &job, &from, &encrypted).unwrap();
            let (read, _, blocks): (Job<Multinomial>, _, _) =
                files::read_samples(open(&file), scheme.parameters()).unwrap();
            assert_eq!(read, job);
            assert_eq!(blocks.len(), n.div_ceil(job.packing().block_samples()));
            let scores = server::score(&engine, &job, &head.weights, &blocks).unwrap();
            let file = files::write_scores(Vec::new(), "scores", &job, &from, 3, &scores).unwrap();
            let (_, _, iterations, scores) =
                files::read_scores::<_, Multinomial>(open(&file), scheme.parameters()).unwrap();
            assert_eq!(iterations, 3);
            let scores = decrypt_scores(&secret, &job, n, &scores).unwrap();
            let error = (&scores - &expected.slice(s![..n, ..])).fold(0.0, |max: f64, e| max.max(e.abs()));
            assert!(error < 1e-3, "{pairs:?} {n}: {error}");
        }
    }
}

/// A hidden layer scores each half and joins them.
#[test]
fn a_hidden_layer_scores_pairs() {
    let scheme = Scheme::new(ckks::presets::insecure_for_tests(10, 18).unwrap());
    let (x, y) = data(100);
    let samples = samples(&x, &y);
    let head = Mlp {
        hidden: 8,
        activation: Activation::new(ActivationKind::Square, 4.0).unwrap(),
        output: Output::Softmax(multinomial(SoftmaxForm::Two)),
    };
    let request =
        Request { scoring: true, pairs: Pairs::Always, ..Request::new(head, 100, FEATURES, vec![0.5]) };
    let plan = Plan::new(&scheme, &request).unwrap();
    let start = request.initial(3).unwrap();
    let secret = SecretKey::generate(scheme.parameters()).unwrap();
    let keys = Arc::new(evaluation_keys_in_memory(&secret, &plan.keys).unwrap());
    let encryptor = DataEncryptor::new(&secret, &plan, &samples);
    let (blocks, state) = (encryptor.blocks().unwrap(), encryptor.initial_state(&start).unwrap());
    let engine = server::engine(keys, &plan.job).unwrap();
    let run = server::resume(&engine, &plan.job, &blocks, state, unobserved);
    let ControlFlow::Continue(trained) = run.unwrap();
    let weights = decrypt_head(&secret, &plan.job, &trained).unwrap();
    let encrypted: Vec<Vec<_>> = encrypt_for_scoring(&secret, &plan.job, &x.view())
        .unwrap()
        .into_iter()
        .map(|block| block.into_iter().map(FreshCiphertext::expand).collect())
        .collect();
    let scores = server::score(&engine, &plan.job, &trained.weights, &encrypted).unwrap();
    let scores = decrypt_scores(&secret, &plan.job, 100, &scores).unwrap();
    let (hidden, rest) = weights.split_at(8);
    let (output, intercepts) = rest.split_at(CLASSES);
    for (x, scores) in x.rows().into_iter().zip(scores.rows()) {
        let z = |w: &Array1<f64>| x.dot(&w.slice(s![..FEATURES])) + w[FEATURES];
        let hidden: Array1<f64> = hidden.iter().map(|w| z(w).powi(2)).collect();
        for ((w, b), score) in output.iter().zip(intercepts).zip(scores) {
            assert!((hidden.dot(w) + b[0] - score).abs() < 1e-3, "{scores}");
        }
    }
}

#[test]
fn the_planner_takes_what_costs_less() {
    let scheme = Scheme::by_name("n15-l18").unwrap();
    let head = Logistic::binary(sigmoid(Degree::Three));
    let mut chosen = Vec::new();
    for (n, features) in [(16_384, 511), (64, 15)] {
        let request = Request::new(head.clone(), n, features, vec![1.0; 2]);
        let [one, two, auto] = [Pairs::Never, Pairs::Always, Pairs::Auto]
            .map(|pairs| Plan::new(&scheme, &with_pairs(&request, pairs)).unwrap());
        let complex = auto.job.packing().is_complex();
        assert_eq!(auto.job, if complex { two.job.clone() } else { one.job.clone() });
        let seconds = |plan: &Plan<_>| plan.seconds(scheme.parameters(), &USUAL).unwrap();
        assert_eq!(complex, seconds(&two) < seconds(&one), "{} {}", seconds(&two), seconds(&one));
        assert_eq!(two.keys.conjugation, Some(two.levels.samples - 1), "{:?}", two.keys);
        assert_eq!(two.counts.of(Operation::Conjugate), 3, "two gradients, one separation of logits");
        assert_eq!(auto.sizes.keys, auto.keys.rotations.len() + 1 + usize::from(complex));
        chosen.push(complex);
        if complex {
            assert!(two.sizes.upload_bytes < one.sizes.upload_bytes * 11 / 20);
            assert!(two.sizes.data_bytes < one.sizes.data_bytes * 11 / 20);
        }
    }
    assert_eq!(chosen, [true, false]);
}

#[test]
fn a_missing_conjugation_key_is_named() {
    let scheme = Scheme::new(ckks::presets::insecure_for_tests(10, 12).unwrap());
    let (x, y) = data(100);
    let samples = samples(&x, &y);
    let request = Request {
        pairs: Pairs::Always,
        ..Request::new(Logistic::binary(sigmoid(Degree::Three)), 100, FEATURES, vec![1.0; 2])
    };
    let mut plan = Plan::new(&scheme, &request).unwrap();
    plan.keys.conjugation = None;
    let secret = SecretKey::generate(scheme.parameters()).unwrap();
    let keys = Arc::new(evaluation_keys_in_memory(&secret, &plan.keys).unwrap());
    let blocks = DataEncryptor::new(&secret, &plan, &samples).blocks().unwrap();
    let error = server::train(keys, &plan.job, &blocks).unwrap_err();
    assert!(error.to_string().contains("conjugation key"), "{error}");
    let error = train_simulated(&plan, &scheme, &samples, None).unwrap_err();
    assert!(matches!(error, Error::MissingConjugation { .. }), "{error}");
}

/// A logistic regression that says nothing of pairs.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
struct Unpaired(Logistic);

impl Head for Unpaired {
    fn weights(&self) -> Vec<Weights> {
        self.0.weights()
    }

    fn targets(&self) -> usize {
        self.0.targets()
    }

    fn target(&self, labels: &[f64], targets: &mut [f64]) {
        self.0.target(labels, targets);
    }

    fn gradient<E: Engine>(
        &self,
        pass: &Pass<'_, E>,
        weights: Option<&[E::Value]>,
    ) -> fhe_head::Result<Vec<Gradient<E::Value>>> {
        self.0.gradient(pass, weights)
    }

    fn scores(&self) -> usize {
        self.0.scores()
    }

    fn score<E: Engine>(
        &self,
        engine: &E,
        packing: &Packing,
        samples: &[E::Value],
        weights: &[E::Value],
    ) -> fhe_head::Result<Vec<E::Value>> {
        self.0.score(engine, packing, samples, weights)
    }

    fn score_unit(&self) -> Unit {
        self.0.score_unit()
    }
}

#[test]
fn heads_that_do_not_take_pairs_get_none() {
    let scheme = Scheme::by_name("n15-l18").unwrap();
    let head = Unpaired(Logistic::binary(sigmoid(Degree::Three)));
    let request = Request::new(head, 16_384, 511, vec![1.0; 2]);
    assert_eq!(request.pairs, Pairs::Auto);
    assert!(!Plan::new(&scheme, &request).unwrap().job.packing().is_complex());
    let error = Plan::new(&scheme, &with_pairs(&request, Pairs::Always)).unwrap_err();
    assert!(error.to_string().contains("pairs = always"), "{error}");

    let paired = Request::new(request.head.0.clone(), 16_384, 511, vec![1.0; 2]);
    let packing = *Plan::new(&scheme, &paired).unwrap().job.packing();
    let spec = Plan::new(&scheme, &request).unwrap().job.spec().clone();
    assert!(Job::new(JobSpec { packing, ..spec }).is_err());
}

/// Jobs of files from before pairs.
#[test]
fn a_job_without_the_field_has_one_sample_a_slot() {
    let scheme = Scheme::by_name("n15-l18").unwrap();
    let head = Logistic::binary(sigmoid(Degree::Three));
    let request = Request { pairs: Pairs::Never, ..Request::new(head, 16_384, 511, vec![1.0; 2]) };
    let job = Plan::new(&scheme, &request).unwrap().job;
    let mut written = serde_json::to_value(&job).unwrap();
    assert_eq!(written["packing"]["complex"], false);
    written["packing"].as_object_mut().unwrap().remove("complex");
    assert_eq!(serde_json::from_value::<Job<Logistic>>(written).unwrap(), job);
}
