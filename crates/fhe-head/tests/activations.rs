//! Bootstraps inside iterations: where the planner places them, and trainings with real ones in a small ring.
#![cfg(feature = "client")]
#![allow(clippy::unwrap_used)]

mod common;

use std::sync::Arc;

use ckks::{Parameters, ParametersLiteral, SecretKey, SecurityLevel, presets};
use fhe_head::activation::{Activation, Shape};
use fhe_head::client::{DataEncryptor, decrypt_head, evaluation_keys_in_memory};
use fhe_head::engine::trace::Operation;
use fhe_head::error::Error;
use fhe_head::heads::{BuiltIn, Logistic, Mlp, Multinomial, Output};
use fhe_head::job::{Job, JobSpec};
use fhe_head::optimizer::Optimizer;
use fhe_head::plan::{Bootstraps, Pairs, Plan, Request};
use fhe_head::refresh::{RefreshedMessage, RefreshedPoint};
use fhe_head::samples::Samples;
use fhe_head::sigmoid::{Degree, Fit, Sigmoid};
use fhe_head::softmax::{Depth, Softmax};
use fhe_head::twins::{Functions, train_simulated, trajectory};
use fhe_head::{refresh, server};
use ndarray::Array1;

const SMALL: &str = "n15-boot-l6";

/// The chain of a preset, by its name, in a ring of 2^11. **Insecure.**
fn toy(preset: &str) -> Parameters {
    let literal = presets::by_name(preset).unwrap().literal().clone();
    ParametersLiteral { log_n: 11, security: SecurityLevel::Insecure, ..literal }.check().unwrap()
}

fn network(hidden: usize, shape: Shape, output: Output) -> BuiltIn {
    BuiltIn::Mlp(Mlp { hidden, activation: Activation::new(shape, 4.0).unwrap(), output })
}

fn logistic(degree: Degree) -> Output {
    Output::Logistic(Logistic::binary(Sigmoid::new(degree, 8.0, Fit::LeastSquares).unwrap()))
}

fn softmax(classes: usize) -> Output {
    Output::Softmax(Multinomial::new(Softmax::new(classes, Depth::Two, 8.0).unwrap()))
}

fn plan(parameters: &Parameters, request: &Request) -> fhe_head::Result<Plan> {
    Plan::new(parameters, refresh::contract(parameters).as_ref(), request)
}

fn names(plan: &Plan) -> Vec<&str> {
    plan.job.spec().refreshed_points.iter().map(|point| &*point.name).collect()
}

#[test]
#[ignore]
fn explore() {
    let preset = "n16-boot-l15";
    let parameters = presets::by_name(preset).unwrap();
    for (samples, features, hidden) in [
        (2000, 127, 64),
        (2000, 127, 128),
        (8000, 127, 32),
        (8000, 127, 128),
        (8000, 31, 32),
        (30000, 15, 16),
        (30000, 511, 128),
    ] {
        for bootstraps in [Bootstraps::Weights, Bootstraps::Auto] {
            let request = Request {
                bootstraps,
                alpha: 0.02,
                ..Request::new(
                    network(hidden, Shape::Square, logistic(Degree::Seven)),
                    samples,
                    features,
                    vec![1.0; 6],
                )
            };
            let start = std::time::Instant::now();
            match plan(&parameters, &request) {
                Ok(plan) => println!(
                    "{preset} {bootstraps:?} {samples} {features} {hidden}: {:.2} s planning; {:?} entry {} refreshed {} before {:?} tiles {} {:?}; {} + {} bootstraps, {} key switches, {:.1} s, {:?}",
                    start.elapsed().as_secs_f64(),
                    plan.job.spec().refreshed_points,
                    plan.job.spec().entry_level,
                    plan.job.spec().refreshed_level,
                    plan.job.spec().refresh_before,
                    plan.job.spec().merged_tiles,
                    plan.job.packing().sizes(),
                    plan.state_bootstraps(),
                    plan.activation_bootstraps(),
                    plan.key_switches(),
                    plan.seconds,
                    plan.sizes,
                ),
                Err(error) => println!("{preset} {bootstraps:?} {error}"),
            }
        }
    }
}

