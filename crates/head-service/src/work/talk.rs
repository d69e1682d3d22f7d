//! The validation of a training while it runs: scores that its process writes, and the answer of the data party, which ends it.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::api::ValidationScores;
use crate::place::sync_folder;

const STOP: &str = "stop.json";

/// The folder through which data party and process communicate.
#[derive(Debug)]
pub(crate) struct Talk(PathBuf);

impl Talk {
    /// In this folder.
    pub(super) fn at(folder: PathBuf) -> Self {
        Self(folder)
    }

    /// The scores that are there, by iteration.
    pub(crate) fn scores(&self) -> io::Result<Vec<ValidationScores>> {
        let mut found = Vec::new();
        // there is no folder before the process has begun
        for entry in fs::read_dir(&self.0).into_iter().flatten() {
            let entry = entry?;
            if let Some(iteration) = entry.file_name().to_str().and_then(iteration) {
                found.push(ValidationScores { iteration, bytes: entry.metadata()?.len() });
            }
        }
        found.sort_by_key(|scores| scores.iteration);
        Ok(found)
    }

    /// The scores after an iteration, if they are there.
    pub(crate) fn open(&self, iteration: u64) -> io::Result<Option<File>> {
        match File::open(self.0.join(format!("iteration-{iteration:04}.scores"))) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            file => file.map(Some),
        }
    }

    /// Puts the answer where the process looks for it. Returns whether it is the one that is there now.
    pub(crate) fn stop(&self, answer: &[u8]) -> io::Result<bool> {
        let (path, new) = (self.0.join(STOP), self.0.join("stop.new"));
        if path.exists() {
            return Ok(fs::read(path)? == answer);
        }
        crate::place::private_folder(&self.0)?;
        let mut file = File::create(&new)?;
        file.write_all(answer)?;
        file.sync_all()?;
        fs::rename(new, path)?;
        sync_folder(&self.0)?;
        Ok(true)
    }
}

/// Keeps the scores of a training that has ended, and removes what else is in its folder.
pub(super) fn keep_scores(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_name().to_str().and_then(iteration).is_none() {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

/// The iteration of a file of scores.
fn iteration(name: &str) -> Option<u64> {
    name.strip_prefix("iteration-")?.strip_suffix(".scores")?.parse().ok()
}
