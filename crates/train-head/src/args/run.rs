//! The arguments of `run`.

use std::path::PathBuf;

use clap::Args;
use head_fit::measures::Aim;

use super::threshold::aim;
use super::{
    CheckpointArgs, DataArgs, EarlyStoppingArgs, EncoderArgs, HeadStartArgs, MemoryArgs, OverwriteArgs,
    PassphraseArgs, ServerArgs, TableArgs, TestArgs, TrainingArgs, WeightArgs,
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
    #[command(flatten)]
    pub(crate) table: TableArgs,
    /// Label of the positive class [default: the larger number, or the last in alphabetical order]
    #[arg(long, value_name = "LABEL", help_heading = "Data")]
    pub(crate) positive_label: Option<String>,
    /// Aim of the probability above which a sample is called positive, of two classes, or is given a label, each at its own: `youden`,
    /// `sensitivity=0.95`, `specificity=0.9`, `cost=10:1` (a missed positive to a false alarm) or a number. It is chosen on the validation
    /// samples, without --validation-fraction on the training samples, and kept in the head [default: 0.5]
    #[arg(long, value_name = "AIM", value_parser = aim, help_heading = "Training (chosen from the data where not given)")]
    pub(crate) threshold: Option<Aim>,
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
    pub(crate) memory: MemoryArgs,
    #[command(flatten)]
    pub(crate) checkpoints: CheckpointArgs,
    #[command(flatten)]
    pub(crate) server: ServerArgs,
    /// Folder for what may leave the data party: the exact twin of the head (the same training in the clear, never decrypted), its
    /// predictions and its report
    #[arg(long, value_name = "FOLDER", help_heading = "Output")]
    pub(crate) publish: Option<PathBuf>,
    /// Folder for all results. The secret key is in its subfolder `client`, unencrypted (0600) unless there is a
    /// passphrase
    #[arg(long, value_name = "FOLDER", help_heading = "Output")]
    pub(crate) out: PathBuf,
    #[command(flatten)]
    pub(crate) overwrite: OverwriteArgs,
}
