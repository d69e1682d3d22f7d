//! The queue: takes jobs in their order, runs each as a process of its own, and notes how it ended.
//!
//! - this file: the queue;
//! - [`folder`]: the folder of a job; [`inputs`]: what it has before its process starts;
//! - [`outcome`]: how it ended, by the files that it left;
//! - [`sessions`]: trainings of several data parties;
//! - [`states`]: copies of what a training goes on from, if files are in a bucket;
//! - [`talk`]: validation while a training runs.

mod folder;
mod inputs;
mod outcome;
mod sessions;
mod states;
mod talk;

use std::ffi::OsString;
use std::io;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, SystemTime};

use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::api::{JobError, JobKind, JobResult, JobState};
use crate::log;
use crate::options::{Task, TaskKind, Validation, Worker};
use crate::problem::{Answer, Problem};
use crate::process::Process;
use crate::service::{Service, blocking};
use crate::store::StoredJob;

pub(crate) use folder::JobFolder;
pub(crate) use outcome::Outcome;
use states::States;

/// Between two looks at a process.
const PAUSE: Duration = Duration::from_millis(100);
/// Between two looks at the queue where nobody rings.
const IDLE: Duration = Duration::from_secs(5);
/// Between two tries where the disk is full, or the bucket of the files does not answer.
const TRIES: Duration = Duration::from_secs(10);
/// How long a process may take to stop at a checkpoint.
const GRACE: Duration = Duration::from_secs(5);

/// Works until it is asked to stop. Processes that run then are stopped at a checkpoint, and their jobs wait again.
pub(crate) async fn run(service: Arc<Service>, worker: Arc<dyn Worker>, mut stop: watch::Receiver<bool>) {
    let mut running = JoinSet::new();
    for job in or_none(service.store.running()).unwrap_or_default() {
        running.spawn(follow(Arc::clone(&service), Arc::clone(&worker), job, true, stop.clone()));
    }
    while !*stop.borrow() {
        or_none(service.note_commands());
        while running.len() < service.options.limits.running_jobs {
            let Some(job) = or_none(service.store.take_next()).flatten() else { break };
            running.spawn(follow(Arc::clone(&service), Arc::clone(&worker), job, false, stop.clone()));
        }
        tokio::select! {
            _ = stop.changed() => {}
            Some(_) = running.join_next() => {}
            () = service.work.notified() => {}
            () = tokio::time::sleep(IDLE) => {}
        }
    }
    while running.join_next().await.is_some() {}
}

/// Sees a job through: starts its process, or takes it up after a start of the server, waits, and notes how it ended.
async fn follow(
    service: Arc<Service>,
    worker: Arc<dyn Worker>,
    job: StoredJob,
    taken_up: bool,
    mut stop: watch::Receiver<bool>,
) {
    let id = job.job.id.clone();
    let begun = SystemTime::now();
    let ended = attempt(&service, &*worker, &job, taken_up, stop.clone()).await;
    service.set_progress(&id, None);
    let outcome = match ended {
        // nobody's fault either, but the process may not have found room to say so
        Ok(Outcome::Broken(error)) if service.place.is_full() => {
            log::failure("a job broke off on a full disk", &error.message);
            pause(TRIES, &mut stop).await;
            Outcome::Stopped
        }
        Ok(outcome) => outcome,
        // nobody's fault: it counts as no attempt
        Err(problem) if problem.passes() => {
            log::failure("a job could not start", &problem.words());
            pause(TRIES, &mut stop).await;
            Outcome::Stopped
        }
        Err(problem) => Outcome::broken(problem.words()),
    };
    service.traces.job(&job, &outcome, begun);
    loop {
        let (outcome, job) = (outcome.clone(), job.clone());
        let Err(problem) = blocking(&service, move |service| conclude(service, &job, outcome)).await else {
            return;
        };
        // it counts as running, and is taken up at the next start
        log::failure("the end of a job was not noted", &problem.words());
        if !problem.passes() || *stop.borrow() {
            return;
        }
        pause(TRIES, &mut stop).await;
    }
}

/// Waits, unless the server is asked to stop.
async fn pause(time: Duration, stop: &mut watch::Receiver<bool>) {
    tokio::select! {
        () = tokio::time::sleep(time) => {}
        _ = stop.changed() => {}
    }
}

async fn attempt(
    service: &Arc<Service>,
    worker: &dyn Worker,
    job: &StoredJob,
    taken_up: bool,
    mut stop: watch::Receiver<bool>,
) -> Answer<Outcome> {
    let folder = JobFolder::of(&service.place, &job.job.id);
    let mut process = match taken_up {
        true => Process::of_before(&folder.process(), job.process),
        false => {
            if !lay_out(service, job, &folder, &stop).await? {
                return Ok(Outcome::Stopped);
            }
            start(service, worker, job, &folder)?
        }
    };
    let states = States::keep(service, job, &folder);
    // one that ended while there was no server may have been ended with it
    let mut stopped = taken_up && !process.is_alive();
    while process.is_alive() {
        if let Some(progress) = process.progress() {
            service.set_progress(&job.job.id, Some(progress));
        }
        let cancelled = service.store.is_cancelled(&job.job.id).unwrap_or(false);
        if !stopped && (cancelled || *stop.borrow()) {
            stopped = true;
            process.ask_to_stop();
            let patience = std::time::Instant::now();
            while process.is_alive() && patience.elapsed() < GRACE {
                tokio::time::sleep(PAUSE).await;
            }
            process.kill();
        }
        tokio::select! {
            () = tokio::time::sleep(PAUSE) => {}
            _ = stop.changed(), if !stopped => {}
        }
    }
    if let Some(states) = states {
        states.end().await;
    }
    Ok(Outcome::read(&folder, stopped))
}

