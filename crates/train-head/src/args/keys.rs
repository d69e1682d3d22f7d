//! Flags of plan and keys.

use std::path::{Path, PathBuf};

use clap::Args;

/// Flags of the secret key's passphrase.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Secret key")]
pub(crate) struct PassphraseArgs {
    /// File whose first line is the passphrase of the secret key [default: the environment variable
    /// TRAIN_HEAD_PASSPHRASE, else a prompt]
    #[arg(long, value_name = "FILE")]
    pub(crate) passphrase_file: Option<PathBuf>,
}

/// Flags of the data party's plan and keys.
#[derive(Args, Clone, Debug)]
pub(crate) struct PlanAndKeyArgs {
    /// Plan of the training, by `estimate`
    #[arg(long, value_name = "FILE")]
    pub(crate) plan: PathBuf,
    /// Folder of the keys, by `keygen`
    #[arg(long, value_name = "FOLDER")]
    pub(crate) keys: PathBuf,
    #[command(flatten)]
    pub(crate) passphrase: PassphraseArgs,
}

impl PlanAndKeyArgs {
    /// The files and folders that the flags name.
    pub(crate) fn files(&self) -> [Option<&Path>; 3] {
        [Some(&self.plan), Some(&self.keys), self.passphrase.passphrase_file.as_deref()]
    }
}

/// Flags of a new secret key.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Secret key")]
pub(crate) struct NewKeyArgs {
    #[command(flatten)]
    pub(crate) passphrase: PassphraseArgs,
    /// Keep the secret key unencrypted, in a file that only its owner can read
    #[arg(long, conflicts_with = "passphrase_file")]
    pub(crate) no_passphrase: bool,
}
