//! Files of ciphertexts that the data party writes or decrypts.

use std::path::Path;

use fhe_head::ckks::{Ciphertext, FreshCiphertext, SecretKey};
use fhe_head::client::DataEncryptor;
use fhe_head::files::{Origin, SCORES};
use fhe_head::{Job, Plan};

use super::open_under;
use crate::console::Console;
use crate::exit::Result;
use crate::files::signed;
use crate::identity::{Identity, Role, Trust};
use crate::interrupt;

/// Encrypts the training data and writes them, a few ciphertexts at a time. Returns the size in bytes.
///
/// # Errors
/// A failed encryption or write; ^C.
pub(crate) fn write_data(
    path: &Path,
    plan: &Plan,
    encryptor: &DataEncryptor<'_>,
    origin: &Origin,
    identity: &Identity,
    console: &Console,
) -> Result<u64> {
    let progress = console.phase("encrypt", plan.sizes.ciphertexts);
    let bytes = signed::write(path, identity, |file, name| {
        fhe_head::files::write_data(file, name, encryptor, origin, |done| {
            progress.set(done);
            interrupt::check()
        })
        .map(|_| ())
    })?;
    progress.done();
    Ok(bytes)
}

/// Writes samples to score with the head of `job`. Returns the size in bytes.
///
/// # Errors
/// A failed write.
pub(crate) fn write_samples(
    path: &Path,
    secret: &SecretKey,
    (job, origin): (&Job, &Origin),
    blocks: &[Vec<FreshCiphertext>],
    identity: &Identity,
) -> Result<u64> {
    signed::write(path, identity, |file, name| {
        fhe_head::files::write_samples(file, name, secret, job, origin, blocks)?;
        Ok(())
    })
}

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
