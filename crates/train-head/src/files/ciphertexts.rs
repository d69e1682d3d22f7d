//! Files of ciphertexts, in the formats of [`fhe_head::files`]. The compute party gets encrypted data and samples to score, and gives
//! back encrypted heads and scores.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use fhe_head::Job;
use fhe_head::Plan;
use fhe_head::ckks::serial::{AtomicFile, FileKind, Reader};
use fhe_head::ckks::{Ciphertext, EvaluationKeys, KeyId, Parameters, SecretKey, SeededCiphertext};
use fhe_head::client::DataEncryptor;
use fhe_head::files::{DATA, HEAD, SAMPLES, SCORES, STATE};
use fhe_head::server::{EncryptedBlock, EncryptedHead, EncryptedState};

use super::keys::open;
use super::{Access, create, size, write_with};
use crate::console::Console;
use crate::exit::{Failure, Result, read_failure, write_failure};
use crate::interrupt;

/// Encrypts the training data and writes them, a few ciphertexts at a time. Returns the size in bytes.
///
/// # Errors
/// A failed encryption or write; ^C.
pub(crate) fn write_data(
    path: &Path,
    plan: &Plan,
    encryptor: &DataEncryptor<'_>,
    console: &Console,
) -> Result<u64> {
    let progress = console.phase("encrypt", plan.sizes.ciphertexts);
    let bytes = write(path, |file, name| {
        fhe_head::files::write_data(file, name, encryptor, |done| {
            progress.set(done);
            interrupt::check()
        })
    })?;
    progress.done();
    Ok(bytes)
}

/// Encrypted data to train on.
pub(crate) struct TrainingData {
    /// The public description of the training.
    pub(crate) job: Job,
    /// The samples.
    pub(crate) blocks: Vec<EncryptedBlock>,
    /// The state before the first iteration.
    pub(crate) start: EncryptedState,
}

/// Reads encrypted data to train on with `keys`.
///
/// # Errors
/// A file that is damaged, of another kind, or of another key or parameter set.
pub(crate) fn read_data(path: &Path, keys: &EvaluationKeys, console: &Console) -> Result<TrainingData> {
    let reader = open_under(path, DATA, keys.parameters(), keys.key_id())?;
    let progress = console.phase("load data", 1);
    let (job, blocks, start) = fhe_head::files::read_data(reader, keys.parameters())?;
    progress.done();
    Ok(TrainingData { job, blocks, start })
}

/// An encrypted head that is going to be written. Meanwhile no other process can write to its place.
pub(crate) struct NewHead<'a> {
    path: &'a Path,
    file: AtomicFile,
}

impl<'a> NewHead<'a> {
    /// Takes the place of a head, and removes what killed processes left beside it.
    ///
    /// # Errors
    /// Another process has it; a failure of the operating system.
    pub(crate) fn create(path: &'a Path) -> Result<Self> {
        let file = create(path, Access::Shared)?;
        AtomicFile::remove_abandoned(path).map_err(write_failure)?;
        Ok(Self { path, file })
    }

    /// Writes the head. Returns the size in bytes.
    ///
    /// # Errors
    /// A failed write.
    pub(crate) fn write(mut self, job: &Job, head: &EncryptedHead) -> Result<u64> {
        fhe_head::files::write_head(&mut self.file, &self.path.display().to_string(), job, head)?;
        self.file.commit().map_err(write_failure)?;
        size(self.path)
    }
}

/// Writes an encrypted head. Returns the size in bytes.
///
/// # Errors
/// A failed write.
pub(crate) fn write_head(path: &Path, job: &Job, head: &EncryptedHead) -> Result<u64> {
    NewHead::create(path)?.write(job, head)
}

/// Writes the encrypted state after an iteration: a checkpoint.
///
/// # Errors
/// A failed write.
pub(crate) fn write_state(path: &Path, job: &Job, state: &EncryptedState) -> Result<()> {
    write(path, |file, name| Ok(fhe_head::files::write_state(file, name, job, state)?))?;
    Ok(())
}

