//! Files on the disk, each in its project's folder under its digest. A file that arrives is written in place, chunk by chunk, and moved when
//! it is whole: nothing is copied, and a job links to it. With a bucket they are copies of what that has.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, PermissionsExt};
use std::path::PathBuf;
use std::time::SystemTime;

use crate::api::CHUNK_BYTES;
use crate::place::{Place, private_folder, sync_folder};
use crate::store::Blob;

/// The files.
#[derive(Debug)]
pub(super) struct Files(Place);

impl Files {
    pub(super) fn new(place: &Place) -> Self {
        Self(place.clone())
    }

    /// Where a whole file is.
    pub(super) fn path(&self, blob: &Blob) -> PathBuf {
        self.0.blobs().join(blob.project.to_string()).join(blob.digest.to_hex())
    }

    /// Where a file grows.
    pub(super) fn arriving(&self, blob: &Blob) -> PathBuf {
        self.0.arriving().join(blob.project.to_string()).join(blob.digest.to_hex())
    }

    /// Writes a chunk that was verified, and waits until it lies on the disk.
    pub(super) fn write(&self, blob: &Blob, number: u64, chunk: &[u8]) -> io::Result<()> {
        let folder = self.0.arriving().join(blob.project.to_string());
        let new = !self.arriving(blob).exists();
        let file = self.open_to_write(blob)?;
        file.write_all_at(chunk, number * CHUNK_BYTES)?;
        file.sync_data()?;
        if new {
            sync_folder(&folder)?;
            sync_folder(&self.0.arriving())?;
        }
        Ok(())
    }

    /// Writes a chunk that is durable elsewhere.
    pub(super) fn write_copy(&self, blob: &Blob, number: u64, chunk: &[u8]) -> io::Result<()> {
        self.open_to_write(blob)?.write_all_at(chunk, number * CHUNK_BYTES)
    }

    /// The file that grows, made where there is none.
    pub(super) fn open_to_write(&self, blob: &Blob) -> io::Result<File> {
        private_folder(&self.0.arriving().join(blob.project.to_string()))?;
        open_private(&self.arriving(blob))
    }

    /// The file that grows, to check it.
    pub(super) fn open_arriving(&self, blob: &Blob) -> io::Result<File> {
        // after a crash it may have been moved already
        File::open(self.arriving(blob)).or_else(|_| File::open(self.path(blob)))
    }

    /// Moves a file whose chunks have all arrived to its place. From then on nobody writes to it.
    pub(super) fn settle(&self, blob: &Blob) -> io::Result<()> {
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
    pub(super) fn link(&self, from: &std::path::Path, blob: &Blob) -> io::Result<()> {
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
    pub(super) fn remove(&self, blob: &Blob) -> io::Result<()> {
        for path in [self.arriving(blob), self.path(blob)] {
            match fs::remove_file(path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        Ok(())
    }

    /// Removes files that the database does not know: what a crash left between the two.
    pub(super) fn remove_strays(&self, is_known: impl Fn(i64, &str) -> bool) -> io::Result<()> {
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

    /// The whole files: where they are, their lengths, and when each was last wanted.
    pub(super) fn whole(&self) -> io::Result<Vec<(PathBuf, u64, SystemTime)>> {
        let mut all = Vec::new();
        for project in fs::read_dir(self.0.blobs())? {
            for file in fs::read_dir(project?.path())? {
                let file = file?;
                let found = file.metadata()?;
                all.push((file.path(), found.len(), found.modified()?));
            }
        }
        Ok(all)
    }

    /// Bytes that are free where the files lie, and bytes of all.
    pub(super) fn room(&self) -> [u64; 2] {
        rustix::fs::statvfs(self.0.root()).map_or([0; 2], |found| {
            [found.f_bavail, found.f_blocks].map(|blocks| blocks.saturating_mul(found.f_frsize))
        })
    }
}

/// Opens a file for its owner alone, and makes it where there is none.
fn open_private(path: &std::path::Path) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt;
    OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(path)
}
