//! Bootstraps inside iterations: where the planner places them, and trainings with real ones in a small ring.
#![cfg(feature = "client")]
#![allow(clippy::unwrap_used)]

mod common;

use std::ops::ControlFlow;
use std::sync::Arc;

use ckks::{ParametersLiteral, SecretKey, SecurityLevel, presets};
use common::USUAL;
use fhe_head::client::{DataEncryptor, decrypt_head, evaluation_keys_in_memory};
use fhe_head::engine::Operation;
use fhe_head::heads::RefreshedPoint;
use fhe_head::trainer::unobserved;
use fhe_head::twins::{train_simulated, trajectory};
use fhe_head::{
    Activation, ActivationKind, Bootstraps, BuiltIn, Degree, Error, Fit, Functions, Job, JobSpec, Logistic,
    Mlp, Multinomial, Optimizer, Output, Pairs, Plan, RefreshedMessage, Request, Samples, Scheme, Sigmoid,
    Softmax, SoftmaxForm, server,
};
use ndarray::Array1;

const SMALL: &str = "n15-boot-l6";

/// The chain of a preset, by its name, in a ring of 2^11. **Insecure.**
fn toy(preset: &str) -> Scheme {
    let literal = presets::by_name(preset).unwrap().literal().clone();
    let literal = ParametersLiteral { log_n: 11, security: SecurityLevel::Insecure, ..literal };
    Scheme::new(literal.check().unwrap())
}

fn network(hidden: usize, kind: ActivationKind, output: Output) -> BuiltIn {
    BuiltIn::Mlp(Mlp { hidden, activation: Activation::new(kind, 4.0).unwrap(), output })
}

fn logistic(degree: Degree) -> Output {
    Output::Logistic(Logistic::binary(Sigmoid::new(degree, 8.0, Fit::LeastSquares).unwrap()))
}

fn softmax(classes: usize) -> Output {
    Output::Softmax(Multinomial::new(Softmax::new(classes, SoftmaxForm::Two, 8.0).unwrap()))
}

/// Seconds at the pace by which the planner chooses: the same on every machine.
fn seconds(plan: &Plan) -> f64 {
    plan.seconds(&presets::by_name(&plan.preset).unwrap(), &USUAL).unwrap()
}

/// What the notes say of a plan.
fn print(plan: &Plan) {
    let (spec, sizes) = (plan.job.spec(), &plan.sizes);
    println!(
        "{}: levels {} to {}, {:?}; {} blocks; {} + {} bootstraps, {} key switches, {:.1} s on one core; data {:.2} GB, keys {:.2} GB in \
         files and {:.2} GB",
        plan.preset,
        spec.entry_level,
        spec.refreshed_level,
        spec.refreshed_points,
        plan.job.packing().blocks(),
        plan.state_bootstraps(),
        plan.activation_bootstraps(),
        plan.counts.key_switches(),
        seconds(plan),
        sizes.data_bytes as f64 * 1e-9,
        sizes.key_file_bytes as f64 * 1e-9,
        sizes.key_bytes as f64 * 1e-9,
    );
}

fn names(plan: &Plan) -> Vec<&str> {
    plan.job.spec().refreshed_points.iter().map(|point| &*point.name).collect()
}

/// Ten iterations on 2000 samples of 127 features.
fn request(hidden: usize, bootstraps: Bootstraps) -> Request {
    let head = network(hidden, ActivationKind::Square, logistic(Degree::Seven));
    Request { bootstraps, alpha: 0.02, ..Request::new(head, 2000, 127, vec![1.0; 10]) }
}

