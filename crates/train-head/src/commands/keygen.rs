//! `keygen`: the keys that a plan needs.

use std::path::Path;

use fhe_head::ckks::{KeyGenerator, Parameters, SecretKey};
use fhe_head::plan::Plan;
use serde_json::json;

use super::encrypt::read_secret;
use crate::args::{KeygenArgs, PlanAndKeyArgs};
use crate::console::{Console, Outcome};
use crate::exit::{Failure, Result};
use crate::files::folder::OutputFolder;
use crate::files::keys::{self, KeyFolder};
use crate::files::passphrase;
use crate::files::plan::PlanFile;
use crate::progress;

/// # Errors
/// No plan, no passphrase, a key that would be overwritten; those of writing.
pub(super) fn run(arguments: &KeygenArgs, console: &Console) -> Result<Outcome> {
    KeyFolder::at(&arguments.out).expect_no_secret()?;
    let file = PlanFile::read(&arguments.plan)?;
    let plan = file.plan()?;
    if let Some(keys) = &arguments.keys {
        return for_another_plan(arguments, keys, &plan, console);
    }
    let passphrase = passphrase::of_new_key(&arguments.new_key)?;
    if passphrase.is_none() {
        console.warn("the secret key is kept unencrypted");
    }

    let folder = OutputFolder::create(&arguments.out)?;
    let staged = KeyFolder::at(folder.path(""));
    let parameters = file.parameters()?;
    let secret = generate_secret(&parameters)?;
    let secret_bytes = staged.write_secret(&secret, passphrase)?;
    let public = KeyGenerator::new(&secret).map_err(no_randomness)?.public_key();
    let public_bytes = staged.write_public(&public)?;
    let evaluation = keys::write_evaluation(&staged.evaluation(), &secret, &plan, console)?;
    folder.commit()?;

    let kept = KeyFolder::at(&arguments.out);
    let text = format!(
        "key {} of {}\n  secret      {} ({})\n  public      {} ({})\n  evaluation  {} ({} keys, {}): for the compute party",
        secret.key_id(),
        parameters.name(),
        kept.secret().display(),
        progress::bytes(secret_bytes),
        kept.public().display(),
        progress::bytes(public_bytes),
        kept.evaluation().display(),
        evaluation.keys,
        progress::bytes(evaluation.bytes),
    );
    let json = json!({
        "key_id": secret.key_id().to_string(), "preset": parameters.name(), "evaluation_keys": evaluation.keys,
        "files": { "secret": kept.secret(), "public": kept.public(), "evaluation": kept.evaluation() },
        "bytes": { "secret": secret_bytes, "public": public_bytes, "evaluation": evaluation.bytes },
    });
    Ok(Outcome { json, text })
}

/// Evaluation keys under a secret key that there is.
fn for_another_plan(arguments: &KeygenArgs, keys: &Path, plan: &Plan, console: &Console) -> Result<Outcome> {
    let party = PlanAndKeyArgs {
        plan: arguments.plan.clone(),
        keys: keys.to_owned(),
        passphrase: arguments.new_key.passphrase.clone(),
    };
    let secret = read_secret(&party, plan)?;
    let folder = OutputFolder::create(&arguments.out)?;
    let staged = KeyFolder::at(folder.path(""));
    let evaluation = keys::write_evaluation(&staged.evaluation(), &secret, plan, console)?;
    folder.commit()?;
    let path = KeyFolder::at(&arguments.out).evaluation();
    let text = format!(
        "key {} of {}, as before\n  evaluation  {} ({} keys, {}): for the compute party",
        secret.key_id(),
        plan.preset,
        path.display(),
        evaluation.keys,
        progress::bytes(evaluation.bytes),
    );
    let json = json!({
        "key_id": secret.key_id().to_string(), "preset": plan.preset, "evaluation_keys": evaluation.keys,
        "files": { "evaluation": path }, "bytes": { "evaluation": evaluation.bytes },
    });
    Ok(Outcome { json, text })
}

/// A fresh secret key.
///
/// # Errors
/// The operating system gives no randomness.
pub(super) fn generate_secret(parameters: &Parameters) -> Result<SecretKey> {
    SecretKey::generate(parameters).map_err(no_randomness)
}

fn no_randomness(error: fhe_head::ckks::Error) -> Failure {
    Failure::unexpected("cannot make keys").because(error)
}
