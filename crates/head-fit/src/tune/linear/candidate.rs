//! A whole method, as it comes out of the search.

use fhe_head::Optimizer;

use crate::calibrator::Calibrator;
use crate::features::Preprocessing;
use crate::tune::approximation::Approximation;
use crate::tune::held_out::Measured;

/// A whole method.
#[derive(Clone)]
pub(super) struct Candidate {
    pub(super) preprocessing: Preprocessing,
    pub(super) optimizer: Optimizer,
    pub(super) learning_rate: f64,
    pub(super) approximation: Approximation,
    pub(super) iterations: usize,
    pub(super) calibrator: Calibrator,
    /// What cross-validation says of it, if it was asked.
    pub(super) held_out: Option<Measured>,
    /// Held-out loss, and what the deviation from the exact link is worth.
    pub(super) objective: f64,
}

impl Candidate {
    /// Multiplicative depth of the iterations after the first.
    pub(super) fn depth(&self) -> usize {
        (self.iterations - 1) * (2 + self.approximation.depth())
    }
}
