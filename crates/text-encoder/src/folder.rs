//! Reads files of a model folder, with errors that name the file.

use crate::error::{Error, Result};
use serde::de::DeserializeOwned;
use std::fs::File;
use std::io::Read;
use std::path::{Component, Path, PathBuf};

/// Most bytes of a configuration or an index. Those of large models take a few MiB.
const MOST_OF_JSON: u64 = 16 << 20;

/// A folder of a model, or of one of its modules.
#[derive(Clone, Debug)]
pub(crate) struct Folder {
    path: PathBuf,
}

impl Folder {
    pub(crate) fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    /// Path of a file in this folder.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.file(name).is_file()
    }

    /// A folder inside this one. `relative` comes from a file of the model: `None` if it leads out.
    pub(crate) fn inside(&self, relative: &str) -> Option<Self> {
        let path = Path::new(relative);
        let safe = path.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
        safe.then(|| Self::new(self.path.join(path)))
    }

    /// The bytes of a file that must exist and hold at most so many. A longer one is refused before it is in memory.
    pub(crate) fn read(&self, name: &str, most: u64) -> Result<Vec<u8>> {
        if !self.has(name) {
            return Err(self.missing(name));
        }
        let failed = |source| Error::Io { operation: "read", path: self.file(name), source };
        let file = File::open(self.file(name)).map_err(failed)?;
        let length = file.metadata().map_err(failed)?.len();
        if length > most {
            return Err(self.invalid(
                name,
                format!("at most {most} bytes"),
                format!("a file of {length} bytes"),
            ));
        }
        let mut bytes = Vec::new();
        // the file may grow meanwhile
        file.take(most).read_to_end(&mut bytes).map_err(failed)?;
        Ok(bytes)
    }

    /// A JSON file that must exist.
    pub(crate) fn json<T: DeserializeOwned>(&self, name: &str) -> Result<T> {
        self.parse(name, &self.read(name, MOST_OF_JSON)?)
    }

    /// The JSON of a file that was read.
    pub(crate) fn parse<T: DeserializeOwned>(&self, name: &str, bytes: &[u8]) -> Result<T> {
        serde_json::from_slice(bytes).map_err(|error| Error::InvalidFile {
            file: self.file(name),
            expected: "the JSON of a sentence-transformers model".into(),
            found: if is_lfs_pointer(bytes) { LFS_POINTER.into() } else { error.to_string() },
        })
    }

    /// A JSON file that may be absent.
    pub(crate) fn json_if_present<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>> {
        if self.has(name) { self.json(name).map(Some) } else { Ok(None) }
    }

    /// The error for a file, or alternatives, that this folder lacks.
    pub(crate) fn missing(&self, expected: &str) -> Error {
        Error::MissingFile { folder: self.path.clone(), expected: expected.into() }
    }

    /// The error for a value in one of its files.
    pub(crate) fn invalid(&self, name: &str, expected: impl Into<String>, found: impl Into<String>) -> Error {
        Error::InvalidFile { file: self.file(name), expected: expected.into(), found: found.into() }
    }

    /// The error for a valid value that is not implemented.
    pub(crate) fn unsupported(&self, name: &str, what: &'static str, found: &str, supported: &str) -> Error {
        Error::Unsupported { file: self.file(name), what, found: found.into(), supported: supported.into() }
    }
}

/// What a repository cloned without git-lfs holds in place of its large files.
pub(crate) const LFS_POINTER: &str = "a Git LFS pointer instead of the file (fetch it with `git lfs pull`)";

pub(crate) fn is_lfs_pointer(bytes: &[u8]) -> bool {
    bytes.starts_with(b"version https://git-lfs")
}
