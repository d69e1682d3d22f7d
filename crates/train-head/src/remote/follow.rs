//! Waiting for a job, and fetching what came of it.

use std::io::{Read, Write};
use std::path::Path;
use std::time::Duration;

use head_service::api::{Job, JobState};
use head_service::content_digest;

use super::client::Client;
use crate::console::Console;
use crate::exit::{Failure, Kind, Result};
use crate::files::{Access, write_with};
use crate::progress::Progress;

/// Between two looks at a job: the first, and those at a long one.
const PAUSES: [Duration; 2] = [Duration::from_millis(50), Duration::from_millis(250)];

/// Waits until a job has its result, and shows how far it is.
///
/// # Errors
/// The job failed or was cancelled; the server cannot be reached; ^C, after which the job goes on.
pub(crate) fn wait(client: &Client, id: &str, console: &Console) -> Result<Job> {
    wait_with(client, id, console, &mut || Ok(()))
}

/// As [`wait`], and calls `meanwhile` after each look at the job.
///
/// # Errors
/// As [`wait`]; those of `meanwhile`.
pub(crate) fn wait_with(
    client: &Client,
    id: &str,
    console: &Console,
    meanwhile: &mut dyn FnMut() -> Result<()>,
) -> Result<Job> {
    let (mut bar, mut before): (Option<(&str, Progress)>, Option<u64>) = (None, None);
    let mut pause = PAUSES[0];
    loop {
        let job: Job = client.get(&format!("jobs/{id}"))?;
        if job.before != before {
            before = job.before;
            if let Some(before) = before.filter(|before| *before > 0) {
                console.note(format!("job {id} waits for {before} others"));
            }
        }
        if matches!(job.state, JobState::Running | JobState::Done) {
            meanwhile()?;
        }
        match job.state {
            JobState::Done => {
                bar.map(|(_, bar)| bar.done());
                return Ok(job);
            }
            JobState::Failed | JobState::Cancelled => return Err(failure(&job)),
            JobState::Queued | JobState::Running => show(&mut bar, &job, console),
        }
        std::thread::sleep(pause);
        pause = PAUSES[1].min(pause.mul_f64(1.2));
    }
}

/// Shows the phase that a job is in.
fn show(bar: &mut Option<(&'static str, Progress)>, job: &Job, console: &Console) {
    let Some(progress) = &job.progress else { return };
    let name = match progress.phase.as_str() {
        "load keys" => "load keys",
        "check data" => "check data",
        "add shares" => "add shares",
        "load data" => "load data",
        "train" => "train",
        "score" => "score",
        _ => "work",
    };
    let total = usize::try_from(progress.total).unwrap_or(usize::MAX);
    if bar.as_ref().is_none_or(|(shown, _)| *shown != name) {
        if let Some((_, done)) = bar.take() {
            done.done();
        }
        let new = console.phase(name, total);
        // what was done before somebody looked tells nothing of the pace
        new.start_from(usize::try_from(progress.done).unwrap_or(0));
        *bar = Some((name, new));
    }
    if let Some((_, bar)) = bar {
        if let Some(left) = progress.seconds_left {
            bar.expect(Duration::from_secs_f64(left.clamp(0.0, 1e9)));
        }
        bar.set(usize::try_from(progress.done).unwrap_or(usize::MAX));
    }
}

/// Why a job has no result.
pub(crate) fn failure(job: &Job) -> Failure {
    let id = &job.id;
    let Some(error) = &job.error else { return Failure::usage(format!("job {id} was cancelled")) };
    let kind = match error.kind.as_str() {
        "file" => Kind::File,
        "usage" => Kind::Usage,
        "data" => Kind::Data,
        "parameters" => Kind::Parameters,
        "diverged" => Kind::Diverged,
        _ => Kind::Unexpected,
    };
    let failure = Failure::of(kind, format!("job {id} failed on the server: {}", error.message));
    match &error.help {
        Some(help) => failure.help(help.clone()),
        None => failure,
    }
}

/// Fetches the encrypted head or scores of a job. The file appears whole or not at all.
///
/// # Errors
/// The job has no result; what came is not what the server says; a failed write.
pub(crate) fn fetch(client: &Client, job: &Job, out: &Path, console: &Console) -> Result<u64> {
    let Some(result) = &job.result else {
        return Err(Failure::usage(format!("job {} has no result", job.id)));
    };
    let progress = console.bytes_phase("fetch", result.bytes);
    let mut answer = client.bytes(&format!("jobs/{}/result", job.id))?;
    let mut bytes = Vec::new();
    let body = answer.body_mut().with_config().limit(u64::MAX).reader();
    let cut = |error: std::io::Error| {
        Failure::unexpected(format!("{} ended in the middle of the result", client.url()))
            .because(error)
            .help("fetch it again")
    };
    // one byte more than there should be: memory grows with what comes, and no further
    body.take(result.bytes + 1).read_to_end(&mut bytes).map_err(cut)?;
    if content_digest(&bytes[..]).ok() != Some(result.digest) {
        return Err(Failure::unexpected(format!("{} sent another file than it announced", client.url()))
            .help("fetch it again"));
    }
    write_with(out, Access::Shared, |file| {
        file.write_all(&bytes).map_err(|error| Failure::io("write", out, Kind::Unexpected, error))
    })?;
    progress.done();
    Ok(result.bytes)
}
