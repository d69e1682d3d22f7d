//! `encrypt`: embeddings and labels to ciphertexts, by a plan; or embeddings alone, to be scored.

use std::path::Path;

use fhe_head::ckks::SecretKey;
use fhe_head::client::{DataEncryptor, encrypt_for_scoring};
use fhe_head::plan::Plan;
use fhe_head::samples::Samples;
use ndarray::{Array1, Array2};
use serde_json::json;

use crate::args::{EncryptArgs, PlanAndKeyArgs};
use crate::console::{Console, Outcome};
use crate::exit::{Failure, Result, training_failure};
use crate::files::ciphertexts;
use crate::files::keys::KeyFolder;
use crate::files::plan::PlanFile;
use crate::progress;
use crate::samples;

/// # Errors
/// Data, plan and keys that do not belong together; those of writing.
pub(super) fn run(arguments: EncryptArgs, console: &Console) -> Result<Outcome> {
    let file = PlanFile::read(&arguments.party.plan)?;
    let source = arguments.data.resolve()?;
    let labelled = !arguments.for_scoring;
    let weights = file.weight_column().filter(|_| labelled);
    let matrix =
        samples::read_weighted(&source, labelled, file.feature_names(), weights)?.embed(None, console)?;
    let (mut samples, features) = matrix.x.dim();
    let plan = file.plan()?;
    let key = || read_secret(&arguments.party, &plan);
    let (secret, ciphertexts, bytes) = if arguments.for_scoring {
        let x = file.features(&matrix)?;
        expect_scoring(&plan)?;
        let secret = key()?;
        let (ciphertexts, bytes) = write_samples(&arguments.out, &secret, &plan, &x, console)?;
        (secret, ciphertexts, bytes)
    } else {
        let (training, validation) = file.hold_out(matrix)?;
        samples = training.x.nrows();
        let prepared = file.samples(&training)?;
        let validation = match (&validation, &arguments.validation_out) {
            (Some(validation), Some(path)) => Some((file.features(validation)?, path)),
            (None, None) => None,
            (Some(_), None) => {
                return Err(Failure::usage(
                    "the plan holds samples out: name a file for them with --validation-out",
                ));
            }
            (None, Some(_)) => {
                return Err(Failure::usage("--validation-out: the plan holds no samples out")
                    .help("make the plan with `train-head estimate --validation-fraction`"));
            }
        };
        let secret = key()?;
        if let Some((x, path)) = validation {
            write_samples(path, &secret, &plan, &x, console)?;
        }
        let bytes = write_data(&arguments.out, &secret, &plan, (&prepared, file.start()), console)?;
        (secret, plan.sizes.ciphertexts, bytes)
    };

    let text = format!(
        "{} samples of {} features in {} ciphertexts under key {}\n  {} ({}): for the compute party",
        samples,
        features,
        ciphertexts,
        secret.key_id(),
        arguments.out.display(),
        progress::bytes(bytes),
    );
    let json = json!({
        "samples": samples, "features": features, "ciphertexts": ciphertexts,
        "key_id": secret.key_id().to_string(), "preset": plan.preset,
        "file": arguments.out, "bytes": bytes,
    });
    Ok(Outcome { json, text })
}

/// Encrypts samples, and the parameters to start from if there are any, to a file; returns its size.
///
/// # Errors
/// Those of encrypting and writing.
pub(super) fn write_data(
    path: &Path,
    secret: &SecretKey,
    plan: &Plan,
    (samples, start): (&Samples, Option<Vec<Array1<f64>>>),
    console: &Console,
) -> Result<u64> {
    let encryptor = DataEncryptor::new(secret, plan, samples).with_start(start.as_deref());
    ciphertexts::write_data(path, plan, &encryptor, console)
}

/// Encrypts samples to be scored (rows, in the space that is encrypted) to a file; returns the number of ciphertexts and its size.
///
/// # Errors
/// Those of encrypting and writing.
pub(super) fn write_samples(
    path: &Path,
    secret: &SecretKey,
    plan: &Plan,
    x: &Array2<f64>,
    console: &Console,
) -> Result<(usize, u64)> {
    let phase = console.phase("encrypt", 1);
    let blocks = encrypt_for_scoring(secret, &plan.job, &x.view()).map_err(training_failure)?;
    let bytes = ciphertexts::write_samples(path, secret, &plan.job, &blocks)?;
    phase.done();
    Ok((blocks.iter().map(Vec::len).sum(), bytes))
}

/// Refuses a plan that leaves no levels for scoring.
///
/// # Errors
/// It does not.
fn expect_scoring(plan: &Plan) -> Result<()> {
    match plan.job.spec().score_level {
        Some(_) => Ok(()),
        None => Err(Failure::parameters("the plan leaves no levels for encrypted predictions")
            .help("make the plan, its keys and the head with `train-head estimate --scoring`")),
    }
}

/// The secret key of a plan's training.
///
/// # Errors
/// Whatever is wrong with the file or the passphrase; a key of another parameter set than the plan's.
pub(super) fn read_secret(party: &PlanAndKeyArgs, plan: &Plan) -> Result<SecretKey> {
    let secret = KeyFolder::at(&party.keys).read_secret(&party.passphrase)?;
    let found = secret.parameters().name();
    if found == plan.preset {
        return Ok(secret);
    }
    Err(Failure::file(format!("the secret key is of preset {found}, the plan of {}", plan.preset))
        .help("`train-head keygen --plan` makes keys for a plan"))
}
