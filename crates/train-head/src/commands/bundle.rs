//! `bundle`: puts what one party hands the other into one file.

use serde_json::json;

use crate::args::BundleArgs;
use crate::console::{Console, Outcome};
use crate::exit::Result;
use crate::files::{bundle, shown, size};
use crate::progress;

/// # Errors
/// A file that must not travel, or does not belong to the others; a failed write.
pub(super) fn run(arguments: &BundleArgs, console: &Console) -> Result<Outcome> {
    let manifest = bundle::pack(&arguments.paths, &arguments.out, console)?;
    let bytes = size(&arguments.out)?;
    let text = format!(
        "{}, of key {} and preset {}; nothing in it is secret\n  {} ({}): `train-head unbundle` checks and unpacks it",
        manifest.summary(),
        manifest.key_id,
        manifest.preset,
        arguments.out.display(),
        progress::bytes(bytes),
    );
    let json = json!({ "file": shown(&arguments.out), "bytes": bytes, "manifest": manifest });
    Ok(Outcome { json, text })
}
