//! The result of training a head in every arithmetic: predictions, learning curve, costs.

use serde::Serialize;
use serde_json::Value;

use super::measures::Predictions;
use crate::encrypted::Seconds;

/// A head, trained in every arithmetic.
#[derive(Clone, Debug)]
pub(crate) struct Trained {
    pub(crate) predictions: ByArithmetic<Predictions>,
    pub(crate) curve: Vec<Iteration>,
    pub(crate) facts: Facts,
}

/// One value for each arithmetic in which a head is trained, and one for the baseline.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct ByArithmetic<T> {
    /// The baseline: logistic regression, trained to convergence. Absent where it does not converge.
    pub(crate) converged: Option<T>,
    /// The plain twin: the iterations of the encrypted training with exact functions.
    pub(crate) plain: T,
    /// The same iterations with polynomials in place of the functions.
    pub(crate) polynomial: T,
    /// The simulated twin: also with estimated levels, scales and noise.
    pub(crate) simulate: T,
    /// The encrypted twin.
    pub(crate) encrypted: T,
}

impl<T> ByArithmetic<T> {
    /// Names and values.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&'static str, &T)> {
        self.converged.iter().map(|value| ("converged", value)).chain([
            ("plain", &self.plain),
            ("polynomial", &self.polynomial),
            ("simulate", &self.simulate),
            ("encrypted", &self.encrypted),
        ])
    }

    /// Joins the values of several trainings.
    pub(crate) fn join<U>(parts: &[&Self], join: impl Fn(Vec<&T>) -> U) -> ByArithmetic<U> {
        let of = |field: fn(&Self) -> &T| join(parts.iter().map(|part| field(part)).collect());
        let converged: Option<Vec<&T>> = parts.iter().map(|part| part.converged.as_ref()).collect();
        ByArithmetic {
            converged: converged.map(&join),
            plain: of(|values| &values.plain),
            polynomial: of(|values| &values.polynomial),
            simulate: of(|values| &values.simulate),
            encrypted: of(|values| &values.encrypted),
        }
    }
}

/// A point of the learning curve: accuracy on the test samples after an iteration.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Iteration {
    /// Number of the iteration, from 1.
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
    /// Hyperparameters, chosen by cross-validation.
    pub(crate) method: Value,
    pub(crate) iterations: usize,
    pub(crate) bootstraps: usize,
    /// Seconds of the training by the planner's estimate for one core.
    pub(crate) estimated_s: f64,
    pub(crate) seconds: Seconds,
    pub(crate) bytes: Bytes,
    /// Largest difference between a weight of the encrypted head and of the plain twin, in units of the largest weight.
    pub(crate) max_weight_error: f64,
    /// The same for the simulated twin.
    pub(crate) max_weight_error_simulate: f64,
    /// Estimated standard deviation of a weight's noise.
    pub(crate) simulated_error_std: f64,
    pub(crate) peak_rss_bytes: Option<u64>,
}

/// Bytes on the network and in memory.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Bytes {
    /// Encrypted data on the network.
    pub(crate) upload: usize,
    /// Encrypted data in memory.
    pub(crate) data_memory: usize,
    /// Evaluation keys on the network.
    pub(crate) key_files: usize,
    /// Evaluation keys in memory.
    pub(crate) key_memory: usize,
    /// The encrypted head.
    pub(crate) head: usize,
}
