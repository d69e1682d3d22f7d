//! `train`: the compute party's work. It reads ciphertexts and evaluation keys, and nothing else.

use std::fs::File;
use std::io::Read;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use fhe_head::engine::encrypted::Encrypted;
use fhe_head::job::Job;
use fhe_head::server::{self, EncryptedState};
use serde_json::json;

use super::validation::Validation;
use crate::args::{CheckpointArgs, TrainArgs, ValidationArgs};
use crate::console::{Console, Outcome};
use crate::exit::{Failure, Kind, Result, keep_failure, training_failure};
use crate::files::ciphertexts;
use crate::files::evaluation_keys;
use crate::pace::{Work, time_left};
use crate::{interrupt, progress};

/// What a training was.
#[derive(Debug)]
pub(super) struct Trained {
    /// The public description.
    pub(super) job: Job,
    /// Iterations of the head.
    pub(super) iterations: usize,
    /// Iterations that an earlier process did.
    pub(super) resumed_after: usize,
    /// Seconds of the training itself, without reading and writing.
    pub(super) seconds: f64,
    /// Seconds of it in bootstraps.
    pub(super) bootstrap_seconds: f64,
    /// Size of the encrypted head.
    pub(super) bytes: u64,
}

impl Trained {
    /// Bootstraps of the training; all that were planned unless it was stopped.
    pub(super) fn bootstraps(&self) -> usize {
        let whole = self.iterations == self.job.iterations();
        self.job.spec().refresh_before.iter().filter(|&&t| whole || t < self.iterations).count()
    }
}

/// # Errors
/// Files that are damaged or do not belong together; those of writing; ^C.
pub(super) fn run(arguments: &TrainArgs, console: &Console) -> Result<Outcome> {
    let TrainArgs { data, keys, warm_start, out, checkpoints, validation } = arguments;
    let mut unattended = || Ok(());
    let validation = (validation, &mut unattended as &mut dyn FnMut() -> Result<()>);
    let trained = train((data, keys), warm_start.as_deref(), out, *checkpoints, validation, console)?;
    let text = format!(
        "{}{} iterations in {}; the encrypted head is in {} ({})",
        if trained.iterations < trained.job.iterations() { "stopped by the data party: " } else { "" },
        trained.iterations,
        progress::seconds(trained.seconds),
        arguments.out.display(),
        progress::bytes(trained.bytes),
    );
    let json = json!({
        "iterations": trained.iterations, "bootstraps": trained.bootstraps(),
        "resumed_after": trained.resumed_after, "seconds": trained.seconds,
        "bootstrap_seconds": trained.bootstrap_seconds, "file": arguments.out,
        "bytes": trained.bytes,
    });
    Ok(Outcome { json, text })
}

/// Trains on the data in a file with the keys in a folder, and writes the encrypted head. Until then a checkpoint lies
/// beside it. `written` is called where there are new scores of validation samples.
///
/// # Errors
/// As [`run`].
pub(super) fn train(
    (data, keys): (&Path, &Path),
    warm_start: Option<&Path>,
    out: &Path,
    checkpoints: CheckpointArgs,
    (validation, written): (&ValidationArgs, &mut dyn FnMut() -> Result<()>),
    console: &Console,
) -> Result<Trained> {
    let keys = Arc::new(evaluation_keys::read_evaluation(keys, console)?);
    let (job, blocks, start) = ciphertexts::read_data(data, &keys, console)?;
    let validation = Validation::of(validation, &keys, &job, checkpoints.resume)?;
    let engine = Encrypted::for_job(keys, &job).map_err(training_failure)?;
    let start = earlier_head(&engine, (data, &job), warm_start)?.unwrap_or(start);
    let checkpoint = checkpoint_path([Some(data), warm_start].into_iter().flatten(), out)?;
    remove_unfinished(out)?;
    let state = match checkpoints.resume && checkpoint.exists() {
        true => ciphertexts::read_state(&checkpoint, engine.keys(), &job)?,
        false => start,
    };
    let resumed_after = state.iteration;
    if resumed_after > 0 {
        console.note(format!("continuing after iteration {resumed_after} of {}", job.iterations()));
    }
    let phase = console.phase("train", job.iterations());
    phase.start_from(resumed_after);
    let mut stopped = None;
    let head = keep_failure(|keep| {
        server::resume_on(&engine, &job, &blocks, state, |state| {
            phase.set(state.iteration);
            let (done, left) =
                (work(&job, resumed_after..state.iteration), work(&job, state.iteration..job.iterations()));
            let apart = if counts_apart(&job) { engine.refresh_time() } else { Duration::ZERO };
            if let Some(left) = time_left(done, phase.elapsed(), apart, left) {
                phase.expect(left);
            }
            if let Some(validation) = &validation {
                let answer = validation.after_iteration(&engine, &job, state, written);
                keep(answer.and_then(|answer| match answer {
                    None => Ok(()),
                    Some(head) => {
                        stopped = Some(head);
                        Err(Failure::interrupted("stopped by the data party"))
                    }
                }))?;
            }
            keep(after_iteration(&checkpoint, &job, state, checkpoints))
        })
    });
    let head = match stopped {
        Some(head) => head,
        None => head?,
    };
    let seconds = phase.done().as_secs_f64();
    let bytes = ciphertexts::write_head(out, &job, &head)?;
    match std::fs::remove_file(&checkpoint) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            console.warn(format!("{} stays behind: {error}", checkpoint.display()));
        }
        _ => {}
    }
    let bootstrap_seconds = engine.refresh_time().as_secs_f64();
    let iterations = head.iteration;
    Ok(Trained { job, iterations, resumed_after, seconds, bootstrap_seconds, bytes })
}

