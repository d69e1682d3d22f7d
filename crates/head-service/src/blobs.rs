//! Files on the disk, each in its project's folder under its digest. A file that arrives is written in place, chunk by chunk, and moved when
//! it is whole: nothing is copied, and a job links to it.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, PermissionsExt};
use std::path::PathBuf;

use crate::api::CHUNK_BYTES;
use crate::place::{Place, private_folder, sync_folder};
use crate::store::Blob;

/// The files.
#[derive(Debug)]
pub(crate) struct Blobs(Place);

impl Blobs {
    pub(crate) fn new(place: &Place) -> Self {
        Self(place.clone())
    }

    /// Where a whole file is.
    pub(crate) fn path(&self, blob: &Blob) -> PathBuf {
        self.0.blobs().join(blob.project.to_string()).join(blob.digest.to_hex())
    }

    /// Where a file grows.
    pub(crate) fn arriving(&self, blob: &Blob) -> PathBuf {
        self.0.arriving().join(blob.project.to_string()).join(blob.digest.to_hex())
    }

    /// Writes a chunk that was verified, and waits until it lies on the disk.
    pub(crate) fn write(&self, blob: &Blob, number: u64, chunk: &[u8]) -> io::Result<()> {
        let path = self.arriving(blob);
        let folder = self.0.arriving().join(blob.project.to_string());
        let new = !path.exists();
        if new {
            private_folder(&folder)?;
        }
        let file = open_private(&path)?;
        file.write_all_at(chunk, number * CHUNK_BYTES)?;
        file.sync_data()?;
        if new {
            sync_folder(&folder)?;
            sync_folder(&self.0.arriving())?;
        }
        Ok(())
    }

    /// The file that grows, to check it.
    pub(crate) fn open_arriving(&self, blob: &Blob) -> io::Result<File> {
        // after a crash it may have been moved already
        File::open(self.arriving(blob)).or_else(|_| File::open(self.path(blob)))
    }

    /// Moves a file whose chunks have all arrived to its place. From then on nobody writes to it.
    pub(crate) fn settle(&self, blob: &Blob) -> io::Result<()> {
        let (from, to) = (self.arriving(blob), self.path(blob));
        if !from.exists() && to.exists() {
            return Ok(());
        }
        let folder = self.0.blobs().join(blob.project.to_string());
        private_folder(&folder)?;
        let file = OpenOptions::new().read(true).write(true).open(&from)?;
        file.set_permissions(fs::Permissions::from_mode(0o400))?;
        file.sync_all()?;
        fs::rename(&from, &to)?;
        sync_folder(&folder)?;
        sync_folder(&self.0.blobs())
    }

    /// Makes a file of the service's own, which nobody writes to any more, one of a project's.
    pub(crate) fn link(&self, from: &std::path::Path, blob: &Blob) -> io::Result<()> {
        let folder = self.0.blobs().join(blob.project.to_string());
        private_folder(&folder)?;
        match fs::hard_link(from, self.path(blob)) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
            _ => {}
        }
        sync_folder(&folder)?;
        sync_folder(&self.0.blobs())
    }

    /// Removes a file.
    pub(crate) fn remove(&self, blob: &Blob) -> io::Result<()> {
        for path in [self.arriving(blob), self.path(blob)] {
            match fs::remove_file(path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        Ok(())
    }

    /// Removes files that the database does not know: what a crash left between the two.
    pub(crate) fn remove_strays(&self, is_known: impl Fn(i64, &str) -> bool) -> io::Result<()> {
        for folder in [self.0.blobs(), self.0.arriving()] {
            for project in fs::read_dir(folder)?.flatten() {
                let Some(number) = project.file_name().to_str().and_then(|name| name.parse().ok()) else {
                    continue;
                };
                for file in fs::read_dir(project.path())?.flatten() {
                    if !file.file_name().to_str().is_some_and(|name| is_known(number, name)) {
                        fs::remove_file(file.path())?;
                    }
                }
            }
        }
        Ok(())
    }

    /// Bytes that are free where the files lie.
    pub(crate) fn free_bytes(&self) -> u64 {
        rustix::fs::statvfs(self.0.root()).map_or(0, |found| found.f_bavail.saturating_mul(found.f_frsize))
    }
}

/// Opens a file for its owner alone, and makes it where there is none.
fn open_private(path: &std::path::Path) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt;
    OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(path)
}
