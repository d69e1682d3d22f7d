//! A training under encryption whose head then scores encrypted samples, and what noise the formulas predict.
#![allow(clippy::unwrap_used, dead_code)]

use std::ops::ControlFlow;
use std::sync::Arc;

use head_fit::Training;
use head_fit::fhe_head::ckks::{Ciphertext, FreshCiphertext, Scale, SecretKey};
use head_fit::fhe_head::client::{
    DataEncryptor, decrypt_head, decrypt_scores, encrypt_for_scoring, evaluation_keys_in_memory,
};
use head_fit::fhe_head::engine::{Simulate, Slots, Trace};
use head_fit::fhe_head::trainer::unobserved;
use head_fit::fhe_head::{Functions, Head, server, twins};
use ndarray::{Array1, Array2, ArrayView2};

/// Trains under encryption and scores `x` with the encrypted head, at most one block of samples. Asserts that the scores are
/// those of the decrypted head, up to ten standard deviations of the noise that the formulas predict. Returns the decrypted
/// weights.
pub(crate) fn scores_are_those_of_the_decrypted_head(
    training: &Training,
    x: &ArrayView2<'_, f64>,
) -> Vec<Array1<f64>> {
    let job = &training.plan.job;
    let secret = SecretKey::generate(training.scheme.parameters()).unwrap();
    let keys = Arc::new(evaluation_keys_in_memory(&secret, &training.plan.keys).unwrap());
    let blocks = DataEncryptor::new(&secret, &training.plan, &training.samples).blocks().unwrap();
    let engine = server::engine(keys, job).unwrap();
    let run = server::resume(&engine, job, &blocks, server::EncryptedState::default(), unobserved);
    let ControlFlow::Continue(head) = run.unwrap();
    let weights = decrypt_head(&secret, job, &head).unwrap();

    let x = training.map.apply(x).unwrap();
    let expand = |block: Vec<FreshCiphertext>| block.into_iter().map(FreshCiphertext::expand).collect();
    let samples: Vec<Vec<Ciphertext>> =
        encrypt_for_scoring(&secret, job, &x.view()).unwrap().into_iter().map(expand).collect();
    let scores = server::score(&engine, job, &head.weights, &samples).unwrap();
    let scores = decrypt_scores(&secret, job, x.nrows(), &scores).unwrap();
    let expected = twins::score(job, &weights, &x.view(), Functions::Polynomials).unwrap();

    let (ours, of_weights) =
        (score_std(training, &weights, &x), training.train_simulated().unwrap().error_std);
    for ((sample, scores), expected) in x.rows().into_iter().zip(scores.rows()).zip(expected.rows()) {
        // decryption averages the noise of a weight over its copies; a score has that of one copy
        let std = ours.hypot(of_weights * (1.0 + sample.dot(&sample)).sqrt());
        for (score, expected) in scores.iter().zip(expected) {
            let error = (score - expected).abs();
            assert!(error < 10.0 * std, "score {score}, expected {expected}, standard deviation {std:.1e}");
        }
    }
    weights
}

/// Standard deviation of the noise that scoring adds, predicted by its operations without ciphertexts.
fn score_std(training: &Training, weights: &[Array1<f64>], x: &Array2<f64>) -> f64 {
    let (job, packing) = (&training.plan.job, training.plan.job.packing());
    let (spec, level) = (job.spec(), job.spec().score_level.unwrap());
    let engine = Simulate::new(Trace::new(&training.scheme).with_keys(training.plan.keys.clone()));
    let encrypt = |slots: Slots, scale| engine.encrypt(slots, level, Scale::power_of_two(scale)).unwrap();
    let vectors = job.to_vectors(weights).unwrap();
    let state: Vec<_> = vectors
        .iter()
        .zip(job.weights())
        .map(|(w, vector)| packing.tile((w / vector.unit.value()).as_slice().unwrap()))
        .map(|slots| encrypt(slots.into(), spec.state_scale))
        .collect();
    assert!(x.nrows() <= packing.block_samples());
    let diagonals = (0..packing.diagonals()).map(|i| packing.diagonal_slots(&x.view(), i));
    let samples: Vec<_> = diagonals.map(|slots| encrypt(slots, spec.data_scale)).collect();
    let scores = job.head().score(&engine, packing, &samples, &state).unwrap();
    let largest = scores.iter().map(|score| engine.error_std(score)).fold(0.0, f64::max);
    largest * job.head().score_unit().value()
}
