//! What travels between client and server, as JSON. The description of the interface is made from these types.

use std::fmt;
use std::num::NonZeroU32;

use fhe_head::files::Digest;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Length of a chunk in bytes; the last one of a file may be shorter.
pub const CHUNK_BYTES: u64 = 8 << 20;

/// What the server is.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct ServerFacts {
    /// Version of the program.
    pub version: String,
    /// The key that signs heads and scores, as `train-head identity show` prints it.
    pub identity: String,
    /// Length of a chunk in bytes.
    pub chunk_bytes: u64,
}

/// Whose token it is.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Account {
    /// Name.
    pub name: String,
    /// Whether the account may see all projects' figures, metrics and the audit log.
    pub operator: bool,
    /// Its projects.
    pub projects: Vec<Project>,
}

/// A project.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Project {
    /// Name.
    pub name: String,
    /// Bytes that its files take.
    pub bytes: u64,
    /// Most bytes that they may take.
    pub most_bytes: u64,
    /// Jobs that have not ended.
    pub jobs: u64,
    /// Most of them at a time.
    pub most_jobs: u64,
}

/// What an upload holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum UploadKind {
    /// A folder of evaluation keys, with its list.
    Keys,
    /// Encrypted samples to train on.
    Data,
    /// Encrypted samples to score.
    Samples,
    /// Messages of a session of several data parties: `NAME_join.json` goes to `NAME/join.json` of the session.
    Messages,
}

/// A file that will be sent.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewFile {
    /// Name without a folder.
    pub name: String,
    /// Length.
    pub bytes: u64,
    /// BLAKE3 digests of its chunks, in order.
    #[schema(value_type = Vec<String>)]
    pub chunks: Vec<Digest>,
}

/// An upload that is announced. The same announcement again finds the same upload.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewUpload {
    /// What it holds.
    pub kind: UploadKind,
    /// Its files.
    pub files: Vec<NewFile>,
}

/// How far an upload is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum UploadState {
    /// Chunks are missing, or it was not finished.
    Arriving,
    /// Whole and checked: a job may use it.
    Ready,
}

/// An upload.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Upload {
    /// Its name in the interface.
    pub id: String,
    /// What it holds.
    pub kind: UploadKind,
    /// How far it is.
    pub state: UploadState,
    /// Bytes of all files.
    pub bytes: u64,
    /// When it was announced, RFC 3339.
    pub created: String,
    /// Chunks that are missing. Empty in lists.
    pub missing: Vec<MissingChunks>,
}

/// The chunks that a file lacks.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct MissingChunks {
    /// Name of the file.
    pub file: String,
    /// Their numbers, from 0.
    pub chunks: Vec<u64>,
}

/// What a job does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum JobKind {
    /// Train a head.
    #[default]
    Train,
    /// Score samples with a head.
    Score,
    /// Train the head of a session of several data parties.
    Joint,
}

/// A job that is asked for. The same again finds the same job, unless that one failed or was cancelled.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewJob {
    /// What it does.
    pub kind: JobKind,
    /// Upload of evaluation keys; empty for a joint training.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub keys: String,
    /// Upload of the samples; the session of a joint training.
    pub data: String,
    /// Training job whose head scores the samples, or is trained further.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub head: Option<String>,
    /// Upload of validation samples, which are scored while the training runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub validation: Option<String>,
    /// Iterations between two such scorings; every iteration without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<u32>, minimum = 1)]
    pub validation_every: Option<NonZeroU32>,
    /// Jobs of higher priority come first, among equals the earlier one.
    #[serde(default)]
    pub priority: i32,
}

/// Encrypted scores of the validation samples of a training.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ValidationScores {
    /// The iteration after which they were made.
    pub iteration: u64,
    /// Length of the file.
    pub bytes: u64,
}

/// Messages that are delivered to a session.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Delivery {
    /// Upload of messages. It is used up: the session has its files afterwards.
    pub upload: String,
}

/// A session of several data parties: a folder that they share. What was delivered is not changed any more.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Session {
    /// Its name in the project.
    pub name: String,
    /// When its first message came, RFC 3339.
    pub created: String,
    /// Bytes of all messages.
    pub bytes: u64,
    /// What has come, by name.
    pub messages: Vec<Message>,
}

