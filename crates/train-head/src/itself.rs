//! This program, to start it again: `serve` and `studio` do their work by processes of it.

use std::ffi::OsString;
use std::process::Command;
use std::sync::OnceLock;

use crate::exit::{Failure, Result};

/// What starts this program where it is none of its own: the interpreter of the Python package, and what it is told.
static WORDS: OnceLock<Vec<OsString>> = OnceLock::new();

/// Remembers the words that start the program, where it is no program of its own. The first call counts.
pub(crate) fn is(words: Vec<OsString>) {
    // a second call is of the same process, and so of the same program
    let _ = WORDS.set(words);
}

/// How this program is started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Itself {
    program: OsString,
    /// Words before the command line.
    before: Vec<OsString>,
}

impl Itself {
    /// The program that runs.
    ///
    /// # Errors
    /// The system does not say which it is.
    pub(crate) fn find() -> Result<Self> {
        if let Some((program, before)) = WORDS.get().and_then(|words| words.split_first()) {
            return Ok(Self { program: program.clone(), before: before.to_vec() });
        }
        let found = std::env::current_exe().map_err(|error| {
            Failure::unexpected("cannot find this program, which does the work").because(error)
        })?;
        Ok(Self { program: found.into_os_string(), before: Vec::new() })
    }

    /// The program without a command line.
    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command.args(&self.before);
        command
    }
}
