//! The folder through which the two parties communicate while a training runs.
//!
//! ```text
//! iteration-0004.scores   from the compute party: encrypted logits of the validation samples after four iterations
//! iteration-0004.head     from the compute party: the encrypted head that gave them
//! stop.json               from the data party: end the training of this run with the head of this iteration, signed
//! ```

use std::path::{Path, PathBuf};

use fhe_head::files::RunId;
use serde::{Deserialize, Serialize};

use super::signed::SignedJson;
use super::{Access, read_json, write_json};
use crate::exit::{Failure, Kind, Result};
use crate::identity::{Identity, Role, Trust};

const STOP: &str = "stop.json";
const CONTEXT: &str = "train-head 2026-11 signature of a request to stop";
const SCORES: &str = "scores";
const HEAD: &str = "head";

/// The folder.
#[derive(Clone, Debug)]
pub(crate) struct ValidationFolder(PathBuf);

/// The contents of `stop.json`.
#[derive(Debug, Serialize, Deserialize)]
struct Stop {
    run: RunId,
    iteration: usize,
}

impl ValidationFolder {
    /// The folder at a path.
    pub(crate) fn at(path: &Path) -> Self {
        Self(path.to_owned())
    }

    /// Makes the folder for a training. Only a training that continues (`resumed`) may find files there.
    ///
    /// # Errors
    /// The folder holds the files of another training, or cannot be made.
    pub(crate) fn prepare(&self, resumed: bool) -> Result<()> {
        std::fs::create_dir_all(&self.0)
            .map_err(|error| Failure::io("create", &self.0, Kind::Usage, error))?;
        if !resumed && !self.iterations()?.is_empty() {
            let message = format!("{} holds the validation of another training", self.0.display());
            return Err(Failure::usage(message).help("name an empty folder, or continue with --resume"));
        }
        Ok(())
    }

    /// The iterations that have scores, in increasing order.
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

    /// Path of the scores after an iteration.
    pub(crate) fn scores(&self, iteration: usize) -> PathBuf {
        self.file(iteration, SCORES)
    }

    /// Path of the head after an iteration.
    pub(crate) fn head(&self, iteration: usize) -> PathBuf {
        self.file(iteration, HEAD)
    }

    /// Path of the answer.
    pub(crate) fn stop(&self) -> PathBuf {
        self.0.join(STOP)
    }

    fn file(&self, iteration: usize, kind: &str) -> PathBuf {
        self.0.join(format!("iteration-{iteration:04}.{kind}"))
    }

    /// Asks the compute party to end the training with the head of an iteration.
    ///
    /// # Errors
    /// A failed write.
    pub(crate) fn stop_at(&self, run: RunId, iteration: usize, identity: &Identity) -> Result<()> {
        let stop = SignedJson::new(Stop { run, iteration }, CONTEXT, identity)?;
        write_json(&self.stop(), Access::Shared, &stop)
    }

    /// True if the data party asked to end the training.
    pub(crate) fn is_asked_to_stop(&self) -> bool {
        self.stop().exists()
    }

    /// The iteration whose head the data party asked to end the training of a run with, if it asked.
    ///
    /// # Errors
    /// `stop.json` is malformed, of another run, or not signed by the data party.
    pub(crate) fn asked_to_stop_at(&self, run: RunId, trust: &Trust) -> Result<Option<usize>> {
        let path = self.stop();
        if !path.exists() {
            return Ok(None);
        }
        let stop: SignedJson<Stop> = read_json(&path, "an answer of `train-head watch`")?;
        let name = path.display().to_string();
        if stop.value.run != run {
            return Err(Failure::file(format!("{name} is for run {}, not for run {run}", stop.value.run)));
        }
        trust.expect(&name, stop.signer(CONTEXT, &name)?, run, Role::Data)?;
        Ok(Some(stop.value.iteration))
    }
}
