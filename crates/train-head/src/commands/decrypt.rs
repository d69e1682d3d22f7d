//! `decrypt`: exports a trained head.

use serde_json::json;

use crate::args::DecryptArgs;
use crate::console::{Console, Outcome};
use crate::data_party::DataParty;
use crate::exit::Result;
use crate::files::folder::OutputFolder;
use crate::targets::extend;

/// # Errors
/// Files that are damaged or do not belong together; a head that diverged; a failed write.
pub(super) fn run(arguments: &DecryptArgs, console: &Console) -> Result<Outcome> {
    let party = DataParty::open(&arguments.party)?;
    let head = party.decrypt_head(&arguments.head)?.head;
    console.note(
        "decrypted weights reveal something about the training data and, in CKKS, about the key: share them with care (docs/security.md says with whom)",
    );

    let folder = OutputFolder::create(&arguments.out)?;
    head.write(&folder.path(""))?;
    folder.commit()?;
    let files = [arguments.out.join("head.safetensors"), arguments.out.join("head.json")];
    let (features, vocabulary) = (head.description.features, &head.description.vocabulary);
    let text = format!(
        "a head of {features} features for {}\n  {}\n  {}",
        vocabulary.described(),
        files[0].display(),
        files[1].display(),
    );
    let mut json = json!({ "features": features, "files": files });
    extend(&mut json, vocabulary);
    Ok(Outcome { json, text })
}
