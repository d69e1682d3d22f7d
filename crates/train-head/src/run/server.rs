//! A run whose compute party is a service: keys and data go there, the encrypted head and scores come back.

use std::num::NonZeroU32;
use std::path::Path;

use head_service::api::{Job as ServerJob, JobKind, NewJob, Upload};
use serde::Deserialize;

use super::folder::RunFolder;
use crate::args::RunArgs;
use crate::compute_party::training::Trained;
use crate::console::Console;
use crate::data_party::follow::Follower;
use crate::exit::{Failure, Result};
use crate::identity::PublicKey;
use crate::remote::{Client, Talk, fetch, push, wait, wait_with};

/// The service, and what was sent to it.
pub(crate) struct ComputeServer {
    client: Client,
    /// What signs heads there.
    identity: PublicKey,
    /// The evaluation keys there, and the training.
    sent: Option<(Upload, ServerJob)>,
}

/// A training that the data party follows by the scores of its validation samples.
pub(crate) struct Followed<'a, 'b> {
    /// Decrypts them, and answers.
    pub(crate) follower: &'a mut Follower<'b>,
    /// Iterations between two scorings.
    pub(crate) every: Option<NonZeroU32>,
}

/// What a job says of its work.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Worked {
    iterations: usize,
    resumed_after: usize,
    seconds: f64,
    bootstrap_seconds: f64,
}

impl ComputeServer {
    /// The service that the flags name, if they do. It is asked for its name at once, so that nobody embeds texts for a server that is not
    /// there.
    ///
    /// # Errors
    /// An unknown server; one that cannot be reached or refuses the token; flags that go with a training here.
    pub(crate) fn open(arguments: &RunArgs, console: &Console) -> Result<Option<Self>> {
        if arguments.server.server.is_none() {
            return Ok(None);
        }
        if arguments.memory.memory.is_some() {
            return Err(Failure::usage(
                "--memory is for a training on this machine; the server has limits of its own",
            ));
        }
        let client = Client::open(&arguments.server)?;
        let facts = client.server()?;
        let identity = facts.identity.parse().map_err(|what: String| {
            Failure::unexpected(format!("{} names no key that signs heads: {what}", client.url()))
        })?;
        console.note(format!("{} trains; its heads are signed by {identity}", client.url()));
        Ok(Some(Self { client, identity, sent: None }))
    }

    /// What signs its files.
    pub(crate) fn identity(&self) -> PublicKey {
        self.identity
    }

    /// Sends keys and data, waits for the training, and fetches the encrypted head. What is there already is not sent again, and a training
    /// that was asked for is not begun anew.
    ///
    /// # Errors
    /// The server refuses or cannot be reached; the training failed; ^C.
    pub(crate) fn train(
        &mut self,
        folder: &RunFolder,
        job: &fhe_head::Job,
        validation: Option<Followed<'_, '_>>,
        console: &Console,
    ) -> Result<Trained> {
        let keys = push(&self.client, &folder.evaluation_keys(), console)?;
        let data = push(&self.client, &folder.data(), console)?;
        let mut asked = NewJob { keys: keys.id.clone(), data: data.id, ..NewJob::default() };
        if let Some(followed) = &validation {
            asked.validation = Some(push(&self.client, &folder.validation_samples(), console)?.id);
            asked.validation_every = followed.every;
        }
        let done = self.job(&asked, &folder.encrypted_head(), validation, console)?;
        let worked = Worked::of(&done);
        self.sent = Some((keys, done.clone()));
        Ok(Trained {
            job: job.clone(),
            iterations: worked.iterations,
            resumed_after: worked.resumed_after,
            seconds: worked.seconds,
            bootstrap_seconds: worked.bootstrap_seconds,
            bytes: done.result.map_or(0, |result| result.bytes),
        })
    }

    /// Sends the samples to score, and fetches the scores. Returns the seconds of the scoring.
    ///
    /// # Errors
    /// As [`Self::train`], which comes first.
    pub(crate) fn score(&self, folder: &RunFolder, console: &Console) -> Result<f64> {
        let Some((keys, trained)) = &self.sent else {
            return Err(Failure::unexpected("scores were asked for before a head was trained"));
        };
        let samples = push(&self.client, &folder.test_samples(), console)?;
        let head = Some(trained.id.clone());
        let (keys, data) = (keys.id.clone(), samples.id);
        let asked = NewJob { kind: JobKind::Score, keys, data, head, ..NewJob::default() };
        Ok(Worked::of(&self.job(&asked, &folder.scores(), None, console)?).seconds)
    }

    fn job(
        &self,
        asked: &NewJob,
        out: &Path,
        validation: Option<Followed<'_, '_>>,
        console: &Console,
    ) -> Result<ServerJob> {
        let job: ServerJob = self.client.post("jobs", asked)?;
        console.note(format!(
            "job {} in project {}; ^C leaves it running, and --resume comes back to it",
            job.id,
            self.client.project()
        ));
        let done = match validation {
            None => wait(&self.client, &job.id, console)?,
            Some(Followed { follower, .. }) => {
                let mut talk = Talk::new(&self.client, &job.id, follower.folder().clone())?;
                wait_with(&self.client, &job.id, console, &mut || {
                    talk.exchange()?;
                    let found = follower.folder().iterations()?;
                    follower.look(found, |point| console.note(point.line()))?;
                    // the answer goes at once
                    talk.exchange()
                })?
            }
        };
        fetch(&self.client, &done, out, console)?;
        Ok(done)
    }
}

impl Worked {
    /// What the server's process reported: figures for the report, and nothing that is relied on.
    fn of(job: &ServerJob) -> Self {
        let report = job.result.as_ref().map(|result| result.report.clone()).unwrap_or_default();
        serde_json::from_value(report).unwrap_or_default()
    }
}
