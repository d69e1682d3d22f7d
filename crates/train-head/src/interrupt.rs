//! ^C and SIGTERM. The work stops at the next good place; the process ends within two seconds, wherever the work is. A second signal ends
//! it at once.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use fhe_head::ckks::serial::AtomicFile;

use crate::console;
use crate::exit::{Failure, Kind, Result};
use crate::tell::tell;

/// How long the work may go on to the next good place.
const GRACE: Duration = Duration::from_millis(1500);

/// The advice where the state of a training is kept.
pub(crate) const RESUME: &str = "the same command with --resume continues";

static ASKED: AtomicBool = AtomicBool::new(false);
/// Folders that are removed if the process ends before its work does.
static UNFINISHED: Mutex<Vec<Unfinished>> = Mutex::new(Vec::new());
/// Held while several files get their places, so that all or none of them do.
static WHOLE: Mutex<()> = Mutex::new(());
/// What the user can do after an interruption.
static ADVICE: Mutex<Option<&'static str>> = Mutex::new(None);

/// A folder that is being filled.
#[derive(Debug, PartialEq, Eq)]
struct Unfinished {
    /// Removed with everything in it.
    staging: PathBuf,
    /// Folders that were made for it, the outermost first. Removed if they are empty.
    made: Vec<PathBuf>,
}

/// Starts to watch for ^C and SIGTERM.
///
/// # Errors
/// The operating system refuses the handler.
pub(crate) fn watch() -> Result<()> {
    ctrlc::set_handler(|| {
        if ASKED.swap(true, Ordering::SeqCst) {
            end();
        }
        fhe_head::stop::ask();
        tell!("\nstopping; ^C again stops at once");
        let patience = std::thread::Builder::new().spawn(|| {
            std::thread::sleep(GRACE);
            end();
        });
        if patience.is_err() {
            end();
        }
    })
    .map_err(|error| Failure::unexpected("cannot watch for ^C").because(error))
}

/// Makes a write beyond the limit of file sizes (`ulimit -f`) an error, in place of the end of the process.
///
/// # Errors
/// The operating system refuses the handler.
pub(crate) fn outlive_limits() -> Result<()> {
    #[cfg(unix)]
    signal_hook::flag::register(signal_hook::consts::SIGXFSZ, std::sync::Arc::default())
        .map_err(|error| Failure::unexpected("cannot watch the limit of file sizes").because(error))?;
    Ok(())
}

/// Ends the process, with nothing unfinished left.
fn end() -> ! {
    let _whole = whole();
    remove_unfinished();
    let failure = Failure::interrupted("interrupted");
    let advice = *ADVICE.lock().unwrap_or_else(PoisonError::into_inner);
    let _ = console::fail_early(&match advice {
        Some(advice) => failure.help(advice),
        None => failure,
    });
    std::process::exit(i32::from(Kind::Interrupted.code()));
}

/// Removes all files and folders that this process has not finished. Where a list is held by a thread that is stuck, the next command
/// removes what is on it.
pub(crate) fn remove_unfinished() {
    if let Ok(folders) = UNFINISHED.try_lock() {
        for Unfinished { staging, made } in folders.iter() {
            // the process ends here, so nobody can be told of a failure
            let _ = std::fs::remove_dir_all(staging);
            made.iter().rev().for_each(|folder| {
                let _ = std::fs::remove_dir(folder);
            });
        }
    }
    AtomicFile::abandon_all();
}

/// Ends the work after ^C.
///
/// # Errors
/// The user pressed ^C.
pub(crate) fn check() -> Result<()> {
    if ASKED.load(Ordering::SeqCst) { Err(Failure::interrupted("interrupted")) } else { Ok(()) }
}

/// Keeps the process from ending as long as the result lives: for some renames.
pub(crate) fn whole() -> MutexGuard<'static, ()> {
    WHOLE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// From now on an interruption comes with this advice.
pub(crate) fn advise(advice: &'static str) {
    *ADVICE.lock().unwrap_or_else(PoisonError::into_inner) = Some(advice);
}

/// Removes a folder, and folders that were made for it, if the process ends as long as the guard lives.
pub(crate) fn guard(staging: &Path, made: &[PathBuf]) -> Guard {
    let (staging, made) = (staging.to_owned(), made.to_owned());
    UNFINISHED
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .push(Unfinished { staging: staging.clone(), made });
    Guard(staging)
}

/// See [`guard`].
#[derive(Debug)]
pub(crate) struct Guard(PathBuf);

impl Drop for Guard {
    fn drop(&mut self) {
        UNFINISHED.lock().unwrap_or_else(PoisonError::into_inner).retain(|one| one.staging != self.0);
    }
}
