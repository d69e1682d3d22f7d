//! Where everything lies in the folder of the service.

use std::fs::{self, DirBuilder, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::api::CHUNK_BYTES;
use crate::problem::Problem;

/// The folder.
#[derive(Clone, Debug)]
pub(crate) struct Place(PathBuf);

impl Place {
    /// Makes the folder and its subfolders, for the operator's user alone.
    pub(crate) fn open(folder: &Path) -> io::Result<Self> {
        let place = Self(std::path::absolute(folder)?);
        for folder in [place.0.clone(), place.blobs(), place.arriving(), place.jobs(), place.tls()] {
            private_folder(&folder)?;
        }
        Ok(place)
    }

    /// The folder, which must have been made.
    pub(crate) fn existing(folder: &Path) -> Self {
        Self(folder.to_owned())
    }

    pub(crate) fn database(&self) -> PathBuf {
        self.0.join("service.db")
    }

    pub(crate) fn blobs(&self) -> PathBuf {
        self.0.join("blobs")
    }

    pub(crate) fn arriving(&self) -> PathBuf {
        self.0.join("arriving")
    }

    pub(crate) fn jobs(&self) -> PathBuf {
        self.0.join("jobs")
    }

    pub(crate) fn tls(&self) -> PathBuf {
        self.0.join("tls")
    }

    pub(crate) fn audit(&self) -> PathBuf {
        self.0.join("audit.jsonl")
    }

    pub(crate) fn root(&self) -> &Path {
        &self.0
    }

    /// Whether the disk has no room for another chunk of a file, or the quota none. A write tells; what the file system says of free blocks knows no quotas.
    pub(crate) fn is_full(&self) -> bool {
        let trial = self.0.join("room");
        let written =
            File::create(&trial).and_then(|mut file| file.write_all(&vec![0; CHUNK_BYTES as usize]));
        let _ = fs::remove_file(&trial);
        written.is_err_and(|error| Problem::from(error).passes())
    }
}

/// Makes a folder that only its owner may enter.
///
/// # Errors
/// A failure of the operating system.
pub fn private_folder(folder: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

/// Makes the names in a folder survive a loss of power.
pub(crate) fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}
