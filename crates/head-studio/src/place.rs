//! Where everything lies in the folder of the studio. Paths are made of names that the studio gave.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use head_service::private_folder;

use crate::id::Id;

/// The folder.
#[derive(Clone, Debug)]
pub(crate) struct Place(PathBuf);

impl Place {
    /// Makes the folder and its subfolders, for its user alone. What an upload that was cut left is removed.
    pub(crate) fn open(folder: &Path) -> io::Result<Self> {
        let place = Self(std::path::absolute(folder)?);
        for folder in [place.0.clone(), place.0.join("data"), place.0.join("work")] {
            private_folder(&folder)?;
        }
        let arriving = place.0.join("arriving");
        if arriving.exists() {
            fs::remove_dir_all(&arriving)?;
        }
        private_folder(&arriving)?;
        Ok(place)
    }

    pub(crate) fn root(&self) -> &Path {
        &self.0
    }

    /// A table and what belongs to it.
    pub(crate) fn data(&self, id: &Id) -> PathBuf {
        self.0.join("data").join(id.as_str())
    }

    /// A table that arrives.
    pub(crate) fn arriving(&self, id: &Id) -> PathBuf {
        self.0.join("arriving").join(id.as_str())
    }

    /// An estimate or a run.
    pub(crate) fn work(&self, id: &Id) -> PathBuf {
        self.0.join("work").join(id.as_str())
    }

    /// All tables.
    pub(crate) fn all_data(&self) -> io::Result<Vec<Id>> {
        names(&self.0.join("data"))
    }

    /// All estimates and runs.
    pub(crate) fn all_work(&self) -> io::Result<Vec<Id>> {
        names(&self.0.join("work"))
    }
}

/// The folders in a folder that the studio made.
fn names(folder: &Path) -> io::Result<Vec<Id>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        found.extend(entry?.file_name().to_str().and_then(Id::parse));
    }
    Ok(found)
}
