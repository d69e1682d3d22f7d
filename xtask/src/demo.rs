//! `cargo xtask demo`: an encrypted training on the synthetic clinical notes in `data/notes/`, from end to end.

use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::Result;

use crate::workspace::{Metadata, root};
use crate::{model, process};

pub(crate) const TRAIN: &str = "data/notes/train.csv";
pub(crate) const TEST: &str = "data/notes/test.csv";
const OUT: &str = "target/demo";

/// Nesterov on standardised features with more iterations than the depth allows, so that the encrypted weights and
/// momentum are bootstrapped before almost every iteration. Without these flags `run` whitens the features and needs only
/// a few iterations.
pub(crate) const METHOD: [&str; 6] =
    ["--solver", "nesterov", "--preprocess", "standardize", "--max-iter", "32"];

/// Fetches the model, builds the command line and runs it: embed, generate keys, encrypt, train encrypted, decrypt,
/// evaluate, compare with plain training.
///
/// # Errors
/// A step failed. Its exit code is passed on.
pub(crate) fn run() -> Result<()> {
    let model = model::fetch_model()?;
    let model = model.strip_prefix(root()).unwrap_or(&model);
    println!("==> model: {}", model.display());
    process::step("build", process::cargo(["build", "--release", "-p", "train-head"]).current_dir(root()))?;
    process::step("train", &mut train(&Metadata::read()?.train_head(), model))?;
    println!("\nThe encrypted head, the decrypted head, the report and the predictions are in {OUT}/.");
    println!("{OUT}/report.json holds every figure above; {OUT}/report.html shows them to a reader:");
    println!("{}", root().join(OUT).join("report.html").display());
    Ok(())
}

/// The command that README shows for a user's own data.
fn train(binary: &Path, model: &Path) -> Command {
    let mut command = Command::new(binary);
    command
        .args(["run", "--input", TRAIN, "--test-input", TEST])
        .args(["--text-column", "text", "--label-column", "label"])
        .arg("--model-id")
        .arg(model)
        .args(METHOD)
        .args(["--out", OUT, "--overwrite"])
        .current_dir(root())
        .stdin(Stdio::null());
    command
}
