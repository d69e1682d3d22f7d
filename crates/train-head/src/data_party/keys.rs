//! Making keys: the secret key, and the evaluation keys that a plan needs.

use std::path::Path;

use fhe_head::Plan;
use fhe_head::ckks::{KeyGenerator, Parameters, PublicKey, SecretKey, SwitchingKey};
use fhe_head::client;

use crate::console::Console;
use crate::exit::{Failure, Kind, Result};
use crate::files::evaluation_keys::write_list;
use crate::files::keys::{Generation, write_evaluation_key};
use crate::identity::Identity;
use crate::interrupt;

/// Makes a secret key.
///
/// # Errors
/// The operating system gives no randomness.
pub(crate) fn generate_secret(parameters: &Parameters) -> Result<SecretKey> {
    SecretKey::generate(parameters).map_err(no_randomness)
}

/// Makes the public key of a secret key.
///
/// # Errors
/// The operating system gives no randomness.
pub(crate) fn generate_public(secret: &SecretKey) -> Result<PublicKey> {
    Ok(KeyGenerator::new(secret).map_err(no_randomness)?.public_key())
}

fn no_randomness(error: fhe_head::ckks::Error) -> Failure {
    Failure::unexpected("cannot make keys").because(error)
}

/// Evaluation keys that were written.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Written {
    /// Number of keys, each in a file of its own.
    pub(crate) keys: usize,
    /// Total size in bytes.
    pub(crate) bytes: u64,
}

/// Makes the evaluation keys of a plan, a generation of their own, and writes each to `folder` before the next is made, so that memory
/// holds only one.
///
/// # Errors
/// A key that cannot be made or written; ^C.
pub(crate) fn write_evaluation(
    folder: &Path,
    secret: &SecretKey,
    (plan, generation): (&Plan, Generation),
    identity: &Identity,
    console: &Console,
) -> Result<Written> {
    std::fs::create_dir_all(folder)
        .map_err(|error| Failure::io("create", folder, Kind::Unexpected, error))?;
    // an upper bound: the bootstrap and the training share some keys
    let progress = console.phase("keygen", plan.sizes.keys);
    let mut written = Written::default();
    let mut write = |key: &SwitchingKey| -> Result<()> {
        interrupt::check()?;
        written.bytes += write_evaluation_key(folder, secret, &generation, key)?;
        written.keys += 1;
        progress.step();
        Ok(())
    };
    client::evaluation_keys(secret, &plan.keys, |key| write(&key))?;
    write_list(folder, generation, identity)?;
    progress.done();
    Ok(written)
}
