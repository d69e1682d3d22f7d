//! How the secret key is kept.

use std::path::PathBuf;

use clap::Args;

/// Where the passphrase of an encrypted secret key comes from.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Secret key")]
pub(crate) struct PassphraseArgs {
    /// Read the passphrase of the secret key from the first line of a file [default: the variable
    /// TRAIN_HEAD_PASSPHRASE, else a prompt]
    #[arg(long, value_name = "FILE")]
    pub(crate) passphrase_file: Option<PathBuf>,
}

/// What the data party keeps of a training: its plan and its keys.
#[derive(Args, Clone, Debug)]
pub(crate) struct PlanAndKeyArgs {
    /// Plan that `estimate` wrote for the training
    #[arg(long, value_name = "FILE")]
    pub(crate) plan: PathBuf,
    /// Folder of the keys
    #[arg(long, value_name = "FOLDER")]
    pub(crate) keys: PathBuf,
    #[command(flatten)]
    pub(crate) passphrase: PassphraseArgs,
}

/// How to keep a new secret key.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Secret key")]
pub(crate) struct NewKeyArgs {
    #[command(flatten)]
    pub(crate) passphrase: PassphraseArgs,
    /// Keep the secret key unencrypted, in a file that only its owner may read
    #[arg(long, conflicts_with = "passphrase_file")]
    pub(crate) no_passphrase: bool,
}
