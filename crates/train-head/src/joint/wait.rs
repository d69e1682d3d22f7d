//! Waiting for the other parties.

use std::time::{Duration, Instant};

use crate::console::Console;
use crate::exit::Result;
use crate::interrupt;

/// Runs `step` until it gives a result, for up to this many seconds; the last refusal to go on if it does not.
///
/// # Errors
/// Those of `step`; ^C.
pub(crate) fn until<T>(
    seconds: u64,
    console: &Console,
    mut step: impl FnMut() -> Result<Progress<T>>,
) -> Result<Progress<T>> {
    const PAUSE: Duration = Duration::from_millis(250);
    let end = Instant::now() + Duration::from_secs(seconds);
    let mut said = String::new();
    loop {
        interrupt::check()?;
        match step()? {
            Progress::Waiting(what) if Instant::now() < end => {
                if what != said {
                    console.note(format!("waiting for {what}"));
                    said = what;
                }
                std::thread::sleep(PAUSE);
            }
            other => return Ok(other),
        }
    }
}

/// What came of a step.
#[derive(Debug)]
pub(crate) enum Progress<T> {
    /// It is done.
    Done(T),
    /// Others have not sent what it needs: who, and what.
    Waiting(String),
}

/// What came of a step; ends the function that asks if the step is not done.
macro_rules! ready {
    ($progress:expr) => {
        match $progress {
            $crate::joint::wait::Progress::Done(value) => value,
            $crate::joint::wait::Progress::Waiting(what) => {
                return Ok($crate::joint::wait::Progress::Waiting(what));
            }
        }
    };
}

pub(crate) use ready;
