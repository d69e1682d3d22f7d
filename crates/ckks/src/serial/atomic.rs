//! Files that are written as a whole or not at all.

use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use zeroize::Zeroize;

use super::error::{FileError, remove_quietly};

/// Writes to a temporary file beside the target. [`commit`](Self::commit) syncs and renames it. Without a commit,
/// dropping removes it.
pub struct AtomicFile {
    target: PathBuf,
    temporary: PathBuf,
    /// `None` once committed.
    out: Option<BufWriter<File>>,
}

impl AtomicFile {
    /// Starts a file that others may read.
    ///
    /// # Errors
    /// [`FileError::Io`] if it cannot be created.
    pub fn create(target: &Path) -> Result<Self, FileError> {
        Self::create_with_mode(target, 0o644)
    }

    /// Starts a file that only its owner may read and write.
    ///
    /// # Errors
    /// [`FileError::Io`] if it cannot be created.
    pub fn create_private(target: &Path) -> Result<Self, FileError> {
        Self::create_with_mode(target, 0o600)
    }

    fn create_with_mode(target: &Path, mode: u32) -> Result<Self, FileError> {
        let mut name = target.file_name().unwrap_or_default().to_owned();
        name.push(format!(".{}.partial", std::process::id()));
        let temporary = target.with_file_name(name);
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, mode);
        #[cfg(not(unix))]
        let _ = mode;
        let file = options.open(&temporary).map_err(|e| FileError::io_at(target, e))?;
        let out = Some(BufWriter::with_capacity(1 << 20, file));
        Ok(Self { target: target.to_owned(), temporary, out })
    }

    /// Puts the file in its place.
    ///
    /// # Errors
    /// [`FileError::Io`] if it cannot be written or renamed; nothing is left behind.
    pub fn commit(mut self) -> Result<(), FileError> {
        let Some(mut out) = self.out.take() else { return Ok(()) };
        let flushed = out.flush();
        let file = without_buffer(out);
        let finish = || -> io::Result<()> {
            flushed?;
            file.sync_all()?;
            std::fs::rename(&self.temporary, &self.target)
        };
        finish().map_err(|e| {
            remove_quietly(&self.temporary);
            FileError::io_at(&self.target, e)
        })
    }
}

impl Write for AtomicFile {
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

impl Drop for AtomicFile {
    fn drop(&mut self) {
        if let Some(out) = self.out.take() {
            without_buffer(out);
            remove_quietly(&self.temporary);
        }
    }
}

/// The file alone. The buffer may have held a secret key, so it is wiped.
fn without_buffer(out: BufWriter<File>) -> File {
    let (file, buffer) = out.into_parts();
    if let Ok(mut buffer) = buffer {
        buffer.zeroize();
    }
    file
}
