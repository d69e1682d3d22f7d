//! The parties that were met before: a line for each, of run, role and key. A first file of a run from a party adds one.

use std::fmt;
use std::io::Write;
use std::path::PathBuf;

use fhe_head::files::RunId;

use super::place::folder;
use super::public_key::PublicKey;
use crate::exit::{Failure, Kind, Result};

/// The party that makes a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// Makes keys, data and samples.
    Data,
    /// Makes states, heads and scores.
    Compute,
}

impl Role {
    /// The role in the file of known parties.
    fn word(self) -> &'static str {
        match self {
            Self::Data => "data",
            Self::Compute => "compute",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} party", self.word())
    }
}

/// The file of the known parties.
#[derive(Clone, Debug)]
pub(super) struct KnownParties(PathBuf);

impl KnownParties {
    /// Those of this user.
    ///
    /// # Errors
    /// The environment names no folder.
    pub(super) fn of_user() -> Result<Self> {
        Ok(Self(folder()?.join("known_parties")))
    }

    /// The key by which a party of a run is known; `None` if it is not.
    ///
    /// # Errors
    /// A file that cannot be read, or holds something else.
    pub(super) fn of(&self, run: RunId, role: Role) -> Result<Option<PublicKey>> {
        let text = match std::fs::read_to_string(&self.0) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(Failure::io("read", &self.0, Kind::File, error)),
        };
        let start = format!("{} {} ", run.to_hex(), role.word());
        let Some(line) = text.lines().find_map(|line| line.strip_prefix(&start)) else { return Ok(None) };
        line.trim().parse().map(Some).map_err(|error: String| {
            Failure::file(format!("{}: a line of run {run}: {error}", self.0.display()))
        })
    }

    /// Adds a party.
    ///
    /// # Errors
    /// A failure of the operating system.
    pub(super) fn add(&self, run: RunId, role: Role, key: PublicKey) -> Result<()> {
        let failed = |error| Failure::io("write", &self.0, Kind::Unexpected, error);
        if let Some(folder) = self.0.parent() {
            std::fs::create_dir_all(folder).map_err(failed)?;
        }
        let mut options = std::fs::OpenOptions::new();
        options.append(true).create(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(&self.0).map_err(failed)?;
        // one write, so that two commands do not mix their lines
        let line = format!("{} {} {key}\n", run.to_hex(), role.word());
        file.write_all(line.as_bytes()).map_err(failed)
    }

    /// The file, for messages.
    pub(super) fn path(&self) -> std::path::Display<'_> {
        self.0.display()
    }
}
