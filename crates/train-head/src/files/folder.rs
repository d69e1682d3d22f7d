//! An output folder whose files appear together, at the end.

use std::fs;
use std::path::{Path, PathBuf};

use crate::exit::{Failure, Kind, Result};
use crate::interrupt;

/// An output folder that is being filled. Files go to a hidden subfolder, and [`commit`](Self::commit) moves them to their places.
/// Dropped without a commit, it removes them, and the folder itself if it made it.
#[derive(Debug)]
pub(crate) struct OutputFolder {
    target: PathBuf,
    staging: PathBuf,
    /// Folders made for the target, the outermost first.
    made: Vec<PathBuf>,
    /// True once a drop must not remove anything.
    finished: bool,
    /// Removes the staging folder and folders made for it if ^C ends the process.
    guard: Option<interrupt::Guard>,
    /// Keeps other commands out.
    _lock: Option<fs::File>,
}

/// Locks a folder as long as the result lives; `None` where the file system has no locks.
///
/// # Errors
/// Another command is filling the folder.
fn lock(target: &Path) -> Result<Option<fs::File>> {
    let Ok(folder) = fs::File::open(target) else { return Ok(None) };
    match folder.try_lock() {
        Ok(()) => Ok(Some(folder)),
        Err(fs::TryLockError::WouldBlock) => Err(Failure::usage(format!(
            "--out {}: another command is writing into this folder",
            target.display()
        ))
        .help("wait until it has ended, or choose another folder")),
        Err(fs::TryLockError::Error(_)) => Ok(None),
    }
}

/// The subfolder in which files wait until all of them are there.
pub(super) const STAGING: &str = ".partial";

impl OutputFolder {
    /// Starts to fill a folder, which need not exist yet.
    ///
    /// # Errors
    /// The folder cannot be made or written to, or is a file.
    pub(crate) fn create(target: &Path) -> Result<Self> {
        if target.exists() && !target.is_dir() {
            return Err(Failure::usage(format!(
                "--out {}: that is a file; a folder is needed",
                target.display()
            )));
        }
        let mut made: Vec<PathBuf> = target
            .ancestors()
            .take_while(|folder| !folder.as_os_str().is_empty() && !folder.exists())
            .map(Path::to_owned)
            .collect();
        made.reverse();
        let staging = target.join(STAGING);
        fs::create_dir_all(target).map_err(|error| Failure::io("create", target, Kind::Unexpected, error))?;
        let lock = lock(target)?;
        if fs::symlink_metadata(&staging).is_ok() {
            fs::remove_dir_all(&staging)
                .map_err(|error| Failure::io("remove", &staging, Kind::Unexpected, error))?;
        }
        // built before the folder exists, so that a failure below is cleaned up too
        let guard = Some(interrupt::guard(&staging, &made));
        let folder = Self { target: target.to_owned(), staging, made, finished: false, guard, _lock: lock };
        // one that appeared meanwhile, such as a link to elsewhere, is an error
        fs::create_dir(&folder.staging)
            .map_err(|error| Failure::io("create", target, Kind::Unexpected, error))?;
        Ok(folder)
    }

    /// As [`create`](Self::create), but keeps the files of an earlier process that came as far as writing `milestone`. A failure
    /// now does not remove them.
    ///
    /// # Errors
    /// As [`create`](Self::create).
    pub(crate) fn reopen(target: &Path, milestone: &str) -> Result<Self> {
        if !Self::holds(target, milestone) {
            return Self::create(target);
        }
        let staging = target.join(STAGING);
        let lock = lock(target)?;
        Ok(Self {
            target: target.to_owned(),
            staging,
            made: Vec::new(),
            finished: true,
            guard: None,
            _lock: lock,
        })
    }

    /// Whether a folder holds the files of an earlier process that came as far as writing `milestone`.
    pub(crate) fn holds(target: &Path, milestone: &str) -> bool {
        let staging = target.join(STAGING);
        fs::symlink_metadata(&staging).is_ok_and(|found| found.is_dir()) && staging.join(milestone).exists()
    }

    /// From now on ^C leaves the files for [`reopen`](Self::reopen).
    pub(crate) fn survive_interrupts(&mut self) {
        self.guard = None;
    }

    /// Leaves the files for [`reopen`](Self::reopen).
    pub(crate) fn keep(&mut self) {
        self.finished = true;
    }

    /// Where the files of a folder are until the commit.
    pub(crate) fn staged(target: &Path) -> PathBuf {
        target.join(STAGING)
    }

    /// Where a file is until the commit.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.staging.join(name)
    }

    /// Makes a subfolder.
    ///
    /// # Errors
    /// A failure of the operating system.
    pub(crate) fn subfolder(&self, name: &str) -> Result<PathBuf> {
        let path = self.path(name);
        fs::create_dir_all(&path).map_err(|error| Failure::io("create", &path, Kind::Unexpected, error))?;
        Ok(path)
    }

    /// Moves everything to its place. A file or subfolder replaces an existing one of the same name; everything else stays.
    ///
    /// # Errors
    /// A failure of the operating system.
    pub(crate) fn commit(mut self) -> Result<()> {
        let _whole = interrupt::whole();
        let failed = |error| Failure::io("write", &self.target, Kind::Unexpected, error);
        for entry in fs::read_dir(&self.staging).map_err(failed)? {
            let name = entry.map_err(failed)?.file_name();
            let (from, to) = (self.staging.join(&name), self.target.join(&name));
            if to.is_dir() {
                fs::remove_dir_all(&to).map_err(failed)?;
            }
            fs::rename(from, to).map_err(failed)?;
        }
        fs::remove_dir(&self.staging).map_err(failed)?;
        self.finished = true;
        Ok(())
    }
}

impl Drop for OutputFolder {
    fn drop(&mut self) {
        if self.finished {
            return;
        }
        // A failure here cannot be reported: the caller is already reporting another one.
        let _ = fs::remove_dir_all(&self.staging);
        for folder in self.made.iter().rev() {
            let _ = fs::remove_dir(folder);
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn nothing_is_left_without_a_commit() {
        let root = tempfile::tempdir().unwrap();
        let target = root.path().join("a").join("b");
        let folder = OutputFolder::create(&target).unwrap();
        fs::write(folder.path("file"), "x").unwrap();
        drop(folder);
        assert_eq!(fs::read_dir(root.path()).unwrap().count(), 0);

        fs::create_dir_all(&target).unwrap();
        fs::write(target.join("other"), "kept").unwrap();
        drop(OutputFolder::create(&target).unwrap());
        assert_eq!(fs::read_dir(&target).unwrap().count(), 1);
    }

    #[test]
    fn a_commit_replaces_what_it_brings_and_nothing_else() {
        let root = tempfile::tempdir().unwrap();
        let target = root.path().join("out");
        fs::create_dir_all(target.join("keys")).unwrap();
        fs::write(target.join("keys").join("old"), "").unwrap();
        fs::write(target.join("other"), "kept").unwrap();
        let folder = OutputFolder::create(&target).unwrap();
        fs::write(folder.subfolder("keys").unwrap().join("new"), "").unwrap();
        fs::write(folder.path("report"), "").unwrap();
        folder.commit().unwrap();
        let mut names: Vec<_> =
            fs::read_dir(&target).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        assert_eq!(names, ["keys", "other", "report"]);
        assert!(!target.join("keys").join("old").exists() && target.join("keys").join("new").exists());
    }

    #[test]
    fn a_file_in_the_way_is_refused() {
        let file = tempfile::NamedTempFile::new().unwrap();
        assert_eq!(OutputFolder::create(file.path()).unwrap_err().kind(), Kind::Usage);
    }
}
