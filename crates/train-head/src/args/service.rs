//! The arguments of the service: of who runs it, and of who uses it.

use std::net::SocketAddr;
use std::num::{NonZeroU32, NonZeroUsize};
use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::OverwriteArgs;
use super::memory::bytes;

/// Arguments of `serve`.
#[derive(Args, Debug)]
pub(crate) struct ServeArgs {
    /// Folder for everything that the service keeps, made where there is none
    #[arg(long, value_name = "FOLDER", default_value = "train-head-service")]
    pub(crate) folder: PathBuf,
    /// Address and port to listen on; port 0 takes a free one. Clients on other machines need `0.0.0.0:7843`
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:7843")]
    pub(crate) listen: SocketAddr,
    /// Certificate chain in PEM [default: one of its own, which clients pin by its fingerprint]
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    pub(crate) tls_certificate: Option<PathBuf>,
    /// Key of the certificate in PEM
    #[arg(long, value_name = "FILE", requires = "tls_certificate")]
    pub(crate) tls_key: Option<PathBuf>,
    /// Jobs that run at a time
    #[arg(long, value_name = "JOBS", default_value = "1", help_heading = "Limits")]
    pub(crate) jobs: NonZeroUsize,
    /// Most memory that a job may take, such as `6G` [default: three quarters of what is free, shared by the jobs]
    #[arg(long, value_name = "SIZE", value_parser = bytes, help_heading = "Limits")]
    pub(crate) memory: Option<u64>,
    /// Bytes that the files of a new project may take
    #[arg(long, value_name = "SIZE", value_parser = bytes, default_value = "200G", help_heading = "Limits")]
    pub(crate) project_bytes: u64,
    /// Jobs of a new project that wait or run
    #[arg(long, value_name = "JOBS", default_value = "32", help_heading = "Limits")]
    pub(crate) project_jobs: u64,
}

/// Arguments of `operator`.
#[derive(Args, Debug)]
pub(crate) struct OperatorArgs {
    #[command(subcommand)]
    pub(crate) step: OperatorStep,
    /// Folder of the service
    #[arg(long, value_name = "FOLDER", default_value = "train-head-service", global = true)]
    pub(crate) folder: PathBuf,
}

/// What the operator does.
#[derive(Clone, Debug, PartialEq, Eq, Subcommand)]
pub(crate) enum OperatorStep {
    /// List the accounts
    Accounts,
    /// Add an account with a project of its name, and print its token once
    Add {
        /// Name: a-z, 0-9 and -
        name: String,
        /// Project of the account, made where there is none: several hospitals that train together share one [default: a new one of its name]
        #[arg(long, value_name = "PROJECT")]
        project: Option<String>,
    },
    /// Give an account a new token in place of the one that it has
    Renew {
        /// Name
        name: String,
    },
    /// Take the token of an account
    Revoke {
        /// Name
        name: String,
    },
    /// Verify the audit log
    Audit,
}

/// Arguments of `remote`.
#[derive(Args, Debug)]
pub(crate) struct RemoteArgs {
    #[command(subcommand)]
    pub(crate) step: RemoteStep,
}

/// Which server, and which project there.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Server")]
pub(crate) struct ServerArgs {
    /// Name or address of a server that `remote add` knows. `run` trains there in place of this machine; elsewhere it may be left out if only
    /// one is known
    #[arg(long, value_name = "NAME_OR_URL")]
    pub(crate) server: Option<String>,
    /// Project there [default: the account's first]
    #[arg(long, value_name = "PROJECT")]
    pub(crate) project: Option<String>,
}

/// The steps of a training on a server.
#[derive(Debug, Subcommand)]
pub(crate) enum RemoteStep {
    /// Remember a server: its address, and the certificate that it has
    Add {
        /// Name for it
        name: String,
        /// Address, such as https://cloud.example:7843
        url: String,
        /// Fingerprint of its certificate, as `serve` prints it: `sha256:...`, or `system` for a certificate that this system trusts
        /// [default: that of the certificate which it shows now]
        #[arg(long, value_name = "FINGERPRINT")]
        fingerprint: Option<String>,
        #[command(flatten)]
        overwrite: OverwriteArgs,
    },
    /// Keep the token of an account, after trying it
    Login {
        #[command(flatten)]
        server: ServerArgs,
        /// File whose first line is the token [default: the environment variable TRAIN_HEAD_TOKEN, else a prompt]
        #[arg(long, value_name = "FILE")]
        token_file: Option<PathBuf>,
    },
    /// Send a folder of evaluation keys (`eval`), encrypted data or samples. Sent again, it goes on where it stopped
    Push {
        /// Folders and files
        #[arg(required = true, value_name = "FILE_OR_FOLDER")]
        paths: Vec<PathBuf>,
        #[command(flatten)]
        server: ServerArgs,
    },
    /// Ask for a training, or with --score for scores
    Submit {
        /// Upload of the evaluation keys, as `push` names it
        #[arg(long, value_name = "UPLOAD")]
        keys: String,
        /// Upload of the encrypted data or samples
        #[arg(long, value_name = "UPLOAD")]
        data: String,
        /// Job of an earlier training, whose head is trained further or scores the samples
        #[arg(long, value_name = "JOB")]
        head: Option<String>,
        /// Score samples with the head
        #[arg(long, requires = "head")]
        score: bool,
        /// Upload of validation samples by `encrypt --validation-out`, scored while the training runs
        #[arg(long, value_name = "UPLOAD", conflicts_with = "score")]
        validation: Option<String>,
        /// Iterations between two validations [default: 1]
        #[arg(long, value_name = "ITERATIONS", requires = "validation")]
        validation_every: Option<NonZeroU32>,
        /// Jobs of higher priority come first
        #[arg(long, value_name = "NUMBER", default_value = "0", allow_hyphen_values = true)]
        priority: i32,
        #[command(flatten)]
        server: ServerArgs,
    },
    /// Show the project with its uploads and jobs, or one job
    Status {
        /// Job
        #[arg(id = "job_on_server", value_name = "JOB")]
        job: Option<String>,
        #[command(flatten)]
        server: ServerArgs,
    },
    /// Follow a job until it has ended
    Watch {
        /// Job
        #[arg(id = "job_on_server", value_name = "JOB")]
        job: String,
        /// Folder for the encrypted scores of the validation samples. `train-head watch --dir` decrypts them beside, and its answer is passed on
        #[arg(long, value_name = "FOLDER")]
        validation_dir: Option<PathBuf>,
        #[command(flatten)]
        server: ServerArgs,
    },
    /// Wait for a job, and fetch its encrypted head or scores
    Fetch {
        /// Job
        #[arg(id = "job_on_server", value_name = "JOB")]
        job: String,
        #[command(flatten)]
        server: ServerArgs,
        /// File for the encrypted head or scores
        #[arg(long, value_name = "FILE", help_heading = "Output")]
        out: PathBuf,
        #[command(flatten)]
        overwrite: OverwriteArgs,
    },
    /// Stop a job
    Cancel {
        /// Job
        #[arg(id = "job_on_server", value_name = "JOB")]
        job: String,
        #[command(flatten)]
        server: ServerArgs,
    },
    /// Remove uploads, jobs that have ended, and sessions
    Rm {
        /// Uploads, jobs and sessions
        #[arg(required = true, value_name = "UPLOAD_OR_JOB")]
        ids: Vec<String>,
        #[command(flatten)]
        server: ServerArgs,
    },
}
