//! The arguments of the service: of who runs it, and of who uses it.

use std::net::SocketAddr;
use std::num::{NonZeroU32, NonZeroUsize};
use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

use super::OverwriteArgs;
use super::memory::bytes;

/// Arguments of `serve`.
#[derive(Args, Debug)]
pub(crate) struct ServeArgs {
    /// File with these options by their names, such as `listen = "0.0.0.0:7843"` (TOML). Flags come before it
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) options: ServeOptions,
}

/// The options of `serve`, by flags or in a file.
#[derive(Args, Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct ServeOptions {
    /// Folder for everything that the service keeps, made where there is none [default: train-head-service]
    #[arg(long, value_name = "FOLDER")]
    pub(crate) folder: Option<PathBuf>,
    /// Address and port to listen on; port 0 takes a free one. Clients on other machines need `0.0.0.0:7843` [default: 127.0.0.1:7843]
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) listen: Option<SocketAddr>,
    /// Certificate chain in PEM [default: one of its own, which clients pin by its fingerprint]
    #[arg(long, value_name = "FILE")]
    pub(crate) tls_certificate: Option<PathBuf>,
    /// Key of the certificate in PEM
    #[arg(long, value_name = "FILE")]
    pub(crate) tls_key: Option<PathBuf>,
    /// Certificates in PEM of whoever signs those of clients, which must have one then (mutual TLS)
    #[arg(long, value_name = "FILE")]
    pub(crate) client_authority: Option<PathBuf>,
    /// Issuer of bearer tokens (OpenID Connect) that are accepted beside those of accounts: the claim `iss`, under whose address its keys are found
    #[arg(long, value_name = "URL", help_heading = "Single sign-on")]
    pub(crate) oidc_issuer: Option<String>,
    /// What its tokens must be for: the claim `aud`
    #[arg(long, value_name = "NAME", help_heading = "Single sign-on")]
    pub(crate) oidc_audience: Option<String>,
    /// Claim with the subject that `operator add --oidc-subject` names [default: sub]
    #[arg(long, value_name = "CLAIM", help_heading = "Single sign-on")]
    pub(crate) oidc_claim: Option<String>,
    /// File with the issuer's keys (a JWK set), reread when it changes [default: the issuer is asked]
    #[arg(long, value_name = "FILE", help_heading = "Single sign-on")]
    pub(crate) oidc_keys: Option<PathBuf>,
    /// Bucket with the interface of S3 for the service's files, of which the folder then has copies. Credentials come from the environment, by
    /// the usual names: AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN, or those of a cloud's roles
    #[arg(long, value_name = "NAME", help_heading = "Storage")]
    pub(crate) s3_bucket: Option<String>,
    /// Address of the store, such as https://minio.hospital.example [default: Amazon's]
    #[arg(long, value_name = "URL", help_heading = "Storage")]
    pub(crate) s3_endpoint: Option<String>,
    /// Region of the bucket [default: AWS_REGION, else us-east-1]
    #[arg(long, value_name = "REGION", help_heading = "Storage")]
    pub(crate) s3_region: Option<String>,
    /// What the names of all objects begin with, for a bucket that has other things as well
    #[arg(long, value_name = "PREFIX", help_heading = "Storage")]
    pub(crate) s3_prefix: Option<String>,
    /// Bytes that copies in the folder may take while no job needs more [default: half of the disk]
    #[arg(long, value_name = "SIZE", value_parser = bytes, help_heading = "Storage")]
    #[serde(deserialize_with = "size")]
    pub(crate) s3_copies: Option<u64>,
    /// Address of a collector of OpenTelemetry, such as http://127.0.0.1:4318, that gets spans of requests and jobs
    #[arg(long, value_name = "URL")]
    pub(crate) otlp_endpoint: Option<String>,
    /// Jobs that run at a time [default: 1]
    #[arg(long, value_name = "JOBS", help_heading = "Limits")]
    pub(crate) jobs: Option<NonZeroUsize>,
    /// Command that starts jobs, such as `mpirun -n {ranks} {command}`; also {threads}, {memory} (MiB) and {folder} have a place in it. Jobs run on
    /// this machine without it
    #[arg(long, value_name = "TEMPLATE")]
    pub(crate) launcher: Option<String>,
    /// Processes of a training, with --launcher [default: 1]
    #[arg(long, value_name = "N")]
    pub(crate) ranks: Option<NonZeroUsize>,
    /// Most memory that a job may take, such as `6G` [default: three quarters of what is free, shared by the jobs]
    #[arg(long, value_name = "SIZE", value_parser = bytes, help_heading = "Limits")]
    #[serde(deserialize_with = "size")]
    pub(crate) memory: Option<u64>,
    /// Bytes that the files of a new project may take [default: 200G]
    #[arg(long, value_name = "SIZE", value_parser = bytes, help_heading = "Limits")]
    #[serde(deserialize_with = "size")]
    pub(crate) project_bytes: Option<u64>,
    /// Jobs of a new project that wait or run [default: 32]
    #[arg(long, value_name = "JOBS", help_heading = "Limits")]
    pub(crate) project_jobs: Option<u64>,
    /// Days for which a job is kept after its end, with its head, and an upload that no job is left of [default: until they are removed]
    #[arg(long, value_name = "DAYS", help_heading = "Limits")]
    pub(crate) keep_days: Option<NonZeroU32>,
}

