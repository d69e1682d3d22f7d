//! What a training of any head gives: predictions of each arithmetic, the learning curve, costs.

use serde::Serialize;
use serde_json::Value;

use super::measures::Predictions;
use crate::encrypted::Seconds;

/// A training in every arithmetic.
#[derive(Clone, Debug)]
pub(crate) struct Trained {
    pub(crate) heads: Heads<Predictions>,
    pub(crate) curve: Vec<Point>,
    pub(crate) facts: Facts,
}

/// One of each arithmetic.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Heads<T> {
    /// Logistic regression to convergence, the usual yardstick.
    pub(crate) converged: Option<T>,
    /// The same iterations as the encrypted training, with exact functions.
    pub(crate) plain: T,
    /// The same with polynomials for the functions.
    pub(crate) polynomial: T,
    /// The same with levels, scales and noise by estimate.
    pub(crate) simulate: T,
    /// On ciphertexts.
    pub(crate) encrypted: T,
}

impl<T> Heads<T> {
    /// Names and values, in order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&'static str, &T)> {
        self.converged.iter().map(|value| ("converged", value)).chain([
            ("plain", &self.plain),
            ("polynomial", &self.polynomial),
            ("simulate", &self.simulate),
            ("encrypted", &self.encrypted),
        ])
    }

    /// One of each from several trainings.
    pub(crate) fn join<U>(parts: &[&Self], join: impl Fn(Vec<&T>) -> U) -> Heads<U> {
        let of = |field: fn(&Self) -> &T| join(parts.iter().map(|part| field(part)).collect());
        let converged: Option<Vec<&T>> = parts.iter().map(|part| part.converged.as_ref()).collect();
        Heads {
            converged: converged.map(&join),
            plain: of(|heads| &heads.plain),
            polynomial: of(|heads| &heads.polynomial),
            simulate: of(|heads| &heads.simulate),
            encrypted: of(|heads| &heads.encrypted),
        }
    }
}

/// Accuracy on the test samples after an iteration.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Point {
    pub(crate) iteration: usize,
    pub(crate) plain: f64,
    pub(crate) polynomial: f64,
    pub(crate) encrypted: f64,
}

/// Parameters and costs of a training.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Facts {
    pub(crate) preset: String,
    pub(crate) ring_degree: usize,
    pub(crate) log_qp: f64,
    pub(crate) security_bits: u32,
    /// What was chosen by cross-validation.
    pub(crate) method: Value,
    pub(crate) iterations: usize,
    pub(crate) bootstraps: usize,
    /// The planner's estimate of the training, one core.
    pub(crate) estimated_s: f64,
    pub(crate) seconds: Seconds,
    pub(crate) bytes: Bytes,
    /// Largest difference of a weight of the encrypted head to the plain twin's, in units of the largest weight.
    pub(crate) max_weight_error: f64,
    /// The same to the simulated twin.
    pub(crate) max_weight_error_simulate: f64,
    /// Standard deviation of a weight's noise, by estimate.
    pub(crate) simulated_error_std: f64,
    pub(crate) peak_rss_bytes: Option<u64>,
}

/// Bytes on the wire and in memory.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Bytes {
    /// Encrypted data as it travels.
    pub(crate) upload: usize,
    pub(crate) data_memory: usize,
    /// Evaluation keys as they travel.
    pub(crate) key_files: usize,
    pub(crate) key_memory: usize,
    /// The encrypted head.
    pub(crate) head: usize,
}
