//! The files of this program: keys, plans, ciphertexts, heads, embeddings, predictions.
//!
//! A file appears whole or not at all: it is written under a temporary name, synced and renamed.

pub(crate) mod bundle;
pub(crate) mod ciphertexts;
#[cfg(feature = "data-party")]
pub(crate) mod embedded;
#[cfg(feature = "data-party")]
pub(crate) mod embeddings;
pub(crate) mod evaluation_keys;
#[cfg(feature = "data-party")]
pub(crate) mod feature_map;
pub(crate) mod folder;
#[cfg(feature = "data-party")]
pub(crate) mod growing;
#[cfg(feature = "data-party")]
pub(crate) mod head;
pub(crate) mod keys;
#[cfg(feature = "data-party")]
mod marks;
#[cfg(feature = "data-party")]
pub(crate) mod predictions;
pub(crate) mod private;
#[cfg(feature = "data-party")]
pub(crate) mod remembered;
pub(crate) mod room;
pub(crate) mod seal;
pub(crate) mod signed;
#[cfg(feature = "data-party")]
pub(crate) mod tensors;
pub(crate) mod validation;

use std::fs::File;
use std::io::{Read, Write};
use std::path::Path;

use fhe_head::ckks::serial::AtomicFile;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::exit::{Failure, Kind, Result, write_failure};
use crate::progress;

/// Who may read a new file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    /// Whoever the file system's defaults allow.
    Shared,
    /// Only its owner (0600).
    Private,
}

/// Writes a file with `write`, atomically.
///
/// # Errors
/// A failure of `write` or of the operating system. The file does not appear then.
pub(crate) fn write_with<T>(
    path: &Path,
    access: Access,
    write: impl FnOnce(&mut AtomicFile) -> Result<T>,
) -> Result<T> {
    let mut file = create(path, access)?;
    let result = write(&mut file)?;
    file.commit().map_err(write_failure)?;
    Ok(result)
}

/// Starts a file.
///
/// # Errors
/// A folder in its place; another process that is writing it; a failure of the operating system.
fn create(path: &Path, access: Access) -> Result<AtomicFile> {
    expect_no_folder(path)?;
    let file = match access {
        Access::Shared => AtomicFile::create(path),
        Access::Private => AtomicFile::create_private(path),
    };
    file.map_err(write_failure)
}

/// Refuses a folder in the place of a file.
fn expect_no_folder(path: &Path) -> Result<()> {
    if path.is_dir() {
        return Err(Failure::usage(format!("{} is a folder; the name of a file is needed", path.display())));
    }
    Ok(())
}

/// A path as JSON. Bytes of its name that are no text are shown as `\u{fffd}`.
pub(crate) fn shown(path: impl AsRef<Path>) -> String {
    path.as_ref().display().to_string()
}

/// Writes bytes to a file.
///
/// # Errors
/// A failure of the operating system.
pub(crate) fn write_bytes(path: &Path, access: Access, bytes: &[u8]) -> Result<()> {
    write_with(path, access, |file| {
        file.write_all(bytes).map_err(|error| Failure::io("write", path, Kind::Unexpected, error))
    })
}

/// Writes a value as indented JSON that ends with a line break. A [`seal::Seal`] in it gets the digest of the file.
///
/// # Errors
/// A failure of the operating system.
pub(crate) fn write_json(path: &Path, access: Access, value: &impl Serialize) -> Result<()> {
    write_json_with(path, access, value, || Ok(()))
}

/// As [`write_json`], but calls `before` when everything is ready, so that the file appears only after what `before` writes.
///
/// # Errors
/// A failure of `before` or of the operating system. The file does not appear then.
pub(crate) fn write_json_with(
    path: &Path,
    access: Access,
    value: &impl Serialize,
    before: impl FnOnce() -> Result<()>,
) -> Result<()> {
    let mut text = serde_json::to_vec_pretty(value).map_err(|error| {
        Failure::unexpected(format!("cannot write {} as JSON", path.display())).because(error)
    })?;
    text.push(b'\n');
    seal::seal(&mut text);
    write_with(path, access, |file| {
        file.write_all(&text).map_err(|error| Failure::io("write", path, Kind::Unexpected, error))?;
        before()
    })
}

