//! What the commands write and read.
//!
//! Every file appears whole or not at all: it is written to a temporary name, synced and renamed.

pub(crate) mod ciphertexts;
pub(crate) mod embeddings;
pub(crate) mod evaluation_keys;
pub(crate) mod folder;
pub(crate) mod head;
pub(crate) mod keys;
pub(crate) mod passphrase;
pub(crate) mod plan;
pub(crate) mod predictions;
pub(crate) mod validation;

use std::io::Write;
use std::path::Path;

use fhe_head::ckks::serial::{AtomicFile, FileError};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::exit::{Failure, Kind, Result};

/// Who may read a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    /// As the file system's defaults say.
    Shared,
    /// Its owner alone.
    Private,
}

/// Writes a file by `write`, atomically.
///
/// # Errors
/// Those of `write` and of the operating system; nothing is left behind then.
pub(crate) fn write_with<T>(
    path: &Path,
    access: Access,
    write: impl FnOnce(&mut AtomicFile) -> Result<T>,
) -> Result<T> {
    if path.is_dir() {
        return Err(Failure::usage(format!(
            "{} is a folder, a file was to be written there",
            path.display()
        )));
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

/// Writes bytes.
///
/// # Errors
/// Those of the operating system.
pub(crate) fn write_bytes(path: &Path, access: Access, bytes: &[u8]) -> Result<()> {
    write_with(path, access, |file| {
        file.write_all(bytes).map_err(|error| Failure::io("write", path, Kind::Unexpected, error))
    })
}

/// Writes a value as JSON with a line break at the end.
///
/// # Errors
/// Those of the operating system.
pub(crate) fn write_json(path: &Path, access: Access, value: &impl Serialize) -> Result<()> {
    let mut text = serde_json::to_vec_pretty(value).map_err(|error| {
        Failure::unexpected(format!("cannot write {} as JSON", path.display())).because(error)
    })?;
    text.push(b'\n');
    write_bytes(path, access, &text)
}

/// Reads JSON that this program wrote; `what` names it in messages.
///
/// # Errors
/// A file that is not there, or holds something else.
pub(crate) fn read_json<T: DeserializeOwned>(path: &Path, what: &str) -> Result<T> {
    let text = std::fs::read(path).map_err(|error| Failure::io("read", path, Kind::File, error))?;
    serde_json::from_slice(&text)
        .map_err(|error| Failure::file(format!("{} is not {what}", path.display())).because(error))
}

/// Size of a file.
///
/// # Errors
/// It is not there.
pub(crate) fn size(path: &Path) -> Result<u64> {
    std::fs::metadata(path)
        .map(|data| data.len())
        .map_err(|error| Failure::io("read", path, Kind::File, error))
}

/// Size of all files of a folder.
///
/// # Errors
/// It cannot be read.
pub(crate) fn size_of_folder(path: &Path) -> Result<u64> {
    let failed = |error| Failure::io("read", path, Kind::File, error);
    std::fs::read_dir(path).map_err(failed)?.map(|entry| size(&entry.map_err(failed)?.path())).sum()
}

/// What a file that was read has wrong with it.
#[expect(clippy::needless_pass_by_value, reason = "made for map_err")]
pub(crate) fn read_failure(error: FileError) -> Failure {
    let help = match &error {
        FileError::Io { source, .. } => {
            use std::io::ErrorKind::{InvalidData, IsADirectory, NotFound, UnexpectedEof};
            return match source.kind() {
                NotFound | IsADirectory => Failure::file(error.to_string()),
                // so says the decryption of an altered or truncated stream
                InvalidData | UnexpectedEof => {
                    Failure::file(error.to_string()).help("the file is damaged: copy or make it again")
                }
                _ => Failure::unexpected(error.to_string()),
            };
        }
        FileError::Magic { .. } => "this file was not written by train-head, or its first bytes are damaged",
        FileError::Version { .. } => {
            "use the train-head that wrote the file, or write it again with this one"
        }
        FileError::Kind { .. } => "`train-head inspect FILE` says what a file holds",
        FileError::Parameters { .. } | FileError::Key { .. } => {
            "keys, data and heads work together only if they come from one `train-head keygen`"
        }
        FileError::Truncated { .. } | FileError::Checksum { .. } => {
            "the file is damaged: copy or make it again"
        }
        _ => "make the file again",
    };
    Failure::file(error.to_string()).help(help)
}

/// What went wrong in writing.
pub(crate) fn write_failure(error: FileError) -> Failure {
    match error {
        FileError::Io { file, source } => {
            let failure = Failure::unexpected(format!("cannot write {file}")).because(source);
            failure.help("does the folder exist, may it be written to, is there room?")
        }
        other => Failure::unexpected(other.to_string()),
    }
}
