//! An encrypted training with both parties in one process. Each phase is timed.

use std::convert::Infallible;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::{Duration, Instant};

use fhe_head::ckks::SecretKey;
use fhe_head::client::{DataEncryptor, decrypt_head, evaluation_keys_in_memory};
use fhe_head::server::{self, EncryptedHead, EncryptedState};
use head_fit::Training;
use ndarray::Array1;
use serde::Serialize;

use crate::measure::cpu_seconds;

/// Seconds of the phases.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub(crate) struct Seconds {
    /// Cross-validation and planning, on plain data.
    pub(crate) prepare: f64,
    pub(crate) keygen: f64,
    pub(crate) encrypt: f64,
    /// Training, from ciphertexts and keys in memory to the encrypted head.
    pub(crate) train: f64,
    /// Processor time of the training, summed over all threads.
    pub(crate) train_cpu: f64,
    /// Bootstraps, which are part of the training.
    pub(crate) bootstrap: f64,
    pub(crate) decrypt: f64,
}

/// The result of a training.
#[derive(Clone, Debug)]
pub(crate) struct Run {
    /// Decrypted weights: of every iteration if the training was watched, otherwise only of the last.
    pub(crate) weights: Vec<Vec<Array1<f64>>>,
    pub(crate) seconds: Seconds,
    /// Size of the encrypted head in bytes.
    pub(crate) head_bytes: usize,
}

/// Makes keys, encrypts, trains (from `start`, or from zero) and decrypts. If `watched`, the state is decrypted after every iteration;
/// that time is not counted.
///
/// # Errors
/// The library refuses the work, or the training leaves the interval of its sigmoid.
pub(crate) fn train(training: &Training, watched: bool) -> anyhow::Result<Run> {
    let (plan, parameters) = (&training.plan, training.scheme.parameters());
    let mut seconds = Seconds::default();
    let mut watch = Stopwatch::default();
    let secret = SecretKey::generate(parameters)?;
    let keys = Arc::new(evaluation_keys_in_memory(&secret, &plan.keys)?);
    seconds.keygen = watch.lap();
    let encryptor = DataEncryptor::new(&secret, plan, &training.samples);
    let blocks = encryptor.blocks()?;
    let state = match &training.start {
        Some(start) => encryptor.initial_state(start)?,
        None => EncryptedState::default(),
    };
    seconds.encrypt = watch.lap();
    let engine = server::engine(keys, &plan.job)?;
    let (mut weights, mut watching) = (Vec::new(), Duration::ZERO);
    watch.lap();
    let cpu = cpu_seconds();
    let mut watching_cpu = 0.0;
    let trained = server::resume(&engine, &plan.job, &blocks, state, |state| {
        let (start, before) = (Instant::now(), cpu_seconds());
        if watched {
            let (iteration, weights_now) = (state.iteration, state.weights.clone());
            let head = EncryptedHead { iteration, weights: weights_now, history: Vec::new() };
            weights.push(decrypt_head(&secret, &plan.job, &head)?);
        }
        watching += start.elapsed();
        watching_cpu += since(before);
        Ok::<_, fhe_head::Error>(ControlFlow::<Infallible>::Continue(()))
    })?;
    let ControlFlow::Continue(head) = trained;
    seconds.train = watch.lap() - watching.as_secs_f64();
    seconds.train_cpu = since(cpu) - watching_cpu;
    seconds.bootstrap = engine.refresh_time().as_secs_f64();
    let last = decrypt_head(&secret, &plan.job, &head)?;
    seconds.decrypt = watch.lap();
    if !watched {
        weights.push(last);
    }
    let limbs: usize = head.weights.iter().map(|ciphertext| 2 * (ciphertext.level() + 1)).sum();
    Ok(Run { weights, seconds, head_bytes: limbs * parameters.degree() * size_of::<u64>() })
}

/// Processor time since `before`; NaN where the system does not report it.
fn since(before: Option<f64>) -> f64 {
    before.zip(cpu_seconds()).map_or(f64::NAN, |(before, after)| after - before)
}

/// Measures the time between laps.
pub(crate) struct Stopwatch(Instant);

impl Default for Stopwatch {
    fn default() -> Self {
        Self(Instant::now())
    }
}

impl Stopwatch {
    /// Seconds since the last lap.
    pub(crate) fn lap(&mut self) -> f64 {
        let seconds = self.0.elapsed().as_secs_f64();
        self.0 = Instant::now();
        seconds
    }
}
