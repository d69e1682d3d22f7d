//! What handlers and the queue share.

use std::collections::HashMap;
use std::fs::File;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use fhe_head::files::Tag;
use tokio::sync::{Notify, Semaphore};

use crate::api::{Job, JobResult, Progress};
use crate::audit::Audit;
use crate::blobs::{Blobs, JobName, Wanted};
use crate::log;
use crate::metrics::Metrics;
use crate::oidc::Verifier;
use crate::options::Options;
use crate::place::Place;
use crate::problem::{Answer, Problem};
use crate::store::{Blob, Store, StoredJob};
use crate::traces::Traces;
use crate::work::JobFolder;

/// The service.
#[derive(Debug)]
pub(crate) struct Service {
    pub(crate) options: Options,
    pub(crate) place: Place,
    pub(crate) store: Store,
    pub(crate) blobs: Blobs,
    /// Verifies tokens of an issuer, if one is accepted.
    pub(crate) oidc: Option<Verifier>,
    pub(crate) metrics: Metrics,
    pub(crate) traces: Traces,
    pub(crate) started: Instant,
    /// Rings when the queue has something to do.
    pub(crate) work: Notify,
    /// Room for chunks in memory.
    pub(crate) room: Semaphore,
    audit: Audit,
    /// What the processes of jobs say.
    progress: Mutex<HashMap<String, Progress>>,
}

/// What has settings of its own.
#[derive(Debug)]
pub(crate) struct Parts {
    pub(crate) oidc: Option<Verifier>,
    pub(crate) blobs: Blobs,
    pub(crate) traces: Traces,
}

impl Service {
    /// Opens everything in the folder.
    pub(crate) fn open(options: Options, place: Place, parts: Parts) -> Result<Self, String> {
        let store = Store::open(&place.database())
            .map_err(|error| format!("{}: {error}", place.database().display()))?;
        let audit = Audit::open(&place.audit(), &store)
            .map_err(|error| format!("{}: {error}", place.audit().display()))?;
        let Parts { oidc, blobs, traces } = parts;
        let room = Semaphore::new(options.limits.chunks_in_memory);
        let (metrics, progress) = (Metrics::default(), Mutex::default());
        let (started, work) = (Instant::now(), Notify::new());
        Ok(Self { options, place, store, blobs, oidc, metrics, traces, started, work, room, audit, progress })
    }

    /// Notes that something was done.
    pub(crate) fn note(&self, actor: &str, action: &str, object: &str) -> Answer<()> {
        self.audit.note(&self.store, actor, action, object)
    }

    /// Notes what commands of the operator did meanwhile. After a crash in between, a thing may be noted twice.
    pub(crate) fn note_commands(&self) -> Answer<()> {
        for (number, action, object) in self.store.words_left()? {
            self.note("operator command", &action, &object)?;
            self.store.forget_word(number)?;
        }
        Ok(())
    }

    /// A job with what its process says.
    pub(crate) fn shown(&self, found: StoredJob) -> Job {
        let progress =
            self.progress.lock().unwrap_or_else(PoisonError::into_inner).get(&found.job.id).cloned();
        Job { progress: progress.filter(|_| !found.job.state.is_over()), ..found.job }
    }

    /// Notes what the process of a job says; `None` once it has ended.
    pub(crate) fn set_progress(&self, id: &str, progress: Option<Progress>) {
        let mut all = self.progress.lock().unwrap_or_else(PoisonError::into_inner);
        match progress {
            Some(progress) => all.insert(id.to_owned(), progress),
            None => all.remove(id),
        };
    }

    /// Where a whole file is, which stays there as long as the caller holds the files.
    pub(crate) fn obtain(&self, blob: &Blob, wanted: Wanted<'_>) -> Answer<PathBuf> {
        self.blobs.obtain(blob, || self.store.chunks(blob), wanted)
    }

    /// Opens a file whose chunks have all arrived.
    pub(crate) fn open_file(&self, blob: &Blob) -> Answer<File> {
        self.blobs.open_file(blob, || self.store.chunks(blob))
    }

    /// Where the result of a job is.
    pub(crate) fn obtain_result(&self, project: i64, id: &str, result: &JobResult) -> Answer<PathBuf> {
        let out = JobFolder::of(&self.place, id).out();
        let job = JobName { project, id: id.to_owned() };
        self.blobs.obtain_result(&job, (result.bytes, &result.digest), &out)?;
        Ok(out)
    }

    /// Removes what was kept of a job that is gone.
    pub(crate) fn remove_job_files(&self, project: i64, id: &str) -> Answer<()> {
        JobFolder::of(&self.place, id).remove()?;
        // what stays in a bucket is removed at the next start
        if let Err(error) = self.blobs.remove_job(&JobName { project, id: id.to_owned() }) {
            log::failure("what a job left was not removed", &error.to_string());
        }
        Ok(())
    }

    /// Removes files that belong to no upload any more.
    pub(crate) fn remove_blobs(&self, blobs: &[Blob]) {
        for blob in blobs {
            // what stays is removed at the next start
            if let Err(error) = self.blobs.remove(blob) {
                log::failure("a file was not removed", &error.to_string());
            }
        }
    }
}

/// Runs what waits for the disk on a thread of its own.
///
/// # Errors
/// Those of `work`.
pub(crate) async fn blocking<T: Send + 'static>(
    service: &Arc<Service>,
    work: impl FnOnce(&Service) -> Answer<T> + Send + 'static,
) -> Answer<T> {
    let service = Arc::clone(service);
    tokio::task::spawn_blocking(move || work(&service)).await?
}

/// A new random id.
pub(crate) fn new_id() -> Answer<String> {
    let mut id = [0; 16];
    getrandom::fill(&mut id).map_err(|error| Problem::internal(&error))?;
    Ok(Tag(id).to_hex())
}
