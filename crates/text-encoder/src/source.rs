//! Where a model is: a folder, or a name on the Hugging Face hub.

use crate::error::{Error, Result};
use crate::folder::Folder;
use crate::hub::{self, HubSettings};
use std::path::{Path, PathBuf};

/// A model to load.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ModelSource {
    /// A sentence-transformers folder.
    Folder(PathBuf),
    /// A model of the hub, from the local cache or, with the feature `hub`, by download.
    Hub {
        /// `organisation/name`.
        id: String,
        /// Branch, tag or commit.
        revision: String,
    },
}

impl ModelSource {
    /// Parses what a user wrote: a folder if there is one of that name, otherwise a hub id, `organisation/name` or
    /// `organisation/name@revision`. A bare name is one of the organisation `sentence-transformers`.
    ///
    /// # Errors
    /// [`Error::NoModel`] if it is neither.
    pub fn parse(text: &str) -> Result<Self> {
        if Path::new(text).is_dir() {
            return Ok(Self::Folder(text.into()));
        }
        let (id, revision) = text.split_once('@').unwrap_or((text, "main"));
        let word = |part: &str| {
            let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
            !part.is_empty() && !part.starts_with('.') && part.chars().all(plain)
        };
        let id = if id.contains('/') { id.to_owned() } else { format!("sentence-transformers/{id}") };
        let parts: Vec<&str> = id.split('/').collect();
        if parts.len() == 2 && parts.iter().all(|part| word(part)) && revision.split('/').all(word) {
            return Ok(Self::Hub { id, revision: revision.into() });
        }
        let reason = "there is no such folder, and it is not a hub id (organisation/name or organisation/name@revision)";
        Err(Error::NoModel { name: text.into(), reason: reason.into() })
    }

    /// Finds the model's files.
    pub(crate) fn resolve(&self, settings: &HubSettings) -> Result<Located> {
        match self {
            Self::Folder(path) if path.is_dir() => {
                let absolute = std::path::absolute(path).unwrap_or_else(|_| path.clone());
                let name = absolute.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
                Ok(Located { folder: Folder::new(path), name, revision: None })
            }
            Self::Folder(path) => Err(Error::NoModel {
                name: path.display().to_string(),
                reason: "there is no such folder".into(),
            }),
            Self::Hub { id, revision } => {
                let (folder, commit) = hub::locate(id, revision, settings)?;
                Ok(Located { folder, name: id.clone(), revision: Some(commit) })
            }
        }
    }
}

/// A model's files.
pub(crate) struct Located {
    pub(crate) folder: Folder,
    pub(crate) name: String,
    pub(crate) revision: Option<String>,
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn folders_ids_and_nonsense() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().to_str().unwrap();
        assert_eq!(ModelSource::parse(path).unwrap(), ModelSource::Folder(path.into()));
        let hub = |id: &str, revision: &str| ModelSource::Hub { id: id.into(), revision: revision.into() };
        assert_eq!(
            ModelSource::parse("BAAI/bge-small-en-v1.5").unwrap(),
            hub("BAAI/bge-small-en-v1.5", "main")
        );
        assert_eq!(ModelSource::parse("a/b@refs/pr/3").unwrap(), hub("a/b", "refs/pr/3"));
        let bare = hub("sentence-transformers/all-MiniLM-L6-v2", "main");
        assert_eq!(ModelSource::parse("all-MiniLM-L6-v2").unwrap(), bare);
        for nonsense in ["", "a/b/c", "/no/such/folder", "../x", "a/..", "a b/c", "a/b@", "a/b@../x"] {
            let error = ModelSource::parse(nonsense).unwrap_err().to_string();
            assert!(error.contains("no such folder"), "{error}");
        }
    }
}
