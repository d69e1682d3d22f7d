//! `encrypt`: encrypts embeddings and labels by a plan, or embeddings alone to be scored.

use std::path::Path;

use fhe_head::ckks::serial::AtomicFile;
use serde_json::json;

use crate::args::{EncryptArgs, EncryptOutArgs, PlanAndKeyArgs};
use crate::console::{Console, Outcome};
use crate::data_party::{DataParty, expect_keys_of, expect_scoring};
use crate::exit::{Failure, Result};
use crate::files::growing::{self, Grown, Growth};
use crate::files::keys::KeyFolder;
use crate::files::shown;
use crate::identity::Identity;
use crate::memory;
use crate::plan::PlanFile;
use crate::progress;
use crate::samples::{self, AnyRows, Matrix, Rows as _, Wanted};
use crate::wording::counted;

/// # Errors
/// Data, plan and keys that do not belong together; what an interrupted command left, if the flags do not say what to do with it or it is
/// not of these; a failed write.
pub(super) fn run(arguments: EncryptArgs, console: &Console) -> Result<Outcome> {
    let EncryptArgs { data, party, for_scoring, signer, out } = arguments;
    for path in [Some(&out.out), out.validation_out.as_ref()].into_iter().flatten() {
        growing::expect_wanted(path, out.resume, out.overwrite.overwrite)?;
    }
    let file = PlanFile::read(&party.plan)?;
    expect_keys_of(&file, &KeyFolder::at(&party.keys))?;
    let labels = !for_scoring;
    let weights = file.weight_column().filter(|_| labels);
    let groups = file.group_column().filter(|_| labels);
    let labels_as = file.vocabulary().labels_as();
    let known = Some(file.known());
    let wanted = Wanted { labels, labels_as, weights, groups, overrides: None, known, stored: true };
    let matrix = samples::read(&data.resolve()?, wanted, console)?.rows(file.recipe(), console)?;
    let (shape, stored) = (matrix.x.dim(), matrix.x.are_stored());
    let needed = memory::to_encrypt(file.plan(), &file.parameters()?, shape.into(), for_scoring, stored);
    memory::expect("the encryption", needed)?;
    let identity = Identity::mine(&signer, console)?;
    let done = match for_scoring {
        true => encrypt_for_scoring(file, &matrix, &party, &out, &identity, console)?,
        false => encrypt_training(file, matrix, &party, &out, &identity, console)?,
    };

    let Done { party, samples, features, grown: Grown { ciphertexts, bytes, resumed_after } } = done;
    let key = party.secret.key_id();
    let text = format!(
        "{} of {} in {} under key {key}\n  {} ({}): for the compute party",
        counted(samples, "sample"),
        counted(features, "feature"),
        counted(ciphertexts, "ciphertext"),
        out.out.display(),
        progress::bytes(bytes),
    );
    let json = json!({
        "run": party.file.run(), "samples": samples, "features": features, "ciphertexts": ciphertexts,
        "key_id": key.to_string(), "preset": party.plan().preset,
        "file": shown(&out.out), "bytes": bytes, "resumed_after": resumed_after,
    });
    Ok(Outcome { json, text })
}

/// What was encrypted, and by whom.
struct Done {
    party: DataParty,
    samples: usize,
    features: usize,
    grown: Grown,
}

/// What becomes of an interruption.
fn growth(out: &EncryptOutArgs) -> Growth {
    if out.resume { Growth::Resumed } else { Growth::Anew }
}

/// Encrypts the samples to train on and, in a file of their own, those that the plan holds out. Checks the data before it asks for the
/// passphrase.
fn encrypt_training(
    file: PlanFile,
    matrix: Matrix<AnyRows>,
    party: &PlanAndKeyArgs,
    out: &EncryptOutArgs,
    identity: &Identity,
    console: &Console,
) -> Result<Done> {
    let (training, validation) = file.hold_out(matrix)?;
    let samples = file.samples_to_encrypt(&training)?;
    let validation = match (&validation, &out.validation_out) {
        (Some(validation), Some(path)) => {
            file.expect_features(validation)?;
            Some((validation, path))
        }
        (None, None) => None,
        (Some(_), None) => {
            return Err(Failure::usage(
                "the plan holds samples out for validation: name a file for them with --validation-out",
            ));
        }
        (None, Some(_)) => {
            return Err(Failure::usage("--validation-out: the plan holds no samples out")
                .help("make the plan with `train-head estimate --validation-fraction`"));
        }
    };
    let party = DataParty::unlock(file, &KeyFolder::at(&party.keys), &party.passphrase)?;
    if let Some((validation, path)) = validation
        && !is_done(&party, validation, path, out, identity)?
    {
        party.encrypt_for_scoring(validation, path, identity, growth(out), console)?;
    }
    let grown = party.encrypt_training(samples.view()?, &out.out, identity, growth(out), console)?;
    let (samples, features) = training.x.dim();
    Ok(Done { party, samples, features, grown })
}

/// Whether the interrupted command had written the validation samples.
///
/// # Errors
/// There is another file in their place.
fn is_done(
    party: &DataParty,
    validation: &Matrix<AnyRows>,
    path: &Path,
    out: &EncryptOutArgs,
    identity: &Identity,
) -> Result<bool> {
    if !out.resume || !path.exists() || AtomicFile::writes_through(path) {
        return Ok(false);
    }
    if party.has_encrypted_for_scoring(validation, path, identity.public())? {
        return Ok(true);
    }
    if out.overwrite.overwrite {
        return Ok(false);
    }
    let message =
        format!("--validation-out {}: the file exists already, with other contents", path.display());
    Err(Failure::usage(message).help("--overwrite replaces it"))
}

/// Encrypts samples to score, after the checks.
fn encrypt_for_scoring(
    file: PlanFile,
    matrix: &Matrix<AnyRows>,
    party: &PlanAndKeyArgs,
    out: &EncryptOutArgs,
    identity: &Identity,
    console: &Console,
) -> Result<Done> {
    file.expect_features(matrix)?;
    expect_scoring(file.plan())?;
    let party = DataParty::unlock(file, &KeyFolder::at(&party.keys), &party.passphrase)?;
    let grown = party.encrypt_for_scoring(matrix, &out.out, identity, growth(out), console)?;
    let (samples, features) = matrix.x.dim();
    Ok(Done { party, samples, features, grown })
}