/// Lays out the folder of a job. Returns false if the job is not wanted any more.
async fn lay_out(
    service: &Arc<Service>,
    job: &StoredJob,
    folder: &JobFolder,
    stop: &watch::Receiver<bool>,
) -> Answer<bool> {
    let (job, folder, stop) = (job.clone(), folder.clone(), stop.clone());
    blocking(service, move |service| {
        let is_wanted = || !*stop.borrow() && !service.store.is_cancelled(&job.job.id).unwrap_or(false);
        match inputs::lay_out(service, &job, &folder, &is_wanted) {
            Err(_) if !is_wanted() => Ok(false),
            result => result.map(|()| true),
        }
    })
    .await
}

/// Starts the process of a job, whose folder is laid out.
fn start(service: &Service, worker: &dyn Worker, job: &StoredJob, folder: &JobFolder) -> Answer<Process> {
    let asked = &job.job.asked;
    let is_joint = asked.kind == JobKind::Joint;
    let (keys, data, head, out, home) = (
        if is_joint { folder.session() } else { folder.keys() },
        folder.data(),
        folder.head(),
        folder.out(),
        folder.home(),
    );
    let (samples, talk) = (folder.validation(), folder.talk());
    let validation = asked.validation.as_ref().map(|_| Validation {
        samples: &samples,
        every: asked.validation_every,
        folder: &talk,
    });
    let task = Task {
        validation,
        kind: match asked.kind {
            JobKind::Train => TaskKind::Train,
            JobKind::Score => TaskKind::Score,
            JobKind::Joint => TaskKind::Joint,
        },
        keys: &keys,
        data: &data,
        head: asked.head.as_ref().map(|_| head.as_path()),
        out: &out,
        home: &home,
        memory: service.options.limits.job_memory,
    };
    let mut command = worker.command(&task);
    withhold(service, &mut command);
    // signals reach a launcher with everything that it started, and those of a terminal reach the server alone
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    let program = command.get_program().to_owned();
    let mut process = Process::start(&folder.process(), command, Some(service.options.limits.job_memory))
        .map_err(|error| {
            log::failure(&format!("{} could not be started", program.display()), &error.to_string());
            Problem::internal(&format!("its process could not be started: {error}"))
        })?;
    // one that nobody would know of must not go on beside the next
    service.store.set_process(&job.job.id, process.id()).inspect_err(|_| process.kill())?;
    service.metrics.starts.fetch_add(1, Ordering::Relaxed);
    let named = format!("{}/{}", job.project_name, job.job.id);
    service.note("server", "job started", &named).inspect_err(|_| process.kill())?;
    log::event("job started", &job.job.id);
    Ok(process)
}

/// Keeps from a job what the server alone has business with: credentials of the bucket, and of the collector of traces.
fn withhold(service: &Service, command: &mut Command) {
    let options = &service.options;
    for (asked, beginning) in [(options.bucket.is_some(), "AWS_"), (options.traces.is_some(), "OTEL_")] {
        let is_one = |name: &OsString| asked && name.as_encoded_bytes().starts_with(beginning.as_bytes());
        std::env::vars_os().map(|(name, _)| name).filter(is_one).for_each(|name| {
            command.env_remove(name);
        });
    }
}

/// Notes how an attempt ended: the end of the job, or another turn.
fn conclude(service: &Service, job: &StoredJob, outcome: Outcome) -> Answer<()> {
    let (id, folder) = (&job.job.id, JobFolder::of(&service.place, &job.job.id));
    let named = format!("{}/{id}", job.project_name);
    let end = |state, end: Result<&JobResult, Option<&JobError>>, action| -> Answer<()> {
        service.store.end(id, state, end)?;
        service.note("server", action, &named)?;
        log::event(action, id);
        Ok(())
    };
    let cancelled = service.store.is_cancelled(id)?;
    match outcome {
        Outcome::Done(result) => {
            if job.job.asked.kind == JobKind::Joint {
                sessions::deliver_head(service, job, &folder)?;
            }
            service.blobs.keep_result(&job.name(), &folder.out())?;
            end(JobState::Done, Ok(&result), "job done")?;
            folder.keep_result()?;
            clean_up(service, || service.blobs.keep_result_alone(&job.name()))
        }
        _ if cancelled => {
            end(JobState::Cancelled, Err(None), "job stopped")?;
            folder.remove()?;
            clean_up(service, || service.blobs.remove_job(&job.name()))
        }
        Outcome::Stopped => service.store.requeue(id, false),
        Outcome::Broken(_) if job.job.attempts < service.options.limits.attempts => {
            service.note("server", "job to be tried again", &named)?;
            service.store.requeue(id, true)?;
            service.work.notify_one();
            Ok(())
        }
        Outcome::Broken(error) | Outcome::Refused(error) => {
            end(JobState::Failed, Err(Some(&error)), "job failed")?;
            folder.remove()?;
            clean_up(service, || service.blobs.remove_job(&job.name()))
        }
    }
}

/// What may go once a job has ended. What stays now goes with the job, or is removed at the next start.
fn clean_up(service: &Service, remove: impl FnOnce() -> io::Result<()>) -> Answer<()> {
    for result in [remove(), service.blobs.trim(0)] {
        result.unwrap_or_else(|error| log::failure("a file was not removed", &error.to_string()));
    }
    Ok(())
}

/// What the database said; what failed is logged.
fn or_none<T>(answer: Answer<T>) -> Option<T> {
    answer.map_err(|problem| log::failure("the queue could not be read", &problem.words())).ok()
}