#[test]
fn where_levels_do_not_suffice_otherwise() {
    let scheme = Scheme::by_name(SMALL).unwrap();
    let refused = Plan::new(&scheme, &request(32, Bootstraps::Weights)).unwrap_err();
    assert!(matches!(refused, Error::Parameter { name: "preset", .. }), "{refused}");
    let plan = Plan::new(&scheme, &request(32, Bootstraps::Auto)).unwrap();
    print(&plan);
    let (spec, packing) = (plan.job.spec(), plan.job.packing());
    assert_eq!(names(&plan), ["arguments", "residuals"]);
    // one for each block, and one for the residuals of all blocks
    assert_eq!(plan.activation_bootstraps(), 10 * (packing.blocks() + 1));
    assert_eq!(plan.state_bootstraps(), 9);
    let message = RefreshedMessage { log_period: 14, pair: packing.is_complex() };
    assert_eq!(plan.keys.refresh, Some(message));
    // a lower level after a bootstrap would not do
    for point in 0..2 {
        let mut lower = spec.clone();
        lower.refreshed_points[point].level -= 1;
        let data = common::labelled(2000, 127, 1, |row| f64::from(u8::from(row[0] > 0.0)));
        let samples = common::equal_weights(&data.0, &data.1);
        let plan = Plan { job: Job::new(lower).unwrap(), ..plan.clone() };
        let start = request(32, Bootstraps::Auto).initial(0).unwrap();
        let refused = train_simulated(&plan, &scheme, &samples, Some(&start));
        assert!(matches!(refused, Err(Error::Level { .. })), "{:?}", refused.err());
    }
}

#[test]
fn where_cheaper_and_not_where_dearer() {
    let scheme = Scheme::by_name("n16-boot-l15").unwrap();
    let both = |hidden, degree| {
        [Bootstraps::Weights, Bootstraps::Auto].map(|at| {
            let head = network(hidden, ActivationKind::Square, logistic(degree));
            let plan = Plan::new(&scheme, &Request { head, ..request(hidden, at) }).unwrap();
            print(&plan);
            plan
        })
    };
    // a bootstrap costs more than the levels that it saves a few units
    let [weights, auto] = both(8, Degree::Three);
    assert_eq!(weights.job, auto.job);
    assert_eq!(weights.activation_bootstraps(), 0);
    for units in [32, 128] {
        let [weights, auto] = both(units, Degree::Seven);
        assert!(auto.activation_bootstraps() > 0 && seconds(&auto) < 0.95 * seconds(&weights));
    }
    // without bootstraps there is nothing to place
    let leveled = Scheme::by_name("n16-l36").unwrap();
    let short = Request { learning_rates: vec![1.0; 3], ..request(32, Bootstraps::Auto) };
    assert!(names(&Plan::new(&leveled, &short).unwrap()).is_empty());
}

#[test]
fn what_cannot_be_is_refused() {
    let scheme = toy(SMALL);
    let good = Request { samples: 100, features: 7, ..request(8, Bootstraps::Auto) };
    for largest_weight in [0.5, f64::NAN, f64::INFINITY] {
        let refused = Plan::new(&scheme, &Request { largest_weight, ..good.clone() }).unwrap_err();
        assert!(matches!(refused, Error::Parameter { name: "largest_weight", .. }), "{refused}");
    }
    let job = Plan::new(&scheme, &good).unwrap().job;
    let refused = |name: &str, spec: JobSpec| match Job::new(spec) {
        Err(Error::Parameter { name: found, .. }) => assert_eq!(found, name),
        other => panic!("{other:?}"),
    };
    let spec = || job.spec().clone();
    let point = |name: &str| RefreshedPoint { name: name.to_owned(), level: 7 };
    for points in [vec![point("weights")], vec![point("residuals"), point("residuals")]] {
        refused("refreshed_points", JobSpec { refreshed_points: points, ..spec() });
    }
    let linear = BuiltIn::Softmax(Multinomial::new(Softmax::new(3, SoftmaxForm::Two, 8.0).unwrap()));
    refused("refreshed_points", JobSpec { head: linear, ..spec() });
    for log_row_weight in [-1, 41] {
        refused("log_row_weight", JobSpec { log_row_weight, ..spec() });
    }
}

