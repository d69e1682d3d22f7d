//! The encrypted twin beside the simulated one.
#![allow(clippy::unwrap_used)]

use std::ops::ControlFlow;
use std::sync::Arc;

use ckks::SecretKey;
use fhe_head::client::{DataEncryptor, decrypt_head, evaluation_keys_in_memory};
use fhe_head::trainer::unobserved;
use fhe_head::twins::{train_plain, train_simulated};
use fhe_head::{Head, Plan, Request, Samples, Scheme, server};
use ndarray::Array1;

/// Trains under encryption on a small insecure ring, and compares with the simulated twin.
pub(crate) fn follows_the_simulation<H: Head>(
    request: &Request<H>,
    samples: &Samples,
    levels: usize,
    start: Option<&[Array1<f64>]>,
) {
    let scheme = Scheme::new(ckks::presets::insecure_for_tests(10, levels).unwrap());
    let plan = Plan::new(&scheme, request).unwrap();
    let secret = SecretKey::generate(scheme.parameters()).unwrap();
    let keys = Arc::new(evaluation_keys_in_memory(&secret, &plan.keys).unwrap());
    let encryptor = DataEncryptor::new(&secret, &plan, samples);
    let blocks = encryptor.blocks().unwrap();
    let state = match start {
        Some(start) => encryptor.initial_state(start).unwrap(),
        None => server::EncryptedState::default(),
    };
    let engine = server::engine(keys, &plan.job).unwrap();
    let ControlFlow::Continue(head) = server::resume(&engine, &plan.job, &blocks, state, unobserved).unwrap();
    let ours = decrypt_head(&secret, &plan.job, &head).unwrap();
    let simulated = train_simulated(&plan, &scheme, samples, start).unwrap();
    let plain = train_plain(&plan, samples, start).unwrap();
    let largest = plain.iter().flatten().fold(0.0, |max: f64, w| max.max(w.abs()));
    for ((ours, simulated_weights), plain) in ours.iter().zip(&simulated.weights).zip(&plain) {
        let error = (ours - simulated_weights).fold(0.0, |max: f64, e| max.max(e.abs()));
        assert!(error < largest / 512.0, "{ours} {simulated_weights}");
        // the estimate of the noise covers what encryption does
        let std = simulated.error_std;
        assert!(error < 10.0 * std, "{error} where {std} was estimated");
        // polynomials instead of functions
        let difference = (simulated_weights - plain).fold(0.0, |max: f64, e| max.max(e.abs()));
        assert!(difference < 0.3 * largest, "{simulated_weights} {plain}");
    }
}
