//! `cargo xtask test`: fetches what the tests need, then runs all tests.

use anyhow::Result;

use crate::{model, process, workspace};

/// Fetches the model, then runs unit, integration and documentation tests in the release profile. `extra` arguments are
/// passed to `cargo test`.
///
/// There is no test run in the development profile: ciphertext arithmetic without optimisation is about thirty times
/// slower.
///
/// # Errors
/// The model could not be fetched, or a test failed.
pub(crate) fn run(extra: &[String]) -> Result<()> {
    println!("==> model: {}", model::fetch_model()?.display());
    let mut tests = process::cargo(["test", "--release", "--workspace"]);
    process::step("tests", tests.args(extra).current_dir(workspace::root()))
}
