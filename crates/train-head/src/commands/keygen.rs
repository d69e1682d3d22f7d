//! `keygen`: makes the keys that a plan needs.

use std::path::Path;

use serde_json::json;

use crate::args::KeygenArgs;
use crate::console::{Console, Outcome};
use crate::data_party::{DataParty, keys};
use crate::exit::Result;
use crate::files::folder::OutputFolder;
use crate::files::keys::KeyFolder;
use crate::files::shown;
use crate::identity::Identity;
use crate::memory;
use crate::passphrase;
use crate::plan::PlanFile;
use crate::progress;

/// # Errors
/// No plan; no passphrase; a secret key that would be overwritten; a failed write.
pub(super) fn run(arguments: &KeygenArgs, console: &Console) -> Result<Outcome> {
    KeyFolder::at(&arguments.out).expect_no_secret()?;
    let file = PlanFile::read(&arguments.plan)?;
    memory::expect("making keys", memory::to_make_keys(file.plan(), &file.parameters()?))?;
    match &arguments.keys {
        Some(keys) => under_earlier_key(arguments, keys, file, console),
        None => all_keys(arguments, &file, console),
    }
}

/// Makes secret, public and evaluation keys.
fn all_keys(arguments: &KeygenArgs, file: &PlanFile, console: &Console) -> Result<Outcome> {
    let identity = Identity::mine(&arguments.signer, console)?;
    let passphrase = passphrase::of_new_key(&arguments.new_key)?;
    if passphrase.is_none() {
        console.warn("the secret key is kept unencrypted");
    }
    let folder = OutputFolder::create(&arguments.out)?;
    let staged = KeyFolder::at(folder.path(""));
    let parameters = file.parameters()?;
    let secret = keys::generate_secret(&parameters)?;
    let secret_bytes = staged.write_secret(&secret, passphrase)?;
    let public_bytes = staged.write_public(&keys::generate_public(&secret)?)?;
    let made = (file.plan(), file.new_generation(secret.key_id())?);
    let evaluation = keys::write_evaluation(&staged.evaluation(), &secret, made, &identity, console)?;
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
        "run": file.run(), "key_id": secret.key_id().to_string(), "preset": parameters.name(),
        "evaluation_keys": evaluation.keys,
        "files": {
            "secret": shown(kept.secret()), "public": shown(kept.public()), "evaluation": shown(kept.evaluation()),
        },
        "bytes": { "secret": secret_bytes, "public": public_bytes, "evaluation": evaluation.bytes },
    });
    Ok(Outcome { json, text })
}

/// Makes evaluation keys under the secret key in the folder `keys`.
fn under_earlier_key(
    arguments: &KeygenArgs,
    keys: &Path,
    file: PlanFile,
    console: &Console,
) -> Result<Outcome> {
    let identity = Identity::mine(&arguments.signer, console)?;
    let party = DataParty::unlock(file, &KeyFolder::at(keys), &arguments.new_key.passphrase)?;
    let folder = OutputFolder::create(&arguments.out)?;
    let staged = KeyFolder::at(folder.path("")).evaluation();
    let made = (party.plan(), party.file.new_generation(party.secret.key_id())?);
    let evaluation = keys::write_evaluation(&staged, &party.secret, made, &identity, console)?;
    folder.commit()?;

    let path = KeyFolder::at(&arguments.out).evaluation();
    let key = party.secret.key_id();
    let text = format!(
        "key {key} of {}, as before\n  evaluation  {} ({} keys, {}): for the compute party",
        party.plan().preset,
        path.display(),
        evaluation.keys,
        progress::bytes(evaluation.bytes),
    );
    let json = json!({
        "run": party.file.run(), "key_id": key.to_string(), "preset": party.plan().preset,
        "evaluation_keys": evaluation.keys,
        "files": { "evaluation": shown(path) }, "bytes": { "evaluation": evaluation.bytes },
    });
    Ok(Outcome { json, text })
}
