//! What a command may replace.

use clap::Args;

/// The flag that allows to replace what exists.
#[derive(Args, Clone, Copy, Debug, Default)]
#[command(next_help_heading = "Output")]
pub(crate) struct OverwriteArgs {
    /// Replace output files that exist, and write into a folder that is not empty
    #[arg(long)]
    pub(crate) overwrite: bool,
}
