//! Asking long computations in the clear to end early: choices of a method, rehearsals, plans.
//!
//! The request is one for the whole process, as a signal is. A training on ciphertexts does not follow it: whoever drives one decides
//! after each iteration, with the state at hand.

use std::sync::atomic::{AtomicBool, Ordering};

use crate::error::{Error, Result};

static ASKED: AtomicBool = AtomicBool::new(false);

/// Asks every computation in the clear of this process, also those that begin later, to end. May be called in a signal handler.
pub fn ask() {
    ASKED.store(true, Ordering::Relaxed);
}

/// Takes the request back, once everything that it was for has ended: for a process that goes on, such as a notebook.
pub fn withdraw() {
    ASKED.store(false, Ordering::Relaxed);
}

/// Called between the parts of a long computation.
///
/// # Errors
/// [`Error::Stopped`] after [`ask`], until [`withdraw`].
pub fn check() -> Result<()> {
    if ASKED.load(Ordering::Relaxed) { Err(Error::Stopped) } else { Ok(()) }
}
