//! How an attempt ended. The files tell it, so that a server learns it that did not see the end.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};

use serde::Deserialize;
use serde_json::Value;

use super::JobFolder;
use crate::api::{JobError, JobResult};
use crate::digest::content_digest;
use crate::log;

/// How an attempt ended.
#[derive(Clone, Debug)]
pub(crate) enum Outcome {
    /// With a result.
    Done(JobResult),
    /// Files that cannot be worked with: another attempt would end the same.
    Refused(JobError),
    /// It was stopped from outside, and goes on from its checkpoint.
    Stopped,
    /// It crashed, or the system refused something.
    Broken(JobError),
}

/// Longest report that is read.
const LONGEST: u64 = 1 << 20;
/// Bytes of a process's standard error that are looked at for its last words.
const WORDS: u64 = 2000;
/// Kinds of failures that come again.
const LASTING: [&str; 5] = ["usage", "data", "file", "parameters", "diverged"];

/// What the process prints where it fails.
#[derive(Deserialize)]
struct Failure {
    error: JobError,
}

impl Outcome {
    /// What became of an attempt. `stopped` tells that it may have been ended from outside.
    pub(super) fn read(folder: &JobFolder, stopped: bool) -> Self {
        let mut report = Vec::new();
        let _ = File::open(folder.report()).and_then(|file| file.take(LONGEST).read_to_end(&mut report));
        // the process puts it in its place when it is whole
        if let Ok(out) = File::open(folder.out()) {
            let bytes = out.metadata().map(|found| found.len());
            return match (bytes, content_digest(&out)) {
                (Ok(bytes), Ok(digest)) => {
                    let report = value_in(&report).map_or(Value::Null, without_paths);
                    Self::Done(JobResult { bytes, digest, report })
                }
                _ => Self::broken("the result cannot be read".to_owned()),
            };
        }
        let failure = value_in(&report).and_then(|report| serde_json::from_value(report).ok());
        match failure.map(|Failure { error }| without_folder(error, folder)) {
            Some(error) if LASTING.contains(&error.kind.as_str()) => Self::Refused(error),
            Some(error) if error.kind == "interrupted" => Self::Stopped,
            _ if stopped => Self::Stopped,
            Some(error) => Self::Broken(error),
            None => {
                // for the operator: a launcher may have said why
                log::failure("a job ended without a report", &last_words(folder));
                Self::broken("the process ended without a word: it was killed, or memory ran out".to_owned())
            }
        }
    }

    /// Something went wrong here.
    pub(super) fn broken(message: String) -> Self {
        Self::Broken(JobError { kind: "unexpected".to_owned(), message, help: None })
    }
}

/// What the process printed at its end. A launcher may have printed something before or after it.
fn value_in(said: &[u8]) -> Option<Value> {
    let of = |text: &[u8]| serde_json::from_slice(text).ok().filter(Value::is_object);
    of(said).or_else(|| said.split(|byte| *byte == b'\n').rev().find_map(of))
}

/// The last lines on its standard error that are no progress.
fn last_words(folder: &JobFolder) -> String {
    let mut said = Vec::new();
    let end = |mut file: File| {
        let length = file.metadata()?.len();
        file.seek(SeekFrom::Start(length.saturating_sub(WORDS)))?;
        file.take(WORDS).read_to_end(&mut said)
    };
    let _ = File::open(folder.said()).and_then(end);
    let said = String::from_utf8_lossy(&said);
    let words = said.lines().filter(|line| serde_json::from_str::<Value>(line).is_err());
    words.collect::<Vec<_>>().join(" | ")
}

/// A failure that names files as they are called in the job's folder, wherever the server keeps that.
fn without_folder(error: JobError, folder: &JobFolder) -> JobError {
    let prefix = format!("{}/", folder.process().folder.display());
    let plain = |text: String| text.replace(&prefix, "");
    JobError { message: plain(error.message), help: error.help.map(plain), ..error }
}

/// A report without the server's own paths.
fn without_paths(mut report: Value) -> Value {
    if let Some(fields) = report.as_object_mut() {
        fields.remove("file");
    }
    report
}
