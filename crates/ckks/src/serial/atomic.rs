//! Files that are written as a whole or not at all.
//!
//! A new file grows beside its target, as `TARGET.RANDOM.partial`, which its writer keeps locked. A partial file without a lock is one
//! that a killed process left: the next writer of the same target removes it. One with a lock belongs to a process that is still at
//! work, and the second writer is refused. A file that can be continued after its writer ended has a name of its own
//! ([`ResumableFile`](super::ResumableFile)), which nobody takes for an abandoned one.

use std::ffi::OsString;
use std::fs::{File, OpenOptions, TryLockError};
use std::hash::{BuildHasher, Hasher, RandomState};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError, TryLockError as Held};

use zeroize::Zeroize;

use super::error::{FileError, remove_quietly};

/// The ending of files that are being written.
pub(super) const ENDING: &str = ".partial";
/// Hexadecimal digits of the random part of their names.
const RANDOM_DIGITS: usize = 16;
/// Longest name of a target that its partial file repeats: file systems take 255 bytes.
const LONGEST_NAME: usize = 200;

/// The partial files of this process.
static UNFINISHED: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

/// Writes to a temporary file beside the target. [`commit`](Self::commit) syncs and renames it. Without a commit,
/// dropping removes it. A target that is a device, a pipe or the standard output is written to directly.
pub struct AtomicFile {
    target: PathBuf,
    /// `None` if the target itself is written to.
    temporary: Option<PathBuf>,
    /// `None` once committed.
    out: Option<BufWriter<File>>,
}

impl AtomicFile {
    /// Starts a file that others may read.
    ///
    /// # Errors
    /// [`FileError::Io`] if it cannot be created; [`FileError::Busy`] if another process is writing it.
    pub fn create(target: &Path) -> Result<Self, FileError> {
        Self::create_with_mode(target, 0o644)
    }

    /// Starts a file that only its owner may read and write, from its first byte.
    ///
    /// # Errors
    /// As [`create`](Self::create).
    pub fn create_private(target: &Path) -> Result<Self, FileError> {
        Self::create_with_mode(target, 0o600)
    }

    /// Whether a target is written to directly, so that nothing is replaced: a device, a pipe, a socket, the standard output.
    #[must_use]
    pub fn writes_through(target: &Path) -> bool {
        is_standard_output(target)
            || std::fs::metadata(target).is_ok_and(|found| !found.is_file() && !found.is_dir())
    }

    /// Removes what killed processes left of this target, and of files whose names begin with its name and a dot.
    ///
    /// # Errors
    /// [`FileError::Io`] if the folder cannot be read or written to.
    pub fn remove_abandoned(target: &Path) -> Result<(), FileError> {
        partial_files(target, false)?.iter().try_for_each(|path| is_live(path).map(|_| ()))
    }

    /// Removes the partial files of this process, which is about to end without dropping anything.
    pub fn abandon_all() {
        let unfinished = match UNFINISHED.try_lock() {
            Ok(unfinished) => unfinished,
            Err(Held::Poisoned(poisoned)) => poisoned.into_inner(),
            // the thread that holds it may be the caller; the next writer of the target removes the file
            Err(Held::WouldBlock) => return,
        };
        unfinished.iter().for_each(remove_quietly);
    }

    fn create_with_mode(target: &Path, mode: u32) -> Result<Self, FileError> {
        let failed = |error| FileError::io_at(target, error);
        let buffered = |file| Some(BufWriter::with_capacity(1 << 20, file));
        if Self::writes_through(target) {
            let file = open_through(target).map_err(failed)?;
            return Ok(Self { target: target.to_owned(), temporary: None, out: buffered(file) });
        }
        let (temporary, file) = loop {
            let temporary = partial_path(target);
            let file = create_new(&temporary, mode).map_err(failed)?;
            // where the file system has no locks, two writers replace each other's files, each of them whole
            let _ = file.try_lock();
            // another process may have taken the new file for an abandoned one before it was locked
            if std::fs::symlink_metadata(&temporary).is_ok() {
                break (temporary, file);
            }
        };
        unfinished(|all| all.push(temporary.clone()));
        let new = Self { target: target.to_owned(), temporary: Some(temporary), out: buffered(file) };
        for other in partial_files(target, true)? {
            if Some(&other) != new.temporary.as_ref() && is_live(&other)? {
                return Err(FileError::Busy { file: target.display().to_string() });
            }
        }
        Ok(new)
    }

    /// Puts the file in its place.
    ///
    /// # Errors
    /// [`FileError::Io`] if it cannot be written or renamed; nothing is left behind.
    pub fn commit(mut self) -> Result<(), FileError> {
        let Some(out) = self.out.take() else { return Ok(()) };
        let finished = put_in_place(out, self.temporary.as_deref(), &self.target);
        if let Some(temporary) = self.temporary.take() {
            forget(&temporary, finished.is_err());
        }
        finished
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
        self.out.take().map(without_buffer);
        if let Some(temporary) = self.temporary.take() {
            forget(&temporary, true);
        }
    }
}