/// Reads a checkpoint of the training of `job` with `keys`.
///
/// # Errors
/// A file that is damaged, of another kind, of another key or parameter set, or of another job.
pub(crate) fn read_state(path: &Path, keys: &EvaluationKeys, job: &Job) -> Result<EncryptedState> {
    let reader = open_under(path, STATE, keys.parameters(), keys.key_id())?;
    let (found, state) = fhe_head::files::read_state(reader, keys.parameters())?;
    if found != *job || state.iteration >= job.iterations() {
        return Err(Failure::file(format!("{}: a checkpoint of another training", path.display()))
            .help("remove it to start anew"));
    }
    Ok(state)
}

/// Reads an encrypted head, which must be under the key with this id, and the job that it was trained by.
///
/// # Errors
/// A file that is damaged, of another kind, or of another key or parameter set.
pub(crate) fn read_head(path: &Path, parameters: &Parameters, key_id: KeyId) -> Result<(Job, EncryptedHead)> {
    Ok(fhe_head::files::read_head(open_under(path, HEAD, parameters, key_id)?, parameters)?)
}

/// Writes samples to score with the head of `job`. Returns the size in bytes.
///
/// # Errors
/// A failed write.
pub(crate) fn write_samples(
    path: &Path,
    secret: &SecretKey,
    job: &Job,
    blocks: &[Vec<SeededCiphertext>],
) -> Result<u64> {
    write(path, |file, name| Ok(fhe_head::files::write_samples(file, name, secret, job, blocks)?))
}

/// Reads samples to score with `keys`, and the job of the head that they were encrypted for.
///
/// # Errors
/// A file that is damaged, of another kind, or of another key or parameter set.
pub(crate) fn read_samples(path: &Path, keys: &EvaluationKeys) -> Result<(Job, Vec<Vec<Ciphertext>>)> {
    let reader = open_under(path, SAMPLES, keys.parameters(), keys.key_id())?;
    Ok(fhe_head::files::read_samples(reader, keys.parameters())?)
}

/// Writes the scores of the head of `job` after `iteration` iterations. Returns the size in bytes.
///
/// # Errors
/// A failed write.
pub(crate) fn write_scores(
    path: &Path,
    job: &Job,
    iteration: usize,
    scores: &[Vec<Ciphertext>],
) -> Result<u64> {
    write(path, |file, name| Ok(fhe_head::files::write_scores(file, name, job, iteration, scores)?))
}

/// Encrypted scores.
pub(crate) struct Scores {
    /// The job of the head that gave them.
    pub(crate) job: Job,
    /// Iterations of that head.
    pub(crate) iteration: usize,
    /// One list of ciphertexts per block of samples.
    pub(crate) blocks: Vec<Vec<Ciphertext>>,
}

/// Reads scores under `secret`.
///
/// # Errors
/// A file that is damaged, of another kind, or of another key or parameter set.
pub(crate) fn read_scores(path: &Path, secret: &SecretKey) -> Result<Scores> {
    let reader = open_under(path, SCORES, secret.parameters(), secret.key_id())?;
    let (job, iteration, blocks) = fhe_head::files::read_scores(reader, secret.parameters())?;
    Ok(Scores { job, iteration, blocks })
}

/// Writes a file with `write`, which gets the file and its name for messages. Returns the size in bytes.
fn write(
    path: &Path,
    write: impl for<'f> FnOnce(&'f mut AtomicFile, &str) -> Result<&'f mut AtomicFile>,
) -> Result<u64> {
    write_with(path, Access::Shared, |file| write(file, &path.display().to_string()).map(|_| ()))?;
    size(path)
}

/// Opens a file, which must be of a kind, a parameter set and a key.
fn open_under(
    path: &Path,
    kind: FileKind,
    parameters: &Parameters,
    key_id: KeyId,
) -> Result<Reader<BufReader<File>>> {
    let reader = open(path, kind)?;
    reader.expect_parameters(parameters).map_err(read_failure)?;
    reader.expect_key(key_id).map_err(read_failure)?;
    Ok(reader)
}
