//! What a panic said. Readers catch those of libraries on damaged files and refuse the file in words; only one that nobody catches is
//! shown.

use std::backtrace::{Backtrace, BacktraceStatus};
use std::sync::{Mutex, PoisonError};

use crate::tell::tell;

static LAST: Mutex<String> = Mutex::new(String::new());

/// From here on a panic is kept, not printed.
pub(crate) fn keep() {
    std::panic::set_hook(Box::new(|panic| {
        let backtrace = Backtrace::capture();
        let mut said = panic.to_string();
        if backtrace.status() == BacktraceStatus::Captured {
            said = format!("{said}\n{backtrace}");
        }
        *LAST.lock().unwrap_or_else(PoisonError::into_inner) = said;
    }));
}

/// Prints the last panic.
pub(super) fn show() {
    tell!("{}", LAST.lock().unwrap_or_else(PoisonError::into_inner));
}
