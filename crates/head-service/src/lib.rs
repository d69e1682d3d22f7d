//! The compute party as a service: uploads, jobs and heads over HTTPS.
//!
//! A data party sends evaluation keys and ciphertexts, and fetches encrypted heads. The service keeps them, queues trainings, and runs each as
//! a process of its own. It learns what the compute party of two machines learns ([security](../../docs/security.md)), and who sends what when.
//! Nothing here can name a secret key: the crate asks for `fhe-head` without its feature `client`.
//!
//! - [`serve`]: the whole service, until it is asked to stop;
//! - [`api`]: what travels, for client and server;
//! - [`operator`]: accounts and the audit log, for whoever runs it;
//! - [`Worker`]: how a training is started, which the command line knows;
//! - [`Process`]: a process that outlives whoever started it.
//!
//! ```text
//! FOLDER/service.db      accounts, uploads, jobs (SQLite)
//! FOLDER/blobs/          files of ciphertexts and keys, by project and digest; copies, if they are in a bucket
//! FOLDER/arriving/       those that have not arrived whole
//! FOLDER/jobs/           a folder for each job: links to its files, checkpoint, head
//! FOLDER/tls/            certificate and key
//! FOLDER/audit.jsonl     what happened, hash-chained
//! ```

mod audit;
mod blobs;
mod check;
mod clock;
mod digest;
mod http;
mod listen;
mod log;
mod metrics;
mod oidc;
mod options;
mod place;
mod problem;
mod process;
mod run;
mod service;
mod store;
mod tls;
mod traces;
mod web;
mod work;

pub mod api;
pub mod operator;

pub use check::is_message;
pub use digest::{chunk_digest, content_digest, file_digest};
pub use http::openapi;
pub use options::{Bucket, Limits, Oidc, Options, Task, TaskKind, Validation, Worker, expect_collector};
pub use place::private_folder;
pub use process::{Process, ProcessFiles, most_memory};
pub use run::{Error, Started, serve};
