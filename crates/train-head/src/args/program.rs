//! The arguments of commands about files and the program itself.

use std::path::PathBuf;

use clap::Args;

use super::OverwriteArgs;

/// Arguments of `inspect`.
#[derive(Args, Debug)]
pub(crate) struct InspectArgs {
    /// Key, ciphertext, plan, head, embeddings, or a folder of them
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// Read the whole file and verify every checksum
    #[arg(long)]
    pub(crate) verify: bool,
}

/// Arguments of `presets`.
#[derive(Args, Debug)]
pub(crate) struct PresetsArgs {
    /// Print the text of docs/parameters.md
    #[arg(long)]
    pub(crate) markdown: bool,
}

/// Arguments of `completions`.
#[derive(Args, Debug)]
pub(crate) struct CompletionsArgs {
    /// Shell
    #[arg(value_enum)]
    pub(crate) shell: clap_complete::Shell,
}

/// Arguments of `man`.
#[derive(Args, Debug)]
pub(crate) struct ManArgs {
    /// Folder for the pages train-head.1, train-head-run.1, ... [default: print train-head.1]
    #[arg(value_name = "FOLDER")]
    pub(crate) folder: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) overwrite: OverwriteArgs,
}
