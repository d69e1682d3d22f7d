//! The arguments of the compute party's commands.

use std::path::PathBuf;

use clap::Args;

use super::{CheckpointArgs, MemoryArgs, OverwriteArgs, SignerArgs, TrustArgs, ValidationArgs};

/// Arguments of `train`.
#[derive(Args, Debug)]
pub(crate) struct TrainArgs {
    /// Encrypted data
    #[arg(long, value_name = "FILE")]
    pub(crate) data: PathBuf,
    /// Folder of the evaluation keys
    #[arg(long, value_name = "FOLDER")]
    pub(crate) keys: PathBuf,
    /// Encrypted head of an earlier training to continue from, under the same key. Needs data encrypted by a plan of
    /// `estimate --continue-from`
    #[arg(long, value_name = "FILE")]
    pub(crate) warm_start: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) memory: MemoryArgs,
    #[command(flatten)]
    pub(crate) checkpoints: CheckpointArgs,
    #[command(flatten)]
    pub(crate) validation: ValidationArgs,
    #[command(flatten)]
    pub(crate) signer: SignerArgs,
    #[command(flatten)]
    pub(crate) trust: TrustArgs,
    /// File for the encrypted head
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    pub(crate) out: PathBuf,
    #[command(flatten)]
    pub(crate) overwrite: OverwriteArgs,
}

/// Arguments of `score`.
#[derive(Args, Debug)]
pub(crate) struct ScoreArgs {
    /// Encrypted head
    #[arg(long, value_name = "FILE")]
    pub(crate) head: PathBuf,
    /// Encrypted samples by `encrypt --for-scoring`
    #[arg(long, value_name = "FILE")]
    pub(crate) data: PathBuf,
    /// Folder of the evaluation keys
    #[arg(long, value_name = "FOLDER")]
    pub(crate) keys: PathBuf,
    #[command(flatten)]
    pub(crate) signer: SignerArgs,
    #[command(flatten)]
    pub(crate) trust: TrustArgs,
    /// File for the encrypted scores
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    pub(crate) out: PathBuf,
    #[command(flatten)]
    pub(crate) overwrite: OverwriteArgs,
}
