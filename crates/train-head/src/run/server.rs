//! A run whose compute party is a service: keys and data go there, the encrypted head and scores come back.

use std::path::Path;

use head_service::api::{Job as ServerJob, JobKind, NewJob, Upload};
use serde::Deserialize;

use super::folder::RunFolder;
use crate::args::RunArgs;
use crate::compute_party::training::Trained;
use crate::console::Console;
use crate::exit::{Failure, Result};
use crate::identity::PublicKey;
use crate::remote::{Client, fetch, push, wait};

/// The service, and what was sent to it.
pub(crate) struct ComputeServer {
    client: Client,
    /// What signs heads there.
    identity: PublicKey,
    /// The evaluation keys there, and the training.
    sent: Option<(Upload, ServerJob)>,
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
        if arguments.stopping.validation_fraction.is_some() {
            return Err(Failure::usage("--validation-fraction does not go with --server yet")
                .help("leave it out, or exchange files: `train-head watch` follows a training by them"));
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
        console: &Console,
    ) -> Result<Trained> {
        let keys = push(&self.client, &folder.evaluation_keys(), console)?;
        let data = push(&self.client, &folder.data(), console)?;
        let asked =
            NewJob { kind: JobKind::Train, keys: keys.id.clone(), data: data.id, head: None, priority: 0 };
        let done = self.job(&asked, &folder.encrypted_head(), console)?;
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
        let asked =
            NewJob { kind: JobKind::Score, keys: keys.id.clone(), data: samples.id, head, priority: 0 };
        Ok(Worked::of(&self.job(&asked, &folder.scores(), console)?).seconds)
    }

    fn job(&self, asked: &NewJob, out: &Path, console: &Console) -> Result<ServerJob> {
        let job: ServerJob = self.client.post("jobs", asked)?;
        console.note(format!(
            "job {} in project {}; ^C leaves it running, and --resume comes back to it",
            job.id,
            self.client.project()
        ));
        let done = wait(&self.client, &job.id, console)?;
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
