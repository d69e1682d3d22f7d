//! Features in chunks of powers of two and intercepts apart from them: the same head as with one padded chunk, in every twin.
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
use fhe_head::packing::Sizes;
use fhe_head::trainer::unobserved;
use fhe_head::twins::{score, train_simulated, trajectory};
use fhe_head::{
    Activation, ActivationKind, Degree, Error, Fit, Functions, Head, Job, Logistic, Mlp, Multinomial,
    Optimizer, Ordinal, Output, Packing, Pairs, Plan, Request, Samples, Scheme, Sigmoid, Softmax,
    SoftmaxForm, files, server,
};
use ndarray::{Array1, Array2, s};

const CLASSES: usize = 3;
/// 32 + 16
const FEATURES: usize = 48;

fn data(n: usize) -> (Array2<f64>, Array1<f64>) {
    common::three_classes(n, FEATURES, 4)
}

fn samples(x: &Array2<f64>, y: &Array1<f64>) -> Samples {
    let weight = Array1::from_shape_fn(y.len(), |i| 0.5 + (i % 7) as f64 / 7.0);
    Samples::new(&x.view(), &y.view(), &weight.view()).unwrap()
}

fn sigmoid() -> Sigmoid {
    Sigmoid::new(Degree::Three, 6.0, Fit::LeastSquares).unwrap()
}

fn one_vs_rest() -> Logistic {
    Logistic::one_vs_rest(CLASSES, sigmoid())
}

fn softmax() -> Multinomial {
    Multinomial::new(Softmax::new(CLASSES, SoftmaxForm::Two, 6.0).unwrap())
}

/// A plan in which the features are cut so, in rows of this length.
fn plan<H: Head>(
    scheme: &Scheme,
    request: &Request<H>,
    (features, separate_intercept, columns): (usize, bool, usize),
) -> Plan<H> {
    let slots = scheme.parameters().slots();
    let sizes = Sizes {
        slots,
        features,
        separate_intercept,
        columns,
        baby_steps: 1,
        blocks: 1,
        batches: 1,
        complex: false,
    };
    let earlier = Some(Packing::new(sizes).unwrap());
    let plan = Plan::new(scheme, &Request { earlier, ..request.clone() }).unwrap();
    let packing = plan.job.packing();
    assert_eq!((packing.features(), packing.has_separate_intercept()), (features, separate_intercept));
    plan
}

/// Features and intercept, without the weights of padding.
fn unpadded(weights: &[Array1<f64>]) -> Vec<f64> {
    let one = |weights: &Array1<f64>| match weights.len() {
        n if n > FEATURES => {
            assert!(weights.slice(s![FEATURES..n - 1]).iter().all(|w| w.abs() < 1e-3), "{weights}");
            [weights.slice(s![..FEATURES]).to_vec(), vec![weights[n - 1]]].concat()
        }
        _ => weights.to_vec(),
    };
    weights.iter().flat_map(one).collect()
}

fn difference(a: &[Array1<f64>], b: &[Array1<f64>]) -> f64 {
    let (a, b) = (unpadded(a), unpadded(b));
    assert_eq!(a.len(), b.len());
    a.iter().zip(&b).fold(0.0, |max: f64, (a, b)| max.max((a - b).abs()))
}

