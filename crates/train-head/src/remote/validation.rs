//! The validation of a job on a server: its scores come into a folder, and the answer that is there goes to the server. What the folder is for
//! a training on this machine, it is for one there.

use std::io::{Read, Write};

use head_service::api::ValidationScores;

use super::client::Client;
use crate::exit::{Failure, Kind, Result};
use crate::files::validation::ValidationFolder;
use crate::files::{Access, write_with};

/// A folder, and the job whose validation it holds.
pub(crate) struct Talk<'a> {
    client: &'a Client,
    job: String,
    folder: ValidationFolder,
    answered: bool,
}

impl<'a> Talk<'a> {
    /// Follows the validation of a job.
    ///
    /// # Errors
    /// The folder cannot be made.
    pub(crate) fn new(client: &'a Client, job: &str, folder: ValidationFolder) -> Result<Self> {
        folder.prepare(true)?;
        Ok(Self { client, job: job.to_owned(), folder, answered: false })
    }

    /// Fetches new scores, and passes on an answer.
    ///
    /// # Errors
    /// The server refuses or cannot be reached; a failed write.
    pub(crate) fn exchange(&mut self) -> Result<()> {
        let there: Vec<ValidationScores> = self.client.get(&format!("jobs/{}/validation", self.job))?;
        let known = self.folder.iterations()?;
        for ValidationScores { iteration, bytes } in there {
            let Ok(number) = usize::try_from(iteration) else { continue };
            if !known.contains(&number) {
                self.fetch(number, bytes)?;
            }
        }
        if !self.answered && self.folder.is_asked_to_stop() {
            let path = self.folder.stop();
            let answer =
                std::fs::read(&path).map_err(|error| Failure::io("read", &path, Kind::File, error))?;
            self.client.put(&format!("jobs/{}/stop", self.job), &answer)?;
            self.answered = true;
        }
        Ok(())
    }

    /// Fetches the scores after an iteration. Whose they are, their signature tells.
    fn fetch(&self, iteration: usize, bytes: u64) -> Result<()> {
        let mut answer = self.client.bytes(&format!("jobs/{}/validation/{iteration}", self.job))?;
        let mut scores = Vec::new();
        let body = answer.body_mut().with_config().limit(u64::MAX).reader();
        body.take(bytes + 1).read_to_end(&mut scores).map_err(|error| {
            Failure::unexpected(format!("{} ended in the middle of scores", self.client.url()))
                .because(error)
                .help("run the same command again")
        })?;
        let path = self.folder.scores(iteration);
        write_with(&path, Access::Shared, |file| {
            file.write_all(&scores).map_err(|error| Failure::io("write", &path, Kind::Unexpected, error))
        })
    }
}
