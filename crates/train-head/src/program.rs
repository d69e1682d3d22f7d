//! What starts this program: itself, or the interpreter of the Python package that has it in it.

use std::ffi::OsString;
use std::process::Command;
use std::sync::OnceLock;

static WORDS: OnceLock<Vec<OsString>> = OnceLock::new();

/// Remembers the words that start the program, where it is no program of its own. The first call counts.
pub(crate) fn is(words: Vec<OsString>) {
    // a second call is of the same process, and so of the same program
    let _ = WORDS.set(words);
}

/// The words that start the program.
///
/// # Errors
/// The system does not say where the program is.
pub(crate) fn words() -> std::io::Result<Vec<OsString>> {
    match WORDS.get().filter(|words| !words.is_empty()) {
        Some(words) => Ok(words.clone()),
        None => Ok(vec![std::env::current_exe()?.into_os_string()]),
    }
}

/// A command of these words.
pub(crate) fn command(words: &[OsString]) -> Command {
    let (first, others) = words.split_first().map_or((OsString::new(), &[][..]), |(f, o)| (f.clone(), o));
    let mut command = Command::new(first);
    command.args(others);
    command
}
