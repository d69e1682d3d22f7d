//! Files that outlive the process that writes them, so that another one goes on where it ended.
//!
//! Such a file grows beside its target as `TARGET.resumable.partial`. Its writer keeps it locked. Until something in it is worth keeping
//! ([`ResumableFile::keep`]) it is removed like every other partial file.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, BufWriter, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::atomic::{ENDING, create_new, forget, put_in_place, stem, unfinished, without_buffer};
use super::error::FileError;

/// What stands where other partial files have random digits.
const NAME: &str = ".resumable";

/// A file that is written to, and put in its place once it is whole.
pub struct ResumableFile {
    target: PathBuf,
    partial: PathBuf,
    /// `None` once committed.
    out: Option<BufWriter<File>>,
    kept: bool,
}

impl ResumableFile {
    /// Where the file of a target grows.
    #[must_use]
    pub fn place(target: &Path) -> PathBuf {
        let mut name = stem(target);
        name.push(NAME);
        name.push(ENDING);
        target.with_file_name(name)
    }

    /// Starts a file that others may read. What an earlier writer left is removed.
    ///
    /// # Errors
    /// [`FileError::Io`] if it cannot be created; [`FileError::Busy`] if another process is writing it.
    pub fn begin(target: &Path) -> Result<Self, FileError> {
        Self::begin_with_mode(target, 0o644)
    }

    /// Starts a file that only its owner may read and write, from its first byte.
    ///
    /// # Errors
    /// As [`Self::begin`].
    pub fn begin_private(target: &Path) -> Result<Self, FileError> {
        Self::begin_with_mode(target, 0o600)
    }

    fn begin_with_mode(target: &Path, mode: u32) -> Result<Self, FileError> {
        /// How often another process may take the name between two steps.
        const TRIES: usize = 8;
        let partial = Self::place(target);
        let failed = |error| FileError::io_at(&partial, error);
        for _ in 0..TRIES {
            if let Some(left) = open(&partial).map_err(failed)? {
                lock(&left, target)?;
                if is_there(&partial, &left) {
                    std::fs::remove_file(&partial).map_err(failed)?;
                }
            }
            let new = match create_new(&partial, mode) {
                Ok(new) => new,
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists && is_file(&partial) => continue,
                Err(error) => return Err(failed(error)),
            };
            lock(&new, target)?;
            // another process may have taken it for one that was left
            if is_there(&partial, &new) {
                unfinished(|all| all.push(partial.clone()));
                return Ok(Self::of(target, partial, new, false));
            }
        }
        Err(FileError::Busy { file: target.display().to_string() })
    }

    /// Opens what an earlier writer left, at its beginning; `None` if there is nothing. It is kept, whatever becomes of this writer.
    ///
    /// # Errors
    /// As [`Self::begin`].
    pub fn resume(target: &Path) -> Result<Option<Self>, FileError> {
        let partial = Self::place(target);
        let Some(file) = open(&partial).map_err(|error| FileError::io_at(&partial, error))? else {
            return Ok(None);
        };
        lock(&file, target)?;
        Ok(is_there(&partial, &file).then(|| Self::of(target, partial, file, true)))
    }

    fn of(target: &Path, partial: PathBuf, file: File, kept: bool) -> Self {
        let out = Some(BufWriter::with_capacity(1 << 20, file));
        Self { target: target.to_owned(), partial, out, kept }
    }

    /// From now on the file stays if it is not committed, however the process ends, as far as it was flushed.
    pub fn keep(&mut self) {
        self.kept = true;
        unfinished(|all| all.retain(|path| *path != self.partial));
    }

    /// Removes the file: what it is kept for is done.
    pub fn discard(mut self) {
        self.kept = false;
    }

    /// What lies there already, from the place where the file stands.
    pub fn left(&mut self) -> Option<impl Read + '_> {
        self.out.as_ref().map(BufWriter::get_ref)
    }

    /// Forgets what comes behind the first `length` bytes, and writes on from there.
    ///
    /// # Errors
    /// [`FileError::Io`].
    pub fn cut(&mut self, length: u64) -> Result<(), FileError> {
        let Some(out) = &mut self.out else { return Ok(()) };
        let mut cut = || {
            out.get_ref().set_len(length)?;
            out.seek(SeekFrom::Start(length)).map(|_| ())
        };
        cut().map_err(|error| FileError::io_at(&self.partial, error))
    }

    /// Puts the file in its place.
    ///
    /// # Errors
    /// [`FileError::Io`] if it cannot be written or renamed. What was kept stays.
    pub fn commit(mut self) -> Result<(), FileError> {
        let Some(out) = self.out.take() else { return Ok(()) };
        let finished = put_in_place(out, Some(&self.partial), &self.target);
        forget(&self.partial, finished.is_err() && !self.kept);
        finished
    }
}

impl Write for ResumableFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.out {
            Some(out) => out.write(bytes),
            None => Err(io::Error::other("written to after the commit")),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.as_mut().map_or(Ok(()), Write::flush)
    }
}

impl Drop for ResumableFile {
    fn drop(&mut self) {
        if let Some(out) = self.out.take() {
            drop(without_buffer(out));
            forget(&self.partial, !self.kept);
        }
    }
}

/// A file that is there; a link in its place is not followed.
fn open(path: &Path) -> io::Result<Option<File>> {
    if !is_file(path) {
        return Ok(None);
    }
    match OpenOptions::new().read(true).write(true).open(path) {
        Ok(file) => Ok(Some(file)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

fn is_file(path: &Path) -> bool {
    std::fs::symlink_metadata(path).is_ok_and(|found| found.is_file())
}

/// Whether an open file is still the one by this name.
fn is_there(path: &Path, file: &File) -> bool {
    let place = |found: std::fs::Metadata| (found.dev(), found.ino(), found.is_file());
    match (std::fs::symlink_metadata(path), file.metadata()) {
        (Ok(named), Ok(open)) => place(named) == place(open),
        _ => false,
    }
}

/// Refuses a file that another process is writing. Where the file system has no locks nobody can tell.
fn lock(file: &File, target: &Path) -> Result<(), FileError> {
    match file.try_lock() {
        Err(TryLockError::WouldBlock) => Err(FileError::Busy { file: target.display().to_string() }),
        _ => Ok(()),
    }
}
