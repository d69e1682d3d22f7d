//! `cargo xtask bench`: the quick benchmark report, from the encoder's download to the page.

use std::process::{Command, Stdio};

use anyhow::Result;

use crate::workspace::{Metadata, root};
use crate::{model, process};

const OUT: &str = "target/bench";

/// Fetches the model, builds `head-bench` and runs all its measurements in their quick form.
///
/// `train-head` is built as well: without it cargo would choose other features and compile most crates again.
///
/// # Errors
/// A step failed. Its exit code is passed on.
pub(crate) fn run() -> Result<()> {
    model::fetch_model()?;
    process::step(
        "build",
        process::cargo(["build", "--release", "-p", "train-head", "-p", "head-bench"]).current_dir(root()),
    )?;
    let name = format!("head-bench{}", std::env::consts::EXE_SUFFIX);
    let mut command = Command::new(Metadata::read()?.target_directory.join("release").join(name));
    command.args(["all", "--quick", "--out", OUT]).current_dir(root()).stdin(Stdio::null());
    process::step("measure", &mut command)?;
    println!("\n{OUT}/report.html is the report; its records lie beside it.");
    Ok(())
}