/// Writes what the buffer holds, and renames the file to its target, if it has a name of its own.
pub(super) fn put_in_place(
    mut out: BufWriter<File>,
    temporary: Option<&Path>,
    target: &Path,
) -> Result<(), FileError> {
    let flushed = out.flush();
    let file = without_buffer(out);
    let finish = || -> io::Result<()> {
        flushed?;
        let Some(temporary) = temporary else { return Ok(()) };
        file.sync_all()?;
        std::fs::rename(temporary, target)?;
        sync_folder(target);
        Ok(())
    };
    finish().map_err(|error| FileError::io_at(target, error))
}

/// The file alone. The buffer may have held a secret key, so it is wiped.
pub(super) fn without_buffer(out: BufWriter<File>) -> File {
    let (file, buffer) = out.into_parts();
    if let Ok(mut buffer) = buffer {
        buffer.zeroize();
    }
    file
}

/// Strikes a partial file off the list, and removes it if it was not renamed.
pub(super) fn forget(temporary: &PathBuf, remove: bool) {
    if remove {
        remove_quietly(temporary);
    }
    unfinished(|all| all.retain(|path| path != temporary));
}

pub(super) fn unfinished(change: impl FnOnce(&mut Vec<PathBuf>)) {
    // the list is whole between any two statements
    change(&mut UNFINISHED.lock().unwrap_or_else(PoisonError::into_inner));
}

/// Creates a file that does not exist yet. A link in its place is not followed.
pub(super) fn create_new(path: &Path, mode: u32) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, mode);
    #[cfg(not(unix))]
    let _ = mode;
    options.open(path)
}

/// Opens a device or a pipe. The standard output is duplicated, so that it goes on behind what is written here.
fn open_through(target: &Path) -> io::Result<File> {
    #[cfg(unix)]
    if is_standard_output(target) {
        return Ok(std::os::fd::AsFd::as_fd(&io::stdout()).try_clone_to_owned()?.into());
    }
    OpenOptions::new().write(true).open(target)
}

fn is_standard_output(target: &Path) -> bool {
    cfg!(unix) && ["/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"].iter().any(|name| target == Path::new(name))
}

/// The part of a target's name that its partial files repeat.
pub(super) fn stem(target: &Path) -> OsString {
    match target.file_name() {
        Some(name) if name.len() <= LONGEST_NAME => name.to_owned(),
        _ => "output".into(),
    }
}

/// A new name for a partial file of `target`.
fn partial_path(target: &Path) -> PathBuf {
    // seeded by the system, so nobody knows the name beforehand
    let random = RandomState::new().build_hasher().finish();
    let mut name = stem(target);
    name.push(format!(".{random:0RANDOM_DIGITS$x}{ENDING}"));
    target.with_file_name(name)
}

/// The partial files of a target, and with `exactly` false those of targets whose names begin with its name and a dot.
fn partial_files(target: &Path, exactly: bool) -> Result<Vec<PathBuf>, FileError> {
    let folder = match target.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let mut start = stem(target);
    start.push(".");
    let is_ours = |name: &[u8]| {
        let rest = name.strip_prefix(start.as_encoded_bytes())?.strip_suffix(ENDING.as_bytes())?;
        let (other, random) = rest.split_at_checked(rest.len().checked_sub(RANDOM_DIGITS)?)?;
        let named = random.iter().all(u8::is_ascii_hexdigit)
            && (other.is_empty() || (!exactly && other.ends_with(b".")));
        named.then_some(())
    };
    let failed = |error| FileError::io_at(folder, error);
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        // a link by such a name is nobody's file of ours
        if is_ours(entry.file_name().as_encoded_bytes()).is_some()
            && entry.file_type().is_ok_and(|kind| kind.is_file())
        {
            found.push(target.with_file_name(entry.file_name()));
        }
    }
    Ok(found)
}

/// Whether a process is writing this partial file. If none is, the file is removed.
fn is_live(partial: &Path) -> Result<bool, FileError> {
    let file = match File::open(partial) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        // another user's
        Err(_) => return Ok(true),
    };
    match file.try_lock() {
        Ok(()) => {
            std::fs::remove_file(partial)
                .or_else(|error| if error.kind() == io::ErrorKind::NotFound { Ok(()) } else { Err(error) })
                .map_err(|error| FileError::io_at(partial, error))?;
            Ok(false)
        }
        Err(TryLockError::WouldBlock) => Ok(true),
        // without locks nobody can tell
        Err(TryLockError::Error(_)) => Ok(false),
    }
}

/// Makes a rename last. A file system that cannot has made it last already.
pub(super) fn sync_folder(target: &Path) {
    let folder = target.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let _ = File::open(folder).and_then(|folder| folder.sync_all());
}
