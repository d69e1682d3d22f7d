//! A Python interpreter, for what is easier in Python or comes from its package index.

use std::process::{Command, Stdio};

use anyhow::{Result, bail};

/// A Python interpreter by name or path.
pub(crate) struct Python(std::ffi::OsString);

impl Python {
    /// `$PYTHON` if set, otherwise the first of python3 and python that has pip.
    ///
    /// # Errors
    /// None has it.
    pub(crate) fn with_pip() -> Result<Self> {
        let candidates = match std::env::var_os("PYTHON") {
            Some(chosen) => vec![chosen],
            None => vec!["python3".into(), "python".into()],
        };
        let has_pip = |name: &std::ffi::OsString| {
            let mut command = Self(name.clone()).command();
            command.args(["-m", "pip", "--version"]).stdout(Stdio::null()).stderr(Stdio::null());
            command.status().is_ok_and(|status| status.success())
        };
        match candidates.iter().find(|name| has_pip(name)) {
            Some(name) => Ok(Self(name.clone())),
            None => bail!("none of {candidates:?} is a Python 3 with pip; install it or set PYTHON"),
        }
    }

    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new(&self.0);
        command.stdin(Stdio::null());
        command
    }
}