/// A message of a session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Message {
    /// Its place in the session's folder, with `_` in place of `/`.
    pub name: String,
    /// Length.
    pub bytes: u64,
    /// The digest of its chunks that names a file.
    #[schema(value_type = String)]
    pub digest: Digest,
    /// Account that delivered it, or `server`.
    pub from: String,
    /// When, RFC 3339.
    pub time: String,
}

/// How far a job is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum JobState {
    /// It waits for its turn.
    Queued,
    /// Its process runs.
    Running,
    /// Its result is there.
    Done,
    /// It ended without a result.
    Failed,
    /// Somebody cancelled it.
    Cancelled,
}

impl JobState {
    /// Whether nothing more will happen.
    #[must_use]
    pub fn is_over(self) -> bool {
        matches!(self, Self::Done | Self::Failed | Self::Cancelled)
    }
}

impl fmt::Display for JobState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        })
    }
}

/// How far a process is, as it says itself.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Progress {
    /// What it is doing.
    pub phase: String,
    /// Steps done: iterations of a training.
    pub done: u64,
    /// All steps.
    pub total: u64,
    /// Seconds that the phase still takes, once that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seconds_left: Option<f64>,
}

/// What came of a job.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct JobResult {
    /// Length of the encrypted head or scores.
    pub bytes: u64,
    /// BLAKE3 digest of the file.
    #[schema(value_type = String)]
    pub digest: Digest,
    /// What the process said of its work, such as iterations and seconds.
    #[schema(value_type = Object)]
    pub report: serde_json::Value,
}

/// Why a job failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct JobError {
    /// Kind of failure, as the exit codes of `train-head` name them.
    pub kind: String,
    /// What was wrong.
    pub message: String,
    /// What to do about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
}

/// A job.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Job {
    /// Its name in the interface.
    pub id: String,
    /// What was asked for.
    #[serde(flatten)]
    pub asked: NewJob,
    /// How far it is.
    pub state: JobState,
    /// Jobs that come before it, while it waits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<u64>,
    /// How often its process was started.
    pub attempts: u64,
    /// What its process does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub progress: Option<Progress>,
    /// When it was asked for, RFC 3339.
    pub created: String,
    /// When its process was first started, RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started: Option<String>,
    /// When it ended, RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<String>,
    /// What came of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result: Option<JobResult>,
    /// Why it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<JobError>,
}

/// A refusal (RFC 9457).
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Refusal {
    /// HTTP status.
    pub status: u16,
    /// What was wrong.
    pub title: String,
    /// What to do about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
}

/// Figures of the whole service, for its operator.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Overview {
    /// Version of the program.
    pub version: String,
    /// Seconds since the start.
    pub uptime_seconds: u64,
    /// Bytes of all files.
    pub stored_bytes: u64,
    /// Bytes that are free where they lie.
    pub free_bytes: u64,
    /// Memory of the server's own process in bytes.
    pub memory_bytes: u64,
    /// Most memory that a job's process may take, in bytes.
    pub job_memory_bytes: u64,
    /// Requests since the start.
    pub requests: u64,
    /// Of them refused or failed.
    pub refused: u64,
    /// Jobs of all projects, the latest first.
    pub jobs: Vec<OverviewJob>,
    /// Sessions of all projects, the latest first.
    pub sessions: Vec<OverviewSession>,
    /// The last entries of the audit log.
    pub audit: Vec<AuditEntry>,
}

/// A job and its project.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct OverviewJob {
    /// Name of the project.
    pub project: String,
    /// The job.
    pub job: Job,
}

/// A session and its project.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct OverviewSession {
    /// Name of the project.
    pub project: String,
    /// The session.
    pub session: Session,
}

/// An entry of the audit log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AuditEntry {
    /// Its number, from 1.
    pub number: u64,
    /// When, RFC 3339.
    pub time: String,
    /// Account, or `server`.
    pub actor: String,
    /// What was done.
    pub action: String,
    /// Project and id of what it was done to.
    pub object: String,
    /// Digest of the entry before.
    #[schema(value_type = String)]
    pub previous: Digest,
    /// Digest of all the above.
    #[schema(value_type = String)]
    pub digest: Digest,
}