/// Reads JSON that this program wrote. `what` names the expected content in messages.
///
/// # Errors
/// The file does not exist, or holds something else.
pub(crate) fn read_json<T: DeserializeOwned>(path: &Path, what: &str) -> Result<T> {
    parse(path, &read(path)?, what)
}

/// Reads JSON with a [`seal::Seal`] that this program wrote. `what` names the expected content in messages, `anew` says how to get another
/// file. `format` is the one that this program reads; an older one is named.
///
/// # Errors
/// The file does not exist, holds something else, or was changed after it was written.
pub(crate) fn read_sealed<T: DeserializeOwned>(
    path: &Path,
    what: &str,
    format: &str,
    anew: &str,
) -> Result<T> {
    let text = read(path)?;
    let value: serde_json::Value = parse(path, &text, what)?;
    let found = value.get("format").and_then(serde_json::Value::as_str).unwrap_or_default();
    let name = format.trim_end_matches(|c: char| c.is_ascii_digit());
    if found != format && found.starts_with(name) {
        let message = format!("{}: format {found:?}; this program reads {format:?}", path.display());
        return Err(Failure::file(message).help(anew));
    }
    let contents = parse(path, &text, what)?;
    if found != format || !seal::is_intact(&text) {
        let message = format!("{}: the file is damaged, or was changed after it was made", path.display());
        return Err(Failure::file(message).help(anew));
    }
    Ok(contents)
}

/// Longest file that is read at once: plans, heads and lists are far smaller.
const MOST_BYTES: u64 = 1 << 31;

/// Reads a file of this program whole.
///
/// # Errors
/// The file does not exist, or is longer than any that this program writes.
pub(crate) fn read(path: &Path) -> Result<Vec<u8>> {
    read_at_most(path, MOST_BYTES, Kind::File)
}

/// Reads a file whole that may be anything, such as a device that never ends. A missing file is a failure of kind `missing`.
///
/// # Errors
/// The file does not exist, or is longer than `most` bytes.
pub(crate) fn read_at_most(path: &Path, most: u64, missing: Kind) -> Result<Vec<u8>> {
    let failed = |error| Failure::io("read", path, missing, error);
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(failed)?;
    file.take(most + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > most {
        let message = format!("{} holds more than {}", path.display(), progress::bytes(most));
        return Err(Failure::of(missing, message).help("is it the right file?"));
    }
    Ok(bytes)
}

fn parse<T: DeserializeOwned>(path: &Path, text: &[u8], what: &str) -> Result<T> {
    serde_json::from_slice(text)
        .map_err(|error| Failure::file(format!("{} is not {what}", path.display())).because(error))
}

/// Copies a file; the copy appears whole or not at all.
///
/// # Errors
/// The file does not exist; a failure of the operating system.
pub(crate) fn copy(from: &Path, to: &Path) -> Result<()> {
    let mut file = File::open(from).map_err(|error| Failure::io("read", from, Kind::File, error))?;
    write_with(to, Access::Shared, |out| {
        std::io::copy(&mut file, out).map_err(|error| Failure::io("write", to, Kind::Unexpected, error))?;
        Ok(())
    })
}

/// The size of a file in bytes.
///
/// # Errors
/// The file does not exist.
pub(crate) fn size(path: &Path) -> Result<u64> {
    std::fs::metadata(path)
        .map(|data| data.len())
        .map_err(|error| Failure::io("read", path, Kind::File, error))
}

/// The total size in bytes of the files in a folder.
///
/// # Errors
/// The folder cannot be read.
pub(crate) fn size_of_folder(path: &Path) -> Result<u64> {
    let failed = |error| Failure::io("read", path, Kind::File, error);
    std::fs::read_dir(path).map_err(failed)?.map(|entry| size(&entry.map_err(failed)?.path())).sum()
}
