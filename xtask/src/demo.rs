//! `cargo xtask demo`: an encrypted training on the synthetic clinical notes in `data/notes/`, from end to end.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result};

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
    let Prepared { model, binary } = Prepared::new()?;
    let model = model.strip_prefix(root()).unwrap_or(&model);
    println!("==> model: {}", model.display());
    process::step("train", &mut train(&binary, model))?;
    println!("\nThe encrypted head, the decrypted head, the report and the predictions are in {OUT}/.");
    println!("{OUT}/report.json holds every figure above; {OUT}/report.html shows them to a reader:");
    println!("{}", root().join(OUT).join("report.html").display());
    Ok(())
}

/// What every demo needs.
pub(crate) struct Prepared {
    pub(crate) model: PathBuf,
    /// The program.
    pub(crate) binary: PathBuf,
}

impl Prepared {
    /// Fetches the model, and builds the command line. The whole workspace is selected for the same choice of features as elsewhere: what comes
    /// later builds nothing again.
    ///
    /// # Errors
    /// The model could not be fetched, or the build failed.
    pub(crate) fn new() -> Result<Self> {
        let model = model::fetch_model()?;
        let build = ["build", "--release", "--workspace", "--bin", "train-head"];
        process::step("build", process::cargo(build).current_dir(root()))?;
        Ok(Self { model, binary: Metadata::read()?.train_head() })
    }
}

/// An empty folder at this path from the workspace's root; what it held is removed.
///
/// # Errors
/// It cannot be removed or made.
pub(crate) fn emptied(path: &str) -> Result<PathBuf> {
    let folder = root().join(path);
    if folder.exists() {
        fs::remove_dir_all(&folder).with_context(|| format!("cannot remove {}", folder.display()))?;
    }
    fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    Ok(folder)
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
