//! ^C: the first one asks the work to stop at the next good place, the second stops at once.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::exit::{Failure, Kind, Result};

static ASKED: AtomicBool = AtomicBool::new(false);
/// What a sudden end must take away.
static UNFINISHED: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

/// Watches for ^C and for the signal to end.
pub(crate) fn watch() -> Result<()> {
    ctrlc::set_handler(|| {
        if ASKED.swap(true, Ordering::SeqCst) {
            for path in UNFINISHED.lock().unwrap_or_else(PoisonError::into_inner).iter() {
                // The process ends here: there is nobody left to tell.
                let _ = std::fs::remove_dir_all(path);
            }
            std::process::exit(i32::from(Kind::Interrupted.code()));
        }
        eprintln!("\nstopping at the next good place; ^C again stops at once");
    })
    .map_err(|error| Failure::unexpected("cannot watch for ^C").because(error))
}

/// Ends the work if somebody asked for it.
///
/// # Errors
/// Somebody did.
pub(crate) fn check() -> Result<()> {
    if ASKED.load(Ordering::SeqCst) { Err(Failure::interrupted("interrupted")) } else { Ok(()) }
}

/// Has a folder taken away if the process ends suddenly, as long as the guard lives.
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
