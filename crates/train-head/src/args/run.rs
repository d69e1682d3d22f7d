//! The arguments of `run`.

use std::path::PathBuf;

use clap::Args;

use super::{
    CheckpointArgs, DataArgs, EarlyStoppingArgs, EncoderArgs, HeadStartArgs, OverwriteArgs, PassphraseArgs,
    TestArgs, TrainingArgs, WeightArgs,
};

/// Arguments of `run`.
#[derive(Args, Debug)]
pub(crate) struct RunArgs {
    #[command(flatten)]
    pub(crate) data: DataArgs,
    #[command(flatten)]
    pub(crate) test: TestArgs,
    #[command(flatten)]
    pub(crate) weights: WeightArgs,
    /// Label of the positive class [default: the larger number, or the last in alphabetical order]
    #[arg(long, value_name = "LABEL", help_heading = "Data")]
    pub(crate) positive_label: Option<String>,
    #[command(flatten)]
    pub(crate) encoder: EncoderArgs,
    #[command(flatten)]
    pub(crate) training: TrainingArgs,
    #[command(flatten)]
    pub(crate) start: HeadStartArgs,
    #[command(flatten)]
    pub(crate) stopping: EarlyStoppingArgs,
    #[command(flatten)]
    pub(crate) passphrase: PassphraseArgs,
    #[command(flatten)]
    pub(crate) checkpoints: CheckpointArgs,
    /// Folder for all results. The secret key is in its subfolder `client`, unencrypted (0600) unless there is a
    /// passphrase
    #[arg(long, value_name = "FOLDER", help_heading = "Output")]
    pub(crate) out: PathBuf,
    #[command(flatten)]
    pub(crate) overwrite: OverwriteArgs,
}
