//! `decrypt`: exports a trained head, and its exact twin to publish.

use std::path::Path;

use serde_json::json;

use crate::args::DecryptArgs;
use crate::console::{Console, Outcome};
use crate::data_party::DataParty;
use crate::exit::Result;
use crate::files::folder::OutputFolder;
use crate::files::head::Head;
use crate::files::shown;
use crate::identity::Trust;
use crate::targets::extend;
use crate::wording::counted;

/// # Errors
/// Files that are damaged or do not belong together; a head that diverged, or is not the one that the rehearsal
/// lets expect; nothing to publish; a failed write.
pub(super) fn run(arguments: &DecryptArgs, console: &Console) -> Result<Outcome> {
    let party = DataParty::open(&arguments.party)?;
    let trust = Trust::open(&arguments.trust, None, console)?;
    let decrypted = party.decrypt_head(&arguments.head, &trust)?;
    decrypted.expect_rehearsed(arguments.allow_deviation, console)?;
    let publish = arguments.publish.as_deref();
    let twin = publish.map(|_| party.file.exact_twin(decrypted.iterations)).transpose()?;
    let (head, deviation) = (decrypted.head, decrypted.deviation);

    let folder = OutputFolder::create(&arguments.out)?;
    head.write(&folder.path(""))?;
    let published = publish.map(OutputFolder::create).transpose()?;
    if let (Some(folder), Some(twin)) = (&published, &twin) {
        twin.write(&folder.path(""))?;
    }
    folder.commit()?;
    published.map(OutputFolder::commit).transpose()?;
    let files = [arguments.out.join("head.safetensors"), arguments.out.join("head.json")];
    let (features, vocabulary) = (head.description.features, &head.description.vocabulary);
    let mut text = format!(
        "a head of {} for {}\n  {}\n  {}\nprivate, as secret as the key, and so is all that is made with it: predictions, reports, exports",
        counted(features, "feature"),
        vocabulary.described(),
        files[0].display(),
        files[1].display(),
    );
    if let Some(deviation) = deviation {
        let percent = 100.0 * deviation;
        text.push_str(&format!(
            "\nrehearsal   weights are off by {percent:.1} % of what noise and approximation explain (private as well)"
        ));
    }
    let mut json = json!({
        "features": features, "files": files.map(shown), "secrecy": head.description.secrecy,
        "deviation": deviation,
    });
    if let (Some(path), Some(twin)) = (publish, &twin) {
        text.push_str(&published_text(path, twin));
        json["published"] = json!(shown(path));
    }
    extend(&mut json, vocabulary);
    Ok(Outcome { json, text })
}

/// What was published, and what of the data party leaves with it.
pub(super) fn published_text(path: &Path, twin: &Head) -> String {
    let leaves = twin.description.leaves_with_it();
    format!(
        "\npublished   {}: the exact twin, the same training in the clear; never decrypted. With it leave:\n    {}",
        path.display(),
        leaves.join("\n    ")
    )
}
