//! `cargo xtask wheel --party compute`: the wheel of a compute party, from a build without the feature `data-party`. What it compiles cannot name a
//! secret key (`cargo xtask layers`); `--test` looks for one in what came out, too, and trains with it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};

use super::{COMPATIBILITY, LIBRARY, MODULE, TOOLS, Tools, copy_package, pack};
use crate::process::{cargo, step};
use crate::python::Python;
use crate::workspace::{Metadata, root};

/// The modules of the Python package that a compute party has, besides its own `__init__.py`.
const SHARED: [&str; 5] = ["__main__.py", "_command.py", "_program.py", "compute.py", "py.typed"];
/// In the names of symbols: what a compute party's library has none of, and what it has.
const ABSENT: [&str; 3] = ["SecretKey", "DataEncryptor", "data_party"];
const PRESENT: &str = "EvaluationKeys";

/// Builds the wheel into `target/wheels/`.
///
/// # Errors
/// Python's index cannot be reached, or the build failed.
pub(crate) fn run() -> Result<()> {
    let metadata = Metadata::read()?;
    let tools = Tools::install(&metadata, &TOOLS)?;
    let folder = stage(&metadata)?;
    let mut build = tools.maturin();
    build.args(["build", "--release", "--locked", "--zig", "--compatibility", COMPATIBILITY, "--out"]);
    step("wheel", build.arg(metadata.target_directory.join("wheels")).current_dir(folder))
}

/// Builds for this machine, looks for secret keys in the library, installs it where there is nothing else, and trains there on what the data
/// party's program encrypts.
///
/// # Errors
/// A build failed; a secret key was found; the test failed.
pub(crate) fn test() -> Result<()> {
    let metadata = Metadata::read()?;
    let tools = Tools::install(&metadata, &TOOLS[..2])?;
    step("data party", cargo(["build", "--release", "--workspace", "--bins"]).current_dir(root()))?;
    // in a folder of its own: the data party's library has the same name
    let build = metadata.target_directory.join("compute-party");
    let mut compile = cargo([
        "build",
        "--release",
        "--package",
        "train-head-python",
        "--no-default-features",
        "--target-dir",
    ]);
    step("build", compile.arg(&build).current_dir(root()))?;
    let library = build.join("release").join(LIBRARY);
    expect_no_secret_key(&library)?;
    let staged = stage(&metadata)?;
    let folder = metadata.target_directory.join("wheels").join("compute-party-quick");
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    let content = folder.join("content");
    copy_package(&staged.join("train_head"), &content.join("train_head"))?;
    fs::copy(&library, content.join("train_head").join(MODULE))
        .with_context(|| format!("cannot copy {}", library.display()))?;
    let wheel = pack(&tools, &staged, &content, &folder)?;

    let environment = metadata.target_directory.join("wheels").join("compute-party-environment");
    step("environment", Python::with_pip()?.command().args(["-m", "venv", "--clear"]).arg(&environment))?;
    let python = environment.join("bin").join("python");
    let mut install = Command::new(&python);
    install.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-index"]);
    step("install", install.arg(&wheel))?;
    let mut test = Command::new(&python);
    test.arg(root().join("python/compute/test_compute_party.py"));
    test.env("TRAIN_HEAD", metadata.target_directory.join("release").join("train-head"));
    // not in the folder of the sources, so that the installed package is imported
    step("test", test.current_dir(&environment))
}

/// Puts together the folder that the wheel is built of.
fn stage(metadata: &Metadata) -> Result<PathBuf> {
    let folder = metadata.target_directory.join("wheels").join("compute-party");
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    let package = folder.join("train_head");
    fs::create_dir_all(&package)?;
    let (python, own) = (root().join("python"), root().join("python/compute"));
    let copy = |from: PathBuf, to: PathBuf| {
        fs::copy(&from, to).map(drop).with_context(|| format!("cannot copy {}", from.display()))
    };
    for name in SHARED {
        copy(python.join("train_head").join(name), package.join(name))?;
    }
    copy(own.join("train_head/__init__.py"), package.join("__init__.py"))?;
    copy(own.join("README.md"), folder.join("README.md"))?;
    for name in ["LICENSE-APACHE", "LICENSE-MIT"] {
        copy(python.join(name), folder.join(name))?;
    }
    // the crate stays where it is
    let project = own.join("pyproject.toml");
    let text = fs::read_to_string(&project).with_context(|| format!("cannot read {}", project.display()))?;
    let named = format!("manifest-path = {:?}", python.join("Cargo.toml").display().to_string());
    let here = text.replace("manifest-path = \"Cargo.toml\"", &named);
    ensure!(here != text, "{} names no manifest-path = \"Cargo.toml\"", project.display());
    fs::write(folder.join("pyproject.toml"), here)?;
    Ok(folder)
}

/// Refuses a library with a symbol of a secret key. It must have others: one without symbols would show nothing.
fn expect_no_secret_key(library: &Path) -> Result<()> {
    let bytes = fs::read(library).with_context(|| format!("cannot read {}", library.display()))?;
    let has = |name: &str| bytes.windows(name.len()).any(|part| part == name.as_bytes());
    ensure!(has(PRESENT), "{} has no symbols: {PRESENT} is not among them", library.display());
    if let Some(found) = ABSENT.iter().find(|name| has(name)) {
        bail!("{} has symbols of the data party: {found}", library.display());
    }
    println!("no symbol of {} in {}", ABSENT.join(", "), library.display());
    Ok(())
}
