//! `cargo xtask docs`: pages written by the program itself, so that they cannot disagree with it.

use std::fs;
use std::process::Command;

use anyhow::{Context, Result};

use crate::process;
use crate::workspace::{Metadata, root};

const PARAMETERS: &str = "docs/parameters.md";

/// Builds the command line and writes `docs/parameters.md` from its list of parameter sets.
///
/// # Errors
/// The build or the program failed, or the page could not be written.
pub(crate) fn run() -> Result<()> {
    process::step("build", process::cargo(["build", "--release", "-p", "train-head"]).current_dir(root()))?;
    let page = process::output(Command::new(Metadata::read()?.train_head()).args(["presets", "--markdown"]))?;
    let path = root().join(PARAMETERS);
    fs::write(&path, page).with_context(|| format!("cannot write {}", path.display()))?;
    println!("{}", path.display());
    Ok(())
}
