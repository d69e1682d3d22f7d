//! Files of ciphertexts that the data party decrypts. Those that it writes grow ([`crate::files::growing`]).

use std::path::Path;

use fhe_head::Job;
use fhe_head::ckks::{Ciphertext, SecretKey};
use fhe_head::files::{Origin, SCORES};

use super::open_under;
use crate::exit::Result;
use crate::identity::{Role, Trust};

/// Encrypted scores.
pub(crate) struct Scores {
    /// The job of the head that gave them.
    pub(crate) job: Job,
    /// The run of that head, and the samples that were scored.
    pub(crate) origin: Origin,
    /// Iterations of that head.
    pub(crate) iteration: usize,
    /// One list of ciphertexts per block of samples.
    pub(crate) blocks: Vec<Vec<Ciphertext>>,
}

/// Reads scores under `secret`.
///
/// # Errors
/// A file that is damaged, of another kind, of another key or parameter set, or not signed by whom it must be.
pub(crate) fn read_scores(path: &Path, secret: &SecretKey, trust: &Trust) -> Result<Scores> {
    let of = (secret.parameters(), secret.key_id());
    let reader = open_under(path, SCORES, of, (trust, Role::Compute))?;
    let (job, origin, iteration, blocks) = fhe_head::files::read_scores(reader, secret.parameters())?;
    Ok(Scores { job, origin, iteration, blocks })
}
