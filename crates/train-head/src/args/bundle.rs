//! The arguments of `bundle` and `unbundle`.

use std::path::PathBuf;

use clap::Args;

use super::{OverwriteArgs, TrustArgs};

/// Arguments of `bundle`.
#[derive(Args, Debug)]
pub(crate) struct BundleArgs {
    /// Folder of evaluation keys (`eval`), encrypted data, samples, heads or scores
    #[arg(value_name = "FILE_OR_FOLDER", required = true)]
    pub(crate) paths: Vec<PathBuf>,
    /// File for the bundle, a tar archive
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    pub(crate) out: PathBuf,
    #[command(flatten)]
    pub(crate) overwrite: OverwriteArgs,
}

/// Arguments of `unbundle`.
#[derive(Args, Debug)]
pub(crate) struct UnbundleArgs {
    /// Bundle of the other party
    #[arg(value_name = "FILE")]
    pub(crate) bundle: PathBuf,
    #[command(flatten)]
    pub(crate) trust: TrustArgs,
    /// Folder for its contents
    #[arg(long, value_name = "FOLDER", help_heading = "Output")]
    pub(crate) out: PathBuf,
    #[command(flatten)]
    pub(crate) overwrite: OverwriteArgs,
}
