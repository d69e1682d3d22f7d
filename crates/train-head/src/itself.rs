//! This program, to start it again: `serve` and `studio` do their work by processes of it.

use std::path::PathBuf;
use std::process::Command;

use crate::exit::{Failure, Result};

/// How this program is started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Itself {
    path: PathBuf,
    /// Words before the command line.
    before: &'static [&'static str],
}

impl Itself {
    /// The program that runs. In the Python package that is Python, which gets the package's name.
    ///
    /// # Errors
    /// The system does not say which it is.
    pub(crate) fn find() -> Result<Self> {
        std::env::current_exe().map(Self::of).map_err(|error| {
            Failure::unexpected("cannot find this program, which does the work").because(error)
        })
    }

    fn of(path: PathBuf) -> Self {
        let name = path.file_name().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
        let python = ["python", "pypy"].iter().any(|start| name.starts_with(start));
        Self { path, before: if python { &["-m", "train_head"] } else { &[] } }
    }

    /// The program without a command line.
    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new(&self.path);
        command.args(self.before);
        command
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn python_is_told_which_package() {
        let words = |path: &str| Itself::of(path.into()).command().get_args().count();
        assert_eq!(
            (words("/usr/bin/train-head"), words("/usr/bin/python3.12"), words("/home/me/th")),
            (0, 2, 0)
        );
    }
}
