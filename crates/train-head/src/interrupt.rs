//! ^C: the first one stops the work at the next good place, the second one at once.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::exit::{Failure, Kind, Result};

static ASKED: AtomicBool = AtomicBool::new(false);
/// Folders that a second ^C removes.
static UNFINISHED: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

/// Starts to watch for ^C and SIGTERM.
///
/// # Errors
/// The operating system refuses the handler.
pub(crate) fn watch() -> Result<()> {
    ctrlc::set_handler(|| {
        if ASKED.swap(true, Ordering::SeqCst) {
            for path in UNFINISHED.lock().unwrap_or_else(PoisonError::into_inner).iter() {
                // the process ends here, so nobody can be told of a failure
                let _ = std::fs::remove_dir_all(path);
            }
            std::process::exit(i32::from(Kind::Interrupted.code()));
        }
        eprintln!("\nstopping at the next good place; ^C again stops at once");
    })
    .map_err(|error| Failure::unexpected("cannot watch for ^C").because(error))
}

/// Ends the work after ^C.
///
/// # Errors
/// The user pressed ^C.
pub(crate) fn check() -> Result<()> {
    if ASKED.load(Ordering::SeqCst) { Err(Failure::interrupted("interrupted")) } else { Ok(()) }
}

/// Removes a folder at a second ^C, as long as the guard lives.
pub(crate) fn guard(path: &Path) -> Guard {
    UNFINISHED.lock().unwrap_or_else(PoisonError::into_inner).push(path.to_owned());
    Guard(path.to_owned())
}

/// See [`guard`].
#[derive(Debug)]
pub(crate) struct Guard(PathBuf);

impl Drop for Guard {
    fn drop(&mut self) {
        UNFINISHED.lock().unwrap_or_else(PoisonError::into_inner).retain(|path| *path != self.0);
    }
}
