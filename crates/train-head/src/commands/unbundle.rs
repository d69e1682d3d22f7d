//! `unbundle`: checks and unpacks what the other party made by `bundle`.

use serde_json::json;

use crate::args::UnbundleArgs;
use crate::console::{Console, Outcome};
use crate::exit::Result;
use crate::files::{bundle, shown};
use crate::identity::Trust;

/// # Errors
/// A file that is not a bundle, is damaged, or holds something that must not travel; a failed write. Nothing is left then.
pub(super) fn run(arguments: &UnbundleArgs, console: &Console) -> Result<Outcome> {
    let trust = Trust::open(&arguments.trust, None, console)?;
    let manifest = bundle::unpack(&arguments.bundle, &arguments.out, &trust, console)?;
    let mut text = format!(
        "{}, of key {} and preset {}; every digest and signature holds",
        manifest.summary(),
        manifest.key_id,
        manifest.preset
    );
    for entry in manifest.entries.iter().filter(|entry| !entry.path.starts_with("eval/")) {
        text.push_str(&format!("\n  {}: {}", arguments.out.join(&entry.path).display(), entry.kind));
    }
    if manifest.entries.iter().any(|entry| entry.path.starts_with("eval/")) {
        text.push_str(&format!("\n  {}: evaluation keys (--keys)", arguments.out.join("eval").display()));
    }
    let json = json!({ "folder": shown(&arguments.out), "manifest": manifest });
    Ok(Outcome { json, text })
}
