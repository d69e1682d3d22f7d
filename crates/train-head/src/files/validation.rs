//! The folder through which the two parties talk about a training that is under way.
//!
//! ```text
//! iteration-0004.scores   the compute party's: encrypted logits of the validation samples after four iterations
//! iteration-0004.head     the encrypted head that gave them
//! stop.json               the data party's answer: end with the head of this iteration
//! ```

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::{Access, read_json, write_json};
use crate::exit::{Failure, Kind, Result};

const STOP: &str = "stop.json";
const SCORES: &str = "scores";
const HEAD: &str = "head";

/// Such a folder.
#[derive(Clone, Debug)]
pub(crate) struct ValidationFolder(PathBuf);

/// The answer of the data party.
#[derive(Debug, Serialize, Deserialize)]
struct Stop {
    iteration: usize,
}

impl ValidationFolder {
    /// The folder at a path.
    pub(crate) fn at(path: &Path) -> Self {
        Self(path.to_owned())
    }

    /// Makes the folder for a training: one that continues finds its files there, another must not.
    ///
    /// # Errors
    /// Files of another training; the folder cannot be made.
    pub(crate) fn prepare(&self, resumed: bool) -> Result<()> {
        std::fs::create_dir_all(&self.0)
            .map_err(|error| Failure::io("create", &self.0, Kind::Usage, error))?;
        if !resumed && !self.iterations()?.is_empty() {
            let message = format!("{} holds the validation of another training", self.0.display());
            return Err(Failure::usage(message).help("name an empty folder, or continue with --resume"));
        }
        Ok(())
    }

    /// The iterations of which there are scores, in order.
    ///
    /// # Errors
    /// The folder cannot be read.
    pub(crate) fn iterations(&self) -> Result<Vec<usize>> {
        let failed = |error| Failure::io("read", &self.0, Kind::File, error);
        let mut found = Vec::new();
        for entry in std::fs::read_dir(&self.0).map_err(failed)? {
            let name = entry.map_err(failed)?.file_name();
            let number: Option<usize> = name.to_str().and_then(|name| {
                name.strip_prefix("iteration-")?.strip_suffix(SCORES)?.strip_suffix('.')?.parse().ok()
            });
            found.extend(number);
        }
        found.sort_unstable();
        Ok(found)
    }

    /// Where the scores after an iteration are.
    pub(crate) fn scores(&self, iteration: usize) -> PathBuf {
        self.file(iteration, SCORES)
    }

    /// Where the head after an iteration is.
    pub(crate) fn head(&self, iteration: usize) -> PathBuf {
        self.file(iteration, HEAD)
    }

    fn file(&self, iteration: usize, kind: &str) -> PathBuf {
        self.0.join(format!("iteration-{iteration:04}.{kind}"))
    }

    /// Asks the compute party to end with the head of an iteration.
    ///
    /// # Errors
    /// Those of writing.
    pub(crate) fn stop_at(&self, iteration: usize) -> Result<()> {
        write_json(&self.0.join(STOP), Access::Shared, &Stop { iteration })
    }

    /// The iteration that the training is to end with, if the data party said so.
    ///
    /// # Errors
    /// A file that says something else.
    pub(crate) fn asked_to_stop_at(&self) -> Result<Option<usize>> {
        let path = self.0.join(STOP);
        if !path.exists() {
            return Ok(None);
        }
        let Stop { iteration } = read_json(&path, "an answer of `train-head watch`")?;
        Ok(Some(iteration))
    }
}
