//! Small messages of a session: JSON, signed by the party that sends them, and bound to the session.

use std::path::Path;

use fhe_head::files::Digest;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::exit::{Failure, Kind, Result};
use crate::files::signed::SignedJson;
use crate::files::{Access, read_json, write_json};
use crate::identity::{Identity, PublicKey};

/// A message with the session that it belongs to.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Bound<T> {
    session: Digest,
    #[serde(flatten)]
    message: T,
}

/// What a signature of such a message is over.
pub(crate) fn context(kind: &str) -> String {
    format!("train-head 2026-11 joint training: {kind}")
}

/// Writes a message.
///
/// # Errors
/// A failure of the operating system.
pub(crate) fn write<T: Serialize>(
    path: &Path,
    kind: &str,
    session: &Digest,
    message: T,
    identity: &Identity,
) -> Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)
            .map_err(|error| Failure::io("create", folder, Kind::Unexpected, error))?;
    }
    let bound = Bound { session: *session, message };
    write_json(path, Access::Shared, &SignedJson::new(bound, &context(kind), identity)?)
}

/// Reads a message that `key` must have signed, for this session; `None` if it has not come. `name` is the sender.
///
/// # Errors
/// Another signer, or none; a message of another session; one that was altered.
pub(crate) fn read<T: Serialize + DeserializeOwned>(
    path: &Path,
    kind: &str,
    session: &Digest,
    (name, key): (&str, PublicKey),
) -> Result<Option<T>> {
    if !path.exists() {
        return Ok(None);
    }
    let what = format!("a message of a joint training ({kind})");
    let signed: SignedJson<Bound<T>> = read_json(path, &what)?;
    let shown = path.display().to_string();
    expect_signer(&shown, signed.signer(&context(kind), &shown)?, (name, key))?;
    if signed.value.session != *session {
        return Err(Failure::file(format!("{shown}: it belongs to another session or attempt"))
            .help(format!("{name} runs the step again for this session, or all start a new one")));
    }
    Ok(Some(signed.value.message))
}

/// Refuses a file that another than the named party signed.
///
/// # Errors
/// Another signer, or none.
pub(crate) fn expect_signer(
    file: &str,
    signer: Option<PublicKey>,
    (name, key): (&str, PublicKey),
) -> Result<()> {
    match signer {
        Some(signer) if signer == key => Ok(()),
        Some(signer) => {
            Err(Failure::file(format!("{file} is signed by {signer}, where {name} signs as {key}"))
                .help("somebody else may have made it: ask the party"))
        }
        None => Err(Failure::file(format!("{file} is not signed, or its end is missing"))
            .help(format!("copy it again, or ask {name}"))),
    }
}