/// Trains with every cut in the clear, and with chunks and separate intercepts under encryption. `columns` are those of the rows.
fn every_cut_trains_the_same<H: Head>(request: &Request<H>, levels: usize, columns: usize) {
    let scheme = Scheme::new(ckks::presets::insecure_for_tests(10, levels).unwrap());
    let (x, y) = data(request.samples);
    let samples = samples(&x, &y);
    let start = request.initial(3);
    let start = start.as_deref();
    let [padded, chunks] = [(64, false, columns), (48, true, columns)].map(|cut| plan(&scheme, request, cut));
    assert_eq!(chunks.job.packing().chunks().iter().map(|c| c.features).collect::<Vec<_>>(), [32, 16]);
    for functions in [Functions::Exact, Functions::Polynomials] {
        let [one, two] = [&padded, &chunks].map(|plan| trajectory(plan, &samples, start, functions).unwrap());
        assert_eq!(one.len(), request.learning_rates.len());
        for (one, two) in one.iter().zip(&two) {
            assert!(difference(one, two) < 1e-9, "{functions:?}: {one:?} {two:?}");
        }
        let [one, two] = [(&padded, one), (&chunks, two)]
            .map(|(plan, trained)| score(&plan.job, trained.last().unwrap(), &x.view(), functions).unwrap());
        assert!((one - two).iter().all(|e| e.abs() < 1e-9));
    }

    let secret = SecretKey::generate(scheme.parameters()).unwrap();
    let keys = Arc::new(evaluation_keys_in_memory(&secret, &chunks.keys).unwrap());
    let encryptor = DataEncryptor::new(&secret, &chunks, &samples).with_start(start);
    let data =
        files::write_data(Vec::new(), "data", &encryptor, &files::Origin::default(), |_| Ok::<_, Error>(()))
            .unwrap();
    let reader = Reader::new(std::io::Cursor::new(data), "data").unwrap();
    let (job, _, blocks, state): (Job<H>, _, _, _) = files::read_data(reader, scheme.parameters()).unwrap();
    assert_eq!(job, chunks.job);
    let engine = server::engine(keys, &job).unwrap();
    let ControlFlow::Continue(head) = server::resume(&engine, &job, &blocks, state, unobserved).unwrap();
    let encrypted = decrypt_head(&secret, &job, &head).unwrap();
    let simulated = train_simulated(&chunks, &scheme, &samples, start).unwrap();
    let largest = unpadded(&simulated.weights).iter().fold(0.0, |max: f64, w| max.max(w.abs()));
    let error = difference(&encrypted, &simulated.weights);
    println!("{:?}: error {error:.1e}, estimate {:.1e}", job.packing().sizes(), simulated.error_std);
    assert!(error < largest / 512.0, "{error} of {largest}");
    assert!(error < 10.0 * simulated.error_std, "{error} where {} was estimated", simulated.error_std);

    let Some(_) = job.spec().score_level else { return };
    let scored = encrypt_for_scoring(&secret, &job, &x.view()).unwrap().into_iter();
    let scored = scored.map(|block| block.into_iter().map(FreshCiphertext::expand).collect());
    let scores = server::score(&engine, &job, &head.weights, &scored.collect::<Vec<_>>()).unwrap();
    let scores = decrypt_scores(&secret, &job, x.nrows(), &scores).unwrap();
    let expected = score(&job, &encrypted, &x.view(), Functions::Polynomials).unwrap();
    assert!((scores - expected).iter().all(|e| e.abs() < 1e-3));
    let wide = Array2::zeros((1, FEATURES + 1));
    assert!(encrypt_for_scoring(&secret, &job, &wide.view()).is_err());
}

#[test]
fn linear_heads_in_chunks() {
    // more outputs than columns, and fewer
    for (pairs, columns) in [(Pairs::Always, 2), (Pairs::Always, 1), (Pairs::Never, 2), (Pairs::Never, 8)] {
        let optimizer = Optimizer::Nesterov(0.5);
        let request = Request {
            pairs,
            optimizer,
            alpha: 0.02,
            batches: 2,
            ..Request::new(one_vs_rest(), 301, FEATURES, vec![0.8; 3])
        };
        every_cut_trains_the_same(&request, 12, columns);
        let request =
            Request { pairs, scoring: true, ..Request::new(softmax(), 150, FEATURES, vec![1.0; 2]) };
        every_cut_trains_the_same(&request, 10, columns);
    }
}

