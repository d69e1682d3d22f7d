//! Where heads and scores are decrypted.

use std::path::Path;

use fhe_head::client;
use ndarray::{Array1, Array2};

use super::DataParty;
use crate::exit::{Failure, Kind, Result};
use crate::files::ciphertexts;
use crate::files::head::Head;

/// A head that was trained on ciphertexts, decrypted.
pub(crate) struct DecryptedHead {
    /// The head for features as they are read.
    pub(crate) head: Head,
    /// Its weights in the space that was encrypted.
    pub(crate) weights: Vec<Array1<f64>>,
    /// Iterations of the training.
    pub(crate) iterations: usize,
}

impl DataParty {
    /// Decrypts the head in a file.
    ///
    /// # Errors
    /// A head of another key or plan; a head that a diverged training left.
    pub(crate) fn decrypt_head(&self, path: &Path) -> Result<DecryptedHead> {
        let (job, encrypted) = ciphertexts::read_head(path, self.secret.parameters(), self.secret.key_id())?;
        if job != *self.file.job() {
            return Err(Failure::file(format!("{}: this head was trained by another plan", path.display()))
                .help("give the plan that the data were encrypted by"));
        }
        let weights = client::decrypt_head(&self.secret, &job, &encrypted)?;
        let iterations = encrypted.iteration;
        let head = self.file.head(&weights, iterations)?;
        Ok(DecryptedHead { head, weights, iterations })
    }

    /// Decrypts a file of scores for `samples` samples: samples (rows) by outputs (columns).
    ///
    /// # Errors
    /// Scores of another key or plan, or of another number of samples; scores of a head that diverged.
    pub(crate) fn decrypt_scores(&self, path: &Path, samples: usize) -> Result<Array2<f64>> {
        let scores = ciphertexts::read_scores(path, &self.secret)?;
        if scores.job != *self.file.job() {
            let message = format!("{}: these scores come from a head of another plan", path.display());
            return Err(Failure::file(message).help("give the plan that the samples were encrypted by"));
        }
        let (rows, blocks) = (scores.job.packing().block_samples(), scores.blocks.len());
        if samples.div_ceil(rows) != blocks {
            return Err(Failure::data(format!(
                "{} holds scores of {} to {} samples, the data are {samples}",
                path.display(),
                blocks.saturating_sub(1) * rows + 1,
                blocks * rows
            ))
            .help("give the data that were encrypted for scoring"));
        }
        client::decrypt_scores(&self.secret, &scores.job, samples, &scores.blocks).map_err(|error| {
            let failure = Failure::from(error);
            match failure.kind() {
                Kind::Diverged => Failure::diverged(format!(
                    "{}: scores of the head after {} iterations are out of range",
                    path.display(),
                    scores.iteration
                ))
                .because(failure)
                .help("check that the samples come from the same encoder or table; `train-head decrypt` checks the head itself"),
                _ => failure,
            }
        })
    }
}
