//! One model's part of the local cache.

use super::settings::HubSettings;
use crate::error::Result;
use crate::folder::Folder;
use crate::pipeline::Modules;
use std::path::{Path, PathBuf};

/// A model's part of the cache.
pub(super) struct Repository {
    pub(super) path: PathBuf,
}

impl Repository {
    pub(super) fn new(settings: &HubSettings, id: &str) -> Self {
        Self { path: settings.cache.join(format!("models--{}", id.replace('/', "--"))) }
    }

    pub(super) fn snapshot_path(&self, commit: &str) -> PathBuf {
        self.path.join("snapshots").join(commit)
    }

    /// The file whose presence says that a commit lacks `file`.
    pub(super) fn absence(&self, commit: &str, file: &str) -> PathBuf {
        self.path.join(".no_exist").join(commit).join(file)
    }

    /// The folder and commit of a revision, if some of its files exist.
    pub(super) fn snapshot(&self, revision: &str) -> Option<(Folder, String)> {
        let reference = std::fs::read_to_string(self.path.join("refs").join(Path::new(revision)));
        let commit = reference.map_or_else(|_| revision.to_owned(), |commit| commit.trim().to_owned());
        let path = self.snapshot_path(&commit);
        path.is_dir().then(|| (Folder::new(path), commit))
    }

    /// A file that a snapshot needs and lacks. Programs fetch files one by one, so a snapshot without `modules.json` is a
    /// bare transformer only if the hub was found not to have that file.
    pub(super) fn incomplete(&self, folder: &Folder, commit: &str) -> Result<Option<PathBuf>> {
        let modules = "modules.json";
        if !folder.has(modules) && !self.absence(commit, modules).exists() {
            return Ok(Some(folder.file(modules)));
        }
        Modules::read(folder)?.first_missing()
    }
}