/// The state that goes on from the encrypted head of an earlier training, if one was named.
///
/// # Errors
/// A head of another kind, key or parameter set, or one without levels; data for a training from zero; no head where the data are
/// for a training that goes on from one.
fn earlier_head(
    engine: &Encrypted,
    (data, job): (&Path, &Job),
    warm_start: Option<&Path>,
) -> Result<Option<EncryptedState>> {
    let Some(path) = warm_start else {
        return match job.continues() {
            false => Ok(None),
            true => Err(Failure::usage(format!(
                "{} are for a training that goes on from an earlier head: name it with --warm-start",
                data.display()
            ))),
        };
    };
    if !job.continues() {
        let message =
            format!("--warm-start: {} are not for a training that goes on from a head", data.display());
        return Err(Failure::usage(message).help("plan it with `train-head estimate --continue-from PLAN`"));
    }
    let keys = engine.keys();
    let (earlier, head) = ciphertexts::read_head(path, (keys.parameters(), keys.key_id()))?;
    if earlier.head() != job.head() {
        return Err(Failure::file(format!(
            "{}: a head of another kind or other intervals than {} were encrypted for",
            path.display(),
            data.display()
        ))
        .help("give the head of the plan that `estimate --continue-from` was told"));
    }
    server::warm_start(engine, job, &earlier, &head).map(Some).map_err(|error| match error {
        fhe_head::Error::Level { .. } => {
            Failure::parameters(format!("{}: the head has too few levels left", path.display()))
                .because(error)
                .help("decrypt it, and start from it in the clear: `train-head estimate --warm-start FOLDER`")
        }
        error => training_failure(error),
    })
}

/// Whether bootstraps stand between iterations alone; those inside are a part of each.
fn counts_apart(job: &Job) -> bool {
    job.spec().refreshed_points.is_empty()
}

/// The work of some iterations.
fn work(job: &Job, iterations: Range<usize>) -> Work {
    let bootstraps = iterations.clone().filter(|&t| counts_apart(job) && job.refreshes_before(t)).count();
    Work { iterations: iterations.len(), bootstraps }
}

/// Writes a checkpoint where one is due, and stops at one if somebody asked for that.
fn after_iteration(
    checkpoint: &Path,
    job: &Job,
    state: &EncryptedState,
    checkpoints: CheckpointArgs,
) -> Result<()> {
    if state.iteration == job.iterations() {
        return Ok(());
    }
    let asked = interrupt::check();
    if asked.is_err() || state.iteration.is_multiple_of(checkpoints.checkpoint_every.get()) {
        ciphertexts::write_state(checkpoint, job, state)?;
    }
    asked.map_err(|_| {
        Failure::interrupted(format!(
            "interrupted after iteration {} of {}; the state is kept",
            state.iteration,
            job.iterations()
        ))
        .help("the same command with --resume continues")
    })
}

/// The checkpoint of a training: beside its head, and named after what goes into it (the data, an earlier head), so that a training on
/// others does not find it.
fn checkpoint_path<'a>(inputs: impl Iterator<Item = &'a Path>, out: &Path) -> Result<PathBuf> {
    /// Holds the header, the job, and the random seeds of the first ciphertexts.
    const IDENTITY: u64 = 1 << 16;
    let mut start = Vec::new();
    for input in inputs {
        let failed = |error| Failure::io("read", input, Kind::File, error);
        File::open(input).map_err(failed)?.take(IDENTITY).read_to_end(&mut start).map_err(failed)?;
    }
    let mut name = out.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.checkpoint", &blake3::hash(&start).to_hex()[..8]));
    Ok(out.with_file_name(name))
}

/// Takes away what a process that was killed while it wrote a head or its checkpoint left of them.
///
/// # Errors
/// The folder of the head cannot be read or written to.
fn remove_unfinished(out: &Path) -> Result<()> {
    let folder = match out.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let failed = |error| Failure::io("write to", folder, Kind::Usage, error);
    let mut start = out.file_name().unwrap_or_default().to_owned();
    start.push(".");
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let name = entry.file_name();
        let name = name.as_encoded_bytes();
        if name.starts_with(start.as_encoded_bytes()) && name.ends_with(b".partial") {
            std::fs::remove_file(entry.path()).map_err(failed)?;
        }
    }
    Ok(())
}

/// Refuses to start what cannot fit into memory.
///
/// # Errors
/// It needs more than is free.
pub(super) fn expect_memory(needed: u64, available: Option<u64>) -> Result<()> {
    match available {
        Some(available) if needed > available => Err(Failure::parameters(format!(
            "the training needs {} of memory, {} are free",
            progress::bytes(needed),
            progress::bytes(available)
        ))
        .help("train on fewer samples or features, or on a machine with more memory")),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn what_does_not_fit_into_memory_is_not_started() {
        assert!(expect_memory(5 << 30, Some(6 << 30)).is_ok());
        assert!(expect_memory(5 << 30, None).is_ok());
        let failure = expect_memory(5 << 30, Some(1 << 30)).unwrap_err();
        assert_eq!(failure.kind(), Kind::Parameters);
        assert!(failure.to_string().contains("needs 5.0 GiB of memory, 1.0 GiB are free"), "{failure}");
    }
}
