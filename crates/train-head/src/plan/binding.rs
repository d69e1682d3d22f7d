//! What a plan is known by: the run's name, and keyed digests of what is private.

use std::fmt;

use fhe_head::files::{Digest, RunId, Tag};
use ndarray::{Array2, Axis};
use serde::{Deserialize, Serialize};

use crate::exit::{Failure, Result};
use crate::interrupt;
use crate::samples::{Matrix, Rows};

/// Rows that are hashed at once, so that their bytes take little memory.
const ROWS_AT_ONCE: usize = 1 << 10;

/// What a plan is known by.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Binding {
    /// Names the run.
    pub(super) run: RunId,
    /// The earlier run whose head the training goes on from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) continues: Option<RunId>,
    /// Makes digests that travel; never leaves the data party.
    pub(super) salt: Salt,
    /// Keyed digest of the samples to train on.
    pub(super) samples: Digest,
    /// The same of those that are held out for validation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) validation: Option<Digest>,
}

/// A secret of the plan. Digests are keyed with it: without it nobody can try out which data have a digest.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Salt(Tag<32>);

impl fmt::Debug for Salt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Salt")
    }
}

impl Salt {
    /// A keyed digest; `context` says of what.
    pub(super) fn hasher(&self, context: &str) -> blake3::Hasher {
        blake3::Hasher::new_keyed(&blake3::derive_key(context, &self.0.0))
    }

    fn of_numbers(&self, context: &str, arrays: &[&dyn Rows]) -> Result<Digest> {
        let mut hasher = self.hasher(context);
        for array in arrays {
            let (rows, columns) = array.dim();
            for length in [rows, columns] {
                hasher.update(&(length as u64).to_le_bytes());
            }
            let mut bytes = Vec::new();
            for start in (0..rows).step_by(ROWS_AT_ONCE) {
                interrupt::check()?;
                bytes.clear();
                // -0 is 0
                let numbers = array.range(start..(start + ROWS_AT_ONCE).min(rows))?;
                bytes.extend(numbers.iter().flat_map(|number| (number + 0.0).to_le_bytes()));
                hasher.update(&bytes);
            }
        }
        Ok(finish(&hasher))
    }

    /// Keyed digest of samples to train on, with their encoded labels.
    ///
    /// # Errors
    /// Features that cannot be read; ^C.
    pub(super) fn of_training<X: Rows>(&self, matrix: &Matrix<X>, y: &Array2<f64>) -> Result<Digest> {
        let weights = matrix.sample_weight().insert_axis(Axis(1));
        self.of_numbers("train-head 2026-11 training samples", &[&matrix.x, y, &weights])
    }

    /// Keyed digest of samples to score.
    ///
    /// # Errors
    /// As [`Self::of_training`].
    pub(super) fn of_features<X: Rows>(&self, matrix: &Matrix<X>) -> Result<Digest> {
        self.of_numbers("train-head 2026-11 samples to score", &[&matrix.x])
    }
}

/// The digest of what was hashed.
pub(super) fn finish(hasher: &blake3::Hasher) -> Digest {
    Tag(*hasher.finalize().as_bytes())
}

/// Random bytes.
///
/// # Errors
/// The operating system gives none.
pub(super) fn random<const N: usize>() -> Result<Tag<N>> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes)
        .map_err(|error| Failure::unexpected("no randomness for the name of a run").because(error))?;
    Ok(Tag(bytes))
}

impl Binding {
    /// That of a new run on these samples, with their encoded labels.
    ///
    /// # Errors
    /// The operating system gives no randomness.
    pub(super) fn new(training: &Matrix, y: &Array2<f64>) -> Result<Self> {
        let salt = Salt(random()?);
        let samples = salt.of_training(training, y)?;
        Ok(Self { run: random()?, continues: None, salt, samples, validation: None })
    }

    /// That of a new run which goes on from the head of this one.
    ///
    /// # Errors
    /// The operating system gives no randomness.
    pub(super) fn continued(&self, training: &Matrix, y: &Array2<f64>) -> Result<Self> {
        Ok(Self { continues: Some(self.run), ..Self::new(training, y)? })
    }

    /// The same with samples held out for validation.
    ///
    /// # Errors
    /// None in practice: the samples are in memory.
    pub(super) fn with_validation(self, validation: Option<&Matrix>) -> Result<Self> {
        let validation = validation.map(|matrix| self.salt.of_features(matrix)).transpose()?;
        Ok(Self { validation, ..self })
    }
}