/// Features in [-1, 1]: classes inside and outside a ball, which no line separates.
fn ball(n: usize) -> Samples {
    let (x, y) = common::labelled(n, 7, 3, |row| f64::from(u8::from(row.dot(&row) > 2.3)));
    Samples::new(&x.view(), &y.view(), &Array1::ones(n).view()).unwrap()
}

fn three(n: usize) -> Samples {
    let (x, y) = common::three_classes(n, 7, 5);
    Samples::new(&x.view(), &y.view(), &Array1::ones(n).view()).unwrap()
}

/// An encrypted training beside the simulated one: no weight is further off than ten times the noise that the latter expects.
fn follows_the_simulation(parameters: &Parameters, request: &Request, samples: &Samples) {
    let contract = refresh::contract(parameters);
    let plan = plan(parameters, request).unwrap();
    let job = &plan.job;
    assert_eq!(names(&plan), ["arguments", "residuals"]);
    assert_eq!(plan.state_bootstraps() + plan.activation_bootstraps(), plan.count(Operation::Refresh));
    assert!(plan.activation_bootstraps() >= 2 * job.iterations());
    let start = request.initial(1).unwrap();
    let simulated = train_simulated(&plan, parameters, contract.as_ref(), samples, Some(&start)).unwrap();
    let polynomial = trajectory(&plan, samples, Some(&start), Functions::Polynomials).unwrap().pop().unwrap();

    let secret = SecretKey::generate(parameters).unwrap();
    let keys = Arc::new(evaluation_keys_in_memory(&secret, &plan.keys).unwrap());
    let encryptor = DataEncryptor::new(&secret, &plan, samples);
    let (blocks, state) = (encryptor.blocks().unwrap(), encryptor.initial_state(&start).unwrap());
    let head = server::resume(keys, job, &blocks, state, |_| Ok(())).unwrap();
    let encrypted = decrypt_head(&secret, job, &head).unwrap();

    let furthest = |ours: &[Array1<f64>], theirs: &[Array1<f64>]| {
        let pairs = ours.iter().flatten().zip(theirs.iter().flatten());
        pairs.fold(0.0, |max: f64, (a, b)| max.max((a - b).abs()))
    };
    let error = furthest(&encrypted, &simulated.parameters);
    let moved = furthest(&encrypted, &start);
    println!(
        "{:?}: {} + {} bootstraps, off by {error:.1e}, expected {:.1e}; rounding {:.1e}, moved {moved:.2}",
        job.packing().sizes(),
        plan.state_bootstraps(),
        plan.activation_bootstraps(),
        simulated.error_std,
        furthest(&simulated.parameters, &polynomial),
    );
    assert!(error < 10.0 * simulated.error_std, "{error} where {} is expected", simulated.error_std);
    assert!(simulated.error_std < 0.01 * moved, "noise drowns the training");
}

#[test]
fn two_samples_a_slot_with_refreshed_activations() {
    let request = Request {
        pairs: Pairs::Always,
        alpha: 0.01,
        ..Request::new(network(8, Shape::Square, logistic(Degree::Seven)), 400, 7, vec![1.0, 0.8, 0.6])
    };
    follows_the_simulation(&toy(SMALL), &request, &ball(400));
}

#[test]
fn one_sample_a_slot_with_momentum_and_several_outputs() {
    let request = Request {
        pairs: Pairs::Never,
        optimizer: Optimizer::Nesterov(0.8),
        ..Request::new(network(8, Shape::Tanh, softmax(3)), 200, 7, vec![0.5; 3])
    };
    follows_the_simulation(&toy(SMALL), &request, &three(200));
}
