//! `cargo xtask site`: the documentation as a site, with its links checked.

use anyhow::Result;

use crate::process::step;
use crate::python::Python;
use crate::workspace::{Metadata, root};

/// mkdocs 2 breaks with every theme and plugin of mkdocs 1.
const TOOLS: [&str; 3] = ["mkdocs==1.6.1", "mkdocs-material==9.8.2", "mkdocstrings[python]==1.0.8"];

/// Builds the site into `target/site/`. A link to what is not there ends it.
///
/// # Errors
/// Python's index cannot be reached, or a page is not as it should be.
pub(crate) fn run() -> Result<()> {
    let python = Python::with_pip()?;
    let folder = Metadata::read()?.target_directory.join("tools").join("site");
    let mut install = python.command();
    install.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]);
    install.args(["--root-user-action", "ignore", "--upgrade", "--target"]).arg(&folder).args(TOOLS);
    step("tools", &mut install)?;
    let mut build = python.command();
    build.current_dir(root()).env("PYTHONPATH", &folder).env("NO_MKDOCS_2_WARNING", "1");
    // without `--quiet`, which would swallow the warnings that `--strict` counts
    step("site", build.args(["-m", "mkdocs", "build", "--strict"]))
}
