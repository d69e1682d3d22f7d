//! `decrypt`: exports a trained head.

use serde_json::json;

use crate::args::DecryptArgs;
use crate::console::{Console, Outcome};
use crate::data_party::DataParty;
use crate::exit::Result;
use crate::files::folder::OutputFolder;

/// # Errors
/// Files that are damaged or do not belong together; a head that diverged; a failed write.
pub(super) fn run(arguments: &DecryptArgs, console: &Console) -> Result<Outcome> {
    let party = DataParty::open(&arguments.party)?;
    let head = party.decrypt_head(&arguments.head)?.head;
    console.note(
        "decrypted weights reveal something about the training data and, in CKKS, about the key: share them with care",
    );

    let folder = OutputFolder::create(&arguments.out)?;
    head.write(&folder.path(""))?;
    folder.commit()?;
    let files = [arguments.out.join("head.safetensors"), arguments.out.join("head.json")];
    let (features, classes) = (head.description.features, &head.description.classes);
    let text = format!(
        "a head of {features} features for the classes {}\n  {}\n  {}",
        classes.listed(),
        files[0].display(),
        files[1].display(),
    );
    let json = json!({ "features": features, "classes": classes, "files": files });
    Ok(Outcome { json, text })
}
