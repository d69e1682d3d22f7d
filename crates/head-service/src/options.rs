//! What the operator chose, and how a training is started.

use std::fmt::Debug;
use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::web::expect_safe;

/// What the operator chose.
#[derive(Clone, Debug)]
pub struct Options {
    /// Folder of everything.
    pub folder: PathBuf,
    /// Where to listen; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Certificate chain and key in PEM, in place of a self-signed one.
    pub certificate: Option<(PathBuf, PathBuf)>,
    /// Certificates in PEM, one of which must have signed the certificate of every client; without it a token is enough.
    pub client_authority: Option<PathBuf>,
    /// Whose bearer tokens are accepted beside our own.
    pub oidc: Option<Oidc>,
    /// Where files are kept in place of the folder, which has copies then.
    pub bucket: Option<Bucket>,
    /// Address of a collector of OpenTelemetry that gets spans of requests and jobs, over HTTP.
    pub traces: Option<String>,
    /// The public key that signs heads, for clients to pin.
    pub identity: String,
    /// Bounds.
    pub limits: Limits,
}

/// A bucket with the interface of S3. Credentials are in the environment, by the usual names (`AWS_ACCESS_KEY_ID` and others).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bucket {
    /// Its name.
    pub name: String,
    /// Address of the store; Amazon's if `None`.
    pub endpoint: Option<String>,
    /// Its region; that of the environment, else `us-east-1`, if `None`.
    pub region: Option<String>,
    /// What the names of all objects begin with, without `/` at the end; nothing if empty.
    pub prefix: String,
    /// Most bytes of copies in the folder; half of its disk if `None`.
    pub copies: Option<u64>,
}

impl Bucket {
    /// Refuses a bucket that cannot be, or that this build knows nothing of.
    ///
    /// # Errors
    /// In words.
    pub fn expect_usable(&self) -> Result<(), String> {
        let letter = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
        let plain = |part: &str| !part.is_empty() && !part.starts_with('.') && part.chars().all(letter);
        if !cfg!(feature = "s3") {
            return Err("this program was built without the feature `s3`".to_owned());
        }
        if !(3..=63).contains(&self.name.len()) || !plain(&self.name) {
            return Err(format!("{:?} is the name of no bucket", self.name));
        }
        if !self.prefix.is_empty() && (self.prefix.len() > 256 || !self.prefix.split('/').all(plain)) {
            return Err(format!(
                "{:?} is no prefix: letters, digits, '.', '-' and '_', parted by '/'",
                self.prefix
            ));
        }
        self.endpoint.as_deref().map_or(Ok(()), expect_safe)
    }
}

/// Refuses an address of a collector that cannot be, or that this build sends nothing to.
///
/// # Errors
/// In words.
pub fn expect_collector(endpoint: &str) -> Result<(), String> {
    match cfg!(feature = "otel") {
        true => expect_safe(endpoint),
        false => Err("this program was built without the feature `otel`".to_owned()),
    }
}

/// An issuer of bearer tokens (OpenID Connect).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Oidc {
    /// Its name: the claim `iss` of its tokens. Without a file of keys it is asked for them under this address.
    pub issuer: String,
    /// What its tokens must be for: the claim `aud`.
    pub audience: String,
    /// The claim that holds the subject of an account.
    pub claim: String,
    /// File with its keys (a JWK set).
    pub keys: Option<PathBuf>,
}

/// Bounds on what others may ask for.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Jobs whose processes run at a time.
    pub running_jobs: usize,
    /// Most memory that the process of a job may take, in bytes.
    pub job_memory: u64,
    /// Starts of a job's process before it counts as failed.
    pub attempts: u64,
    /// Bytes of a new project's files.
    pub project_bytes: u64,
    /// Jobs of a new project that have not ended.
    pub project_jobs: u64,
    /// Connections at a time.
    pub connections: usize,
    /// Chunks in memory at a time.
    pub chunks_in_memory: usize,
    /// How long a client may take for the head of a request, for TLS, and for each part of a body.
    pub patience: Duration,
    /// How long an upload may take to arrive before its chunks are removed.
    pub arriving: Duration,
    /// How long jobs are kept after their end, with their results, and uploads that no job is left of; for ever if `None`.
    pub keep: Option<Duration>,
}

impl Limits {
    /// Bounds for a machine with `memory` bytes for jobs.
    #[must_use]
    pub fn new(memory: u64) -> Self {
        Self {
            running_jobs: 1,
            job_memory: memory,
            attempts: 3,
            project_bytes: 200 << 30,
            project_jobs: 32,
            connections: 512,
            chunks_in_memory: 16,
            patience: Duration::from_secs(20),
            arriving: Duration::from_secs(7 * 24 * 3600),
            keep: None,
        }
    }
}

/// What the process of a job does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TaskKind {
    /// Train a head.
    Train,
    /// Score samples.
    Score,
    /// Train the head of a session of several data parties.
    Joint,
}

/// The validation of a training while it runs.
///
/// The process writes `iteration-NNNN.scores` into the folder, and ends where it finds a `stop.json` there, which the data party signed.
#[derive(Clone, Copy, Debug)]
pub struct Validation<'a> {
    /// Encrypted samples.
    pub samples: &'a Path,
    /// Iterations between two scorings.
    pub every: Option<NonZeroU32>,
    /// Folder of the scores.
    pub folder: &'a Path,
}

/// The work of one process: files to read, and the one to write.
#[derive(Clone, Debug)]
pub struct Task<'a> {
    /// What it does.
    pub kind: TaskKind,
    /// Folder of evaluation keys; of a joint training, of the session.
    pub keys: &'a Path,
    /// Encrypted samples.
    pub data: &'a Path,
    /// Validation samples of a training.
    pub validation: Option<Validation<'a>>,
    /// An encrypted head: that scores the samples, or is trained further.
    pub head: Option<&'a Path>,
    /// Where the encrypted head or scores go.
    pub out: &'a Path,
    /// Folder for what the process remembers, such as who signed first.
    pub home: &'a Path,
    /// Most memory in bytes.
    pub memory: u64,
}

/// Starts the processes of jobs. The command line knows how: head-service knows no flags.
///
/// The process prints lines of [`Progress`](crate::api::Progress) as JSON on standard error, and one JSON object at its end on standard output: a report,
/// or `{"error": {"kind", "message", "help"}}`. Started again, it continues from its checkpoint.
pub trait Worker: Debug + Send + Sync + 'static {
    /// The command for a task.
    fn command(&self, task: &Task<'_>) -> Command;
}