/// A size in a file, as flags have it.
fn size<'de, D: Deserializer<'de>>(from: D) -> Result<Option<u64>, D::Error> {
    bytes(&String::deserialize(from)?).map(Some).map_err(D::Error::custom)
}

impl ServeOptions {
    /// These options; what they leave open, from others.
    pub(crate) fn or(self, other: Self) -> Self {
        Self {
            folder: self.folder.or(other.folder),
            listen: self.listen.or(other.listen),
            tls_certificate: self.tls_certificate.or(other.tls_certificate),
            tls_key: self.tls_key.or(other.tls_key),
            client_authority: self.client_authority.or(other.client_authority),
            jobs: self.jobs.or(other.jobs),
            memory: self.memory.or(other.memory),
            project_bytes: self.project_bytes.or(other.project_bytes),
            project_jobs: self.project_jobs.or(other.project_jobs),
            keep_days: self.keep_days.or(other.keep_days),
            oidc_issuer: self.oidc_issuer.or(other.oidc_issuer),
            oidc_audience: self.oidc_audience.or(other.oidc_audience),
            oidc_claim: self.oidc_claim.or(other.oidc_claim),
            oidc_keys: self.oidc_keys.or(other.oidc_keys),
            launcher: self.launcher.or(other.launcher),
            ranks: self.ranks.or(other.ranks),
            s3_bucket: self.s3_bucket.or(other.s3_bucket),
            s3_endpoint: self.s3_endpoint.or(other.s3_endpoint),
            s3_region: self.s3_region.or(other.s3_region),
            s3_prefix: self.s3_prefix.or(other.s3_prefix),
            s3_copies: self.s3_copies.or(other.s3_copies),
            otlp_endpoint: self.otlp_endpoint.or(other.otlp_endpoint),
        }
    }
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
        /// Subject in the tokens of the service's issuer (`serve --oidc-issuer`), in place of a token
        #[arg(long, value_name = "SUBJECT")]
        oidc_subject: Option<String>,
    },
    /// Give an account a new token in place of the one that it has
    Renew {
        /// Name
        name: String,
        /// Give it this subject instead
        #[arg(long, value_name = "SUBJECT")]
        oidc_subject: Option<String>,
    },
    /// Take token and subject of an account
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
        /// This client's certificate chain in PEM, where the server asks for one
        #[arg(long, value_name = "FILE", requires = "client_key")]
        client_certificate: Option<PathBuf>,
        /// Its key in PEM
        #[arg(long, value_name = "FILE", requires = "client_certificate")]
        client_key: Option<PathBuf>,
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
        /// Command that prints a token, such as one of single sign-on. It is kept in place of a token, and run again when one has expired
        #[arg(long, value_name = "COMMAND", conflicts_with = "token_file")]
        token_command: Option<String>,
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
