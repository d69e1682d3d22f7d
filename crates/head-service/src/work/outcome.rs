//! How an attempt ended. The files tell it, so that a server learns it that did not see the end.

use std::fs::File;
use std::io::Read;

use serde::Deserialize;
use serde_json::Value;

use super::JobFolder;
use crate::api::{JobError, JobResult};
use crate::digest::content_digest;

/// How an attempt ended.
#[derive(Debug)]
pub(super) enum Outcome {
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
                    let report = serde_json::from_slice(&report).map_or(Value::Null, without_paths);
                    Self::Done(JobResult { bytes, digest, report })
                }
                _ => Self::broken("the result cannot be read".to_owned()),
            };
        }
        let failure = serde_json::from_slice(&report)
            .map(|Failure { error }| Failure { error: without_folder(error, folder) });
        match failure {
            Ok(Failure { error }) if LASTING.contains(&error.kind.as_str()) => Self::Refused(error),
            Ok(Failure { error }) if error.kind == "interrupted" => Self::Stopped,
            _ if stopped => Self::Stopped,
            Ok(Failure { error }) => Self::Broken(error),
            Err(_) => {
                Self::broken("the process ended without a word: it was killed, or memory ran out".to_owned())
            }
        }
    }

    /// Something went wrong here.
    pub(super) fn broken(message: String) -> Self {
        Self::Broken(JobError { kind: "unexpected".to_owned(), message, help: None })
    }
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
