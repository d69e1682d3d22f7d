//! The plan with its twins: what to expect of decrypted heads and scores, and what may be published.

use fhe_head::{Functions, twins};
use ndarray::{Array1, Array2};

use super::PlanFile;
use super::arrays::digest;
use super::twins::{Iterate, Kept, Rehearsal, Twins, at, difference};
use crate::exit::{Failure, Result};
use crate::files::head::{Head, Secrecy};
use crate::samples::Matrix;

impl PlanFile {
    /// Keeps the twins.
    ///
    /// # Errors
    /// None in practice: the arrays have names of their own.
    pub(crate) fn with_twins(mut self, rehearsal: &Rehearsal, kept: Kept) -> Result<Self> {
        self.arrays.twins = rehearsal.kept(kept);
        self.contents.tolerance = Some(rehearsal.tolerance + kept.tolerance);
        self.contents.arrays = digest(&self.arrays.to_bytes()?);
        Ok(self)
    }

    /// The last weights of both twins, exact and polynomial, of a training that could not end early; and the tolerance.
    pub(crate) fn last_twins(&self) -> ([Option<Iterate>; 2], f64) {
        let Twins { exact, expected } = &self.arrays.twins;
        let last = |iterates: &Vec<(usize, Iterate)>| match &iterates[..] {
            [(_, only)] => Some(only.clone()),
            _ => None,
        };
        ([last(exact), last(expected)], self.contents.tolerance.unwrap_or_default())
    }

    /// How far decrypted weights are from those that the rehearsal lets expect, relative to what it allows: above 1 is too far. `None` if
    /// there was no rehearsal up to this iteration.
    pub(crate) fn deviation(&self, weights: &[Array1<f64>], iteration: usize) -> Option<f64> {
        let expected = at(&self.arrays.twins.expected, iteration)?;
        Some(difference(weights, expected) / self.contents.tolerance?)
    }

    /// The scores of samples that the rehearsal lets expect after an iteration: samples (rows) by outputs (columns). `None` if there was no
    /// rehearsal up to this iteration.
    ///
    /// # Errors
    /// Samples of other features than the plan's.
    pub(crate) fn expected_scores(&self, matrix: &Matrix, iteration: usize) -> Result<Option<Array2<f64>>> {
        let Some(weights) = at(&self.arrays.twins.expected, iteration) else { return Ok(None) };
        let x = self.features(matrix)?;
        Ok(Some(twins::score(self.job(), weights, &x.view(), Functions::Polynomials)?))
    }

    /// The exact twin of the head after an iteration, which may be published.
    ///
    /// # Errors
    /// The plan has no twin for this iteration.
    pub(crate) fn exact_twin(&self, iteration: usize) -> Result<Head> {
        let Some(weights) = at(&self.arrays.twins.exact, iteration) else {
            return Err(Failure::parameters(format!(
                "nothing to publish: the plan has no twin in the clear of the head after {iteration} iterations"
            ))
            .help("a training has none that goes on from a private head or from one that could end early: train from the start to publish"));
        };
        self.head_of(weights, iteration, Secrecy::Published)
    }
}
