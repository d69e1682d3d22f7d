//! The files of this program: keys, plans, ciphertexts, heads, embeddings, predictions.
//!
//! A file appears whole or not at all: it is written under a temporary name, synced and renamed.

pub(crate) mod bundle;
pub(crate) mod ciphertexts;
pub(crate) mod embeddings;
pub(crate) mod evaluation_keys;
pub(crate) mod folder;
pub(crate) mod head;
pub(crate) mod keys;
pub(crate) mod predictions;
pub(crate) mod private;
pub(crate) mod room;
pub(crate) mod signed;
pub(crate) mod tensors;
pub(crate) mod validation;

use std::io::Write;
use std::path::Path;

use fhe_head::ckks::serial::AtomicFile;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::exit::{Failure, Kind, Result, write_failure};

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
    if path.is_dir() {
        return Err(Failure::usage(format!("{} is a folder; the name of a file is needed", path.display())));
    }
    let file = match access {
        Access::Shared => AtomicFile::create(path),
        Access::Private => AtomicFile::create_private(path),
    };
    let mut file = file.map_err(write_failure)?;
    let result = write(&mut file)?;
    file.commit().map_err(write_failure)?;
    Ok(result)
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

/// Writes a value as indented JSON that ends with a line break.
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
    let text = std::fs::read(path).map_err(|error| Failure::io("read", path, Kind::File, error))?;
    serde_json::from_slice(&text)
        .map_err(|error| Failure::file(format!("{} is not {what}", path.display())).because(error))
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
