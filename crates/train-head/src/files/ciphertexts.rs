//! Files of ciphertexts: encrypted data (what the compute party gets) and encrypted heads (what it gives back), in the
//! formats of [`fhe_head::files`].

use std::path::Path;

use fhe_head::ckks::{EvaluationKeys, Parameters, SecretKey};
use fhe_head::client::DataEncryptor;
use fhe_head::files::{DATA, HEAD, STATE};
use fhe_head::job::Job;
use fhe_head::plan::Plan;
use fhe_head::server::{EncryptedBlock, EncryptedHead, EncryptedState};

use super::keys::open;
use super::{Access, read_failure, size, write_with};
use crate::console::Console;
use crate::exit::{Failure, Result, keep_failure, training_failure};
use crate::interrupt;

/// Encrypts and writes some ciphertexts at a time; returns the size.
///
/// # Errors
/// Those of encrypting and writing; ^C.
pub(crate) fn write_data(
    path: &Path,
    plan: &Plan,
    encryptor: &DataEncryptor<'_>,
    console: &Console,
) -> Result<u64> {
    let progress = console.phase("encrypt", plan.sizes.ciphertexts);
    write_with(path, Access::Shared, |file| {
        let name = path.display().to_string();
        keep_failure(|keep| {
            fhe_head::files::write_data(file, &name, encryptor, |done| {
                progress.set(done);
                keep(interrupt::check())
            })
        })?;
        Ok(())
    })?;
    progress.done();
    size(path)
}

/// Reads encrypted data for training with `keys`.
///
/// # Errors
/// A file that is damaged, of another kind, or of another key or parameter set.
pub(crate) fn read_data(
    path: &Path,
    keys: &EvaluationKeys,
    console: &Console,
) -> Result<(Job, Vec<EncryptedBlock>)> {
    let reader = open(path, DATA)?;
    reader.expect_parameters(keys.parameters()).map_err(read_failure)?;
    reader.expect_key(keys.key_id()).map_err(read_failure)?;
    let progress = console.phase("load data", 1);
    let read = fhe_head::files::read_data(reader, keys.parameters()).map_err(training_failure)?;
    progress.done();
    Ok(read)
}

/// Writes an encrypted head; returns the size.
///
/// # Errors
/// Those of writing.
pub(crate) fn write_head(path: &Path, job: &Job, head: &EncryptedHead) -> Result<u64> {
    write_with(path, Access::Shared, |file| {
        let name = path.display().to_string();
        fhe_head::files::write_head(file, &name, job, head).map_err(training_failure)?;
        Ok(())
    })?;
    size(path)
}

/// Writes the state after an iteration.
///
/// # Errors
/// Those of writing.
pub(crate) fn write_state(path: &Path, job: &Job, state: &EncryptedState) -> Result<()> {
    write_with(path, Access::Shared, |file| {
        let name = path.display().to_string();
        fhe_head::files::write_state(file, &name, job, state).map_err(training_failure)?;
        Ok(())
    })
}

/// Reads the state of a training of `job` with `keys`.
///
/// # Errors
/// A file that is damaged, of another kind, of another key or parameter set, or of another job.
pub(crate) fn read_state(path: &Path, keys: &EvaluationKeys, job: &Job) -> Result<EncryptedState> {
    let reader = open(path, STATE)?;
    reader.expect_parameters(keys.parameters()).map_err(read_failure)?;
    reader.expect_key(keys.key_id()).map_err(read_failure)?;
    let (found, state) = fhe_head::files::read_state(reader, keys.parameters()).map_err(training_failure)?;
    if found != *job || state.iteration >= job.iterations() {
        return Err(Failure::file(format!("{}: a checkpoint of another training", path.display()))
            .help("remove it to start from the beginning"));
    }
    Ok(state)
}

/// Reads an encrypted head under `secret`.
///
/// # Errors
/// A file that is damaged, of another kind, or of another key or parameter set.
pub(crate) fn read_head(path: &Path, secret: &SecretKey) -> Result<(Job, EncryptedHead)> {
    let parameters: &Parameters = secret.parameters();
    let reader = open(path, HEAD)?;
    reader.expect_parameters(parameters).map_err(read_failure)?;
    reader.expect_key(secret.key_id()).map_err(read_failure)?;
    fhe_head::files::read_head(reader, parameters).map_err(training_failure)
}
