//! `cargo xtask test`: everything that the workspace's tests need, then all of them.

use anyhow::Result;

use crate::{model, process, workspace};

/// Fetches the model and runs unit, integration and documentation tests in the release profile, with `extra` arguments
/// handed to `cargo test`.
///
/// Ciphertext arithmetic without optimisation is some thirty times slower, which is why there is no test run in the
/// development profile.
///
/// # Errors
/// The model could not be fetched, or a test failed.
pub(crate) fn run(extra: &[String]) -> Result<()> {
    println!("==> model: {}", model::fetch_model()?.display());
    let mut tests = process::cargo(["test", "--release", "--workspace"]);
    process::step("tests", tests.args(extra).current_dir(workspace::root()))
}
