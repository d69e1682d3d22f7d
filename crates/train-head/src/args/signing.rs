//! Flags of signatures, and the arguments of `identity`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::OverwriteArgs;
use crate::identity::PublicKey;

/// Whose signature this party gives.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Signatures")]
pub(crate) struct SignerArgs {
    /// Identity that signs what is written [default: this user's, made where there is none]
    #[arg(long, value_name = "FILE")]
    pub(crate) identity: Option<PathBuf>,
}

/// Whose signatures this party accepts.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Signatures")]
pub(crate) struct TrustArgs {
    /// Public key of the other party, as `identity show` prints it [default: the first that signs for it in a run]
    #[arg(long, value_name = "KEY")]
    pub(crate) peer: Option<PublicKey>,
    /// Go on with files that nobody signed, or another party than expected: whoever could write them may have chosen their contents
    #[arg(long)]
    pub(crate) allow_unverified: bool,
}

/// What to do with an identity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum IdentityAction {
    /// Make one.
    Create,
    /// Print its public key, for the other party.
    Show,
}

/// Arguments of `identity`.
#[derive(Args, Debug)]
pub(crate) struct IdentityArgs {
    #[arg(value_enum)]
    pub(crate) action: IdentityAction,
    /// File of the identity [default: identity.key in TRAIN_HEAD_HOME, else in ~/.config/train-head]
    #[arg(long, value_name = "FILE")]
    pub(crate) identity: Option<PathBuf>,
    /// Encrypt it with the passphrase in the first line of a file. Commands that sign then ask for it, or read the environment variable
    /// TRAIN_HEAD_IDENTITY_PASSPHRASE
    #[arg(long, value_name = "FILE")]
    pub(crate) passphrase_file: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) overwrite: OverwriteArgs,
}