#[test]
fn a_hidden_layer_in_chunks() {
    let activation = Activation::new(ActivationKind::Gelu, 4.0).unwrap();
    for (pairs, output) in
        [(Pairs::Always, Output::Softmax(softmax())), (Pairs::Never, Output::Logistic(one_vs_rest()))]
    {
        let head = Mlp { hidden: 8, activation, output };
        let request = Request {
            pairs,
            scoring: true,
            optimizer: Optimizer::Nesterov(0.5),
            ..Request::new(head, 150, FEATURES, vec![0.5; 2])
        };
        every_cut_trains_the_same(&request, 22, 8);
    }
}

#[test]
fn an_ordinal_head_in_chunks() {
    let head = Ordinal { steps: CLASSES - 1, sigmoid: sigmoid() };
    every_cut_trains_the_same(&Request::new(head, 300, FEATURES, vec![1.0; 2]), 10, 4);
}

/// Vectors of 32, 16 and of a row share bootstraps.
#[test]
fn vectors_of_several_lengths_share_bootstraps() {
    let scheme = Scheme::by_name("n15-boot-l6").unwrap();
    let (x, y) = data(150);
    let samples = samples(&x, &y);
    let request = Request {
        optimizer: Optimizer::NesterovSchedule,
        largest_state: 0.5,
        ..Request::new(one_vs_rest(), 150, FEATURES, vec![1.0; 4])
    };
    let [padded, chunks] = [(64, false, 4), (48, true, 4)].map(|cut| plan(&scheme, &request, cut));
    let messages = chunks.job.messages();
    assert_eq!((messages.len(), messages[0].len()), (1, 3 * 2 + 1), "one bootstrap for all");
    assert_eq!(chunks.state_bootstraps(), padded.state_bootstraps());
    let plain = [&padded, &chunks].map(|plan| trajectory(plan, &samples, None, Functions::Polynomials));
    let [one, two] = plain.map(|trained| trained.unwrap().pop().unwrap());
    assert!(difference(&one, &two) < 1e-9);
    let simulated = train_simulated(&chunks, &scheme, &samples, None).unwrap();
    assert!(difference(&simulated.weights, &two) < 0.02, "{:?} {two:?}", simulated.weights);
}

/// Data and work of 384 features are three quarters of those of 512, and no direction is lost where they are a power of two.
#[test]
fn the_planner_cuts_features_where_that_costs_less() {
    let scheme = Scheme::by_name("n15-l18").unwrap();
    let head = Logistic::binary(sigmoid());
    let of = |samples, features| {
        Plan::new(&scheme, &Request::new(head.clone(), samples, features, vec![1.0; 2])).unwrap()
    };
    let seconds = |plan: &Plan<_>| plan.seconds(scheme.parameters(), &USUAL).unwrap();
    for (features, padded, separate) in [(384, 384, true), (768, 768, true), (383, 384, false)] {
        let plan = of(60_000, features);
        let packing = plan.job.packing();
        assert_eq!((packing.features(), packing.has_separate_intercept()), (padded, separate));
        let single = of(60_000, features.next_power_of_two() - 1);
        let share = plan.sizes.upload_bytes as f64 / single.sizes.upload_bytes as f64;
        assert!((0.74..0.78).contains(&share), "{share}");
        assert!(seconds(&plan) < 0.95 * seconds(&single));
    }
    let [whole, one_less] = [1024, 1023].map(|features| of(30_000, features));
    assert_eq!((whole.job.packing().features(), whole.job.packing().has_separate_intercept()), (1024, true));
    assert_eq!(whole.sizes.upload_bytes, one_less.sizes.upload_bytes);
    assert!(seconds(&whole) < 1.12 * seconds(&one_less), "{} {}", seconds(&whole), seconds(&one_less));
    // where little data takes little work, a chunk of its own costs more than it saves
    assert_eq!(of(500, 384).job.packing().features(), 512);
    assert_eq!(of(60_000, 255).job.packing().constant_feature(), Some(255));
}
