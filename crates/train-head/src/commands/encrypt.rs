//! `encrypt`: embeddings and labels to ciphertexts, by a plan.

use std::path::Path;

use fhe_head::ckks::SecretKey;
use fhe_head::client::DataEncryptor;
use fhe_head::plan::Plan;
use fhe_head::samples::Samples;
use serde_json::json;

use crate::args::EncryptArgs;
use crate::console::{Console, Outcome};
use crate::exit::{Failure, Result};
use crate::files::ciphertexts;
use crate::files::keys::KeyFolder;
use crate::files::plan::PlanFile;
use crate::progress;
use crate::samples;

/// # Errors
/// Data, plan and keys that do not belong together; those of writing.
pub(super) fn run(arguments: EncryptArgs, console: &Console) -> Result<Outcome> {
    let file = PlanFile::read(&arguments.plan)?;
    let source = arguments.data.resolve()?;
    let matrix = samples::read(&source, true, file.feature_names())?.embed(None, console)?;
    let prepared = file.samples(&matrix)?;
    let plan = file.plan()?;
    let secret = KeyFolder::at(&arguments.keys).read_secret(&arguments.passphrase)?;
    expect_preset(&secret, &plan)?;
    let bytes = write_data(&arguments.out, &secret, &plan, &prepared, console)?;

    let text = format!(
        "{} samples of {} features in {} ciphertexts under key {}\n  {} ({}): for the compute party",
        matrix.x.nrows(),
        matrix.x.ncols(),
        plan.sizes.ciphertexts,
        secret.key_id(),
        arguments.out.display(),
        progress::bytes(bytes),
    );
    let json = json!({
        "samples": matrix.x.nrows(), "features": matrix.x.ncols(), "ciphertexts": plan.sizes.ciphertexts,
        "key_id": secret.key_id().to_string(), "preset": plan.preset,
        "file": arguments.out, "bytes": bytes,
    });
    Ok(Outcome { json, text })
}

/// Encrypts samples to a file; returns its size.
///
/// # Errors
/// Those of encrypting and writing.
pub(super) fn write_data(
    path: &Path,
    secret: &SecretKey,
    plan: &Plan,
    samples: &Samples,
    console: &Console,
) -> Result<u64> {
    ciphertexts::write_data(path, plan, &DataEncryptor::new(secret, plan, samples), console)
}

/// Refuses a key of another parameter set than the plan's.
///
/// # Errors
/// It is.
pub(super) fn expect_preset(secret: &SecretKey, plan: &Plan) -> Result<()> {
    let found = secret.parameters().name();
    if found == plan.preset {
        return Ok(());
    }
    Err(Failure::file(format!("the secret key is of preset {found}, the plan of {}", plan.preset))
        .help("`train-head keygen --plan` makes keys for a plan"))
}