/// The job tells how large row weights are: the simulated twin finds out if that is not so.
#[test]
fn larger_row_weights_than_planned_are_found_by_the_simulation() {
    let scheme = toy(SMALL);
    let (x, y) = common::labelled(100, 7, 3, |row| f64::from(u8::from(row.dot(&row) > 2.3)));
    let mut weight = Array1::ones(100);
    weight[17] = 200.0;
    let samples = Samples::new(&x.view(), &y.view(), &weight.view()).unwrap();
    let largest_weight = samples.largest_weight(1);
    assert!((largest_weight - 200.0 / 2.99).abs() < 1e-9, "{largest_weight}");
    for (largest_weight, fits) in [(largest_weight, true), (1.0, false)] {
        let head = network(8, ActivationKind::Square, logistic(Degree::Three));
        let request = Request { largest_weight, ..Request::new(head, 100, 7, vec![0.5; 2]) };
        let plan = Plan::new(&scheme, &request).unwrap();
        let start = request.initial(1).unwrap();
        match train_simulated(&plan, &scheme, &samples, Some(&start)) {
            Ok(_) => assert!(fits),
            Err(error) => assert!(!fits && matches!(error, Error::Overflow { .. }), "{error}"),
        }
    }
}

/// Features in [-1, 1]: classes inside and outside a ball, which no line separates.
fn ball(n: usize) -> Samples {
    let (x, y) = common::labelled(n, 7, 3, |row| f64::from(u8::from(row.dot(&row) > 2.3)));
    common::equal_weights(&x, &y)
}

fn three(n: usize) -> Samples {
    let (x, y) = common::three_classes(n, 7, 5);
    common::equal_weights(&x, &y)
}

/// An encrypted training beside the simulated one: no weight is further off than ten times the noise that the latter expects.
fn follows_the_simulation(scheme: &Scheme, request: &Request, samples: &Samples) {
    let plan = Plan::new(scheme, request).unwrap();
    let job = &plan.job;
    assert_eq!(names(&plan), ["arguments", "residuals"]);
    assert_eq!(plan.state_bootstraps() + plan.activation_bootstraps(), plan.counts.of(Operation::Refresh));
    assert!(plan.activation_bootstraps() >= 2 * job.iterations());
    let start = request.initial(1).unwrap();
    let simulated = train_simulated(&plan, scheme, samples, Some(&start)).unwrap();
    let polynomial = trajectory(&plan, samples, Some(&start), Functions::Polynomials).unwrap().pop().unwrap();

    let secret = SecretKey::generate(scheme.parameters()).unwrap();
    let keys = Arc::new(evaluation_keys_in_memory(&secret, &plan.keys).unwrap());
    let encryptor = DataEncryptor::new(&secret, &plan, samples);
    let (blocks, state) = (encryptor.blocks().unwrap(), encryptor.initial_state(&start).unwrap());
    let engine = server::engine(keys, job).unwrap();
    let ControlFlow::Continue(head) = server::resume(&engine, job, &blocks, state, unobserved).unwrap();
    let encrypted = decrypt_head(&secret, job, &head).unwrap();

    let furthest = |ours: &[Array1<f64>], theirs: &[Array1<f64>]| {
        let pairs = ours.iter().flatten().zip(theirs.iter().flatten());
        pairs.fold(0.0, |max: f64, (a, b)| max.max((a - b).abs()))
    };
    let error = furthest(&encrypted, &simulated.weights);
    let moved = furthest(&encrypted, &start);
    println!(
        "{:?}: {} + {} bootstraps, off by {error:.1e}, expected {:.1e}; rounding {:.1e}, moved {moved:.2}",
        job.packing().sizes(),
        plan.state_bootstraps(),
        plan.activation_bootstraps(),
        simulated.error_std,
        furthest(&simulated.weights, &polynomial),
    );
    assert!(error < 10.0 * simulated.error_std, "{error} where {} is expected", simulated.error_std);
    assert!(simulated.error_std < 0.01 * moved, "noise drowns the training");
}

#[test]
fn two_samples_a_slot_with_refreshed_activations() {
    let request = Request {
        pairs: Pairs::Always,
        alpha: 0.01,
        ..Request::new(
            network(8, ActivationKind::Square, logistic(Degree::Seven)),
            400,
            7,
            vec![1.0, 0.8, 0.6],
        )
    };
    follows_the_simulation(&toy(SMALL), &request, &ball(400));
}

#[test]
fn one_sample_a_slot_with_momentum_and_several_outputs() {
    let request = Request {
        pairs: Pairs::Never,
        optimizer: Optimizer::Nesterov(0.8),
        ..Request::new(network(8, ActivationKind::Tanh, softmax(3)), 200, 7, vec![0.5; 3])
    };
    follows_the_simulation(&toy(SMALL), &request, &three(200));
}
