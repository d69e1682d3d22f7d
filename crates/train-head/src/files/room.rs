//! Nothing is replaced unasked: whether an output may appear at its place.

use std::fs;
use std::path::Path;

use fhe_head::ckks::serial::AtomicFile;

use crate::exit::{Failure, Kind, Result};

use super::folder::STAGING;

/// A file or folder that a command writes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Output<'a> {
    /// The flag that names it.
    pub(crate) flag: &'static str,
    /// Where it is.
    pub(crate) path: &'a Path,
    /// Whether it is a folder.
    pub(crate) folder: bool,
}

/// Refuses an output that would replace something. Devices and pipes are written to, so that they replace nothing.
///
/// # Errors
/// A file that exists; a folder that is not empty, or is a file.
pub(crate) fn expect_room(output: Output<'_>) -> Result<()> {
    let Output { flag, path, folder } = output;
    expect_parent(flag, path)?;
    if folder {
        return expect_empty(flag, path);
    }
    if AtomicFile::writes_through(path) {
        return Ok(());
    }
    let exists = match fs::metadata(path) {
        Ok(found) => !found.is_dir(),
        // a link to nowhere
        Err(_) => fs::symlink_metadata(path).is_ok(),
    };
    if exists {
        let message = format!("{flag} {}: the file exists already", path.display());
        return Err(Failure::usage(message).help("--overwrite replaces it"));
    }
    Ok(())
}

/// Refuses a place in a folder that does not exist: the name may be mistyped, or a disk not be there. No folder is made above the one that
/// is asked for, since a secret key may go in.
///
/// # Errors
/// There is no such folder.
pub(crate) fn expect_parent(flag: &str, path: &Path) -> Result<()> {
    match path.parent() {
        Some(parent) if parent != Path::new("") && !parent.is_dir() => {
            let message = format!("{flag} {}: there is no folder {}", path.display(), parent.display());
            Err(Failure::usage(message).help("create it first, or mind the name"))
        }
        _ => Ok(()),
    }
}

/// Refuses a folder that holds anything.
fn expect_empty(flag: &str, path: &Path) -> Result<()> {
    if path.exists() && !path.is_dir() {
        return Err(Failure::usage(format!("{flag} {}: that is a file; a folder is needed", path.display())));
    }
    if is_empty(path)? {
        return Ok(());
    }
    if path.join("secret.key").exists() {
        let message =
            format!("{flag} {}: {} exists already", path.display(), path.join("secret.key").display());
        return Err(Failure::usage(message)
            .help("choose another folder: without this key nothing that is encrypted under it can be read"));
    }
    if is_left_over(path)? {
        let message =
            format!("{flag} {}: the folder holds the files of a command that was stopped", path.display());
        return Err(Failure::usage(message)
            .help("`run --resume` continues an interrupted run; --overwrite removes what is left of it"));
    }
    Err(Failure::usage(format!("{flag} {}: the folder is not empty", path.display()))
        .help("choose another folder; --overwrite replaces files of the same names in this one"))
}

/// Whether a folder does not exist or holds nothing.
///
/// # Errors
/// It cannot be read.
pub(crate) fn is_empty(path: &Path) -> Result<bool> {
    let failed = |error| Failure::io("read", path, Kind::Usage, error);
    if !path.exists() {
        return Ok(true);
    }
    Ok(fs::read_dir(path).map_err(failed)?.next().is_none())
}

/// Whether a folder holds nothing but what a process left that was stopped.
///
/// # Errors
/// It cannot be read.
pub(crate) fn is_left_over(path: &Path) -> Result<bool> {
    let failed = |error| Failure::io("read", path, Kind::Usage, error);
    let mut found = false;
    for entry in fs::read_dir(path).map_err(failed)? {
        if entry.map_err(failed)?.file_name() != STAGING {
            return Ok(false);
        }
        found = true;
    }
    Ok(found)
}
