//! `cargo xtask wheel`: the wheel of the Python package.
//!
//! The one that is given away is built by maturin, with zig's C library of an old Linux, from a build of its own. The quick one, for tests,
//! holds the extension module of the workspace's release build: the same sources, nothing compiled again. [`compute_party`] builds the wheel of
//! a compute party.

pub(crate) mod compute_party;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::process::{cargo, step};
use crate::python::Python;
use crate::workspace::{Metadata, root};

const TOOLS: [&str; 3] = ["maturin==1.16.0", "wheel==0.48.0", "ziglang==0.15.2"];
/// The C library of the wheel: that of Debian 10, RHEL 8, Ubuntu 20.04 and all later ones.
const COMPATIBILITY: &str = "manylinux_2_28";
const LIBRARY: &str = "libtrain_head_native.so";
const MODULE: &str = "_native.abi3.so";
/// The least share of the package's lines that its tests run.
const COVERAGE: &str = "--cov-fail-under=90";

/// Builds the wheel and the source archive into `target/wheels/`.
///
/// # Errors
/// Python's index cannot be reached, or a build failed.
pub(crate) fn run() -> Result<()> {
    let metadata = Metadata::read()?;
    let tools = Tools::install(&metadata, &TOOLS)?;
    let out = metadata.target_directory.join("wheels");
    let mut build = tools.maturin();
    build.args(["build", "--release", "--locked", "--zig", "--compatibility", COMPATIBILITY, "--out"]);
    step("wheel", build.arg(&out))?;
    step("source archive", tools.maturin().args(["sdist", "--out"]).arg(&out))
}

/// Builds the quick wheel and gives its path.
///
/// # Errors
/// Those of [`run`].
pub(crate) fn quick() -> Result<PathBuf> {
    let metadata = Metadata::read()?;
    let tools = Tools::install(&metadata, &TOOLS[..2])?;
    step("build", cargo(["build", "--release", "--workspace", "--lib"]).current_dir(root()))?;
    let folder = metadata.target_directory.join("wheels").join("quick");
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    let content = folder.join("content");
    copy_package(&root().join("python/train_head"), &content.join("train_head"))?;
    let library = metadata.target_directory.join("release").join(LIBRARY);
    fs::copy(&library, content.join("train_head").join(MODULE))
        .with_context(|| format!("cannot copy {}", library.display()))?;
    pack(&tools, &root().join("python"), &content, &folder)
}

/// Packs a package, described by the project in a folder, into a wheel in `folder`, and gives its path.
fn pack(tools: &Tools, project: &Path, content: &Path, folder: &Path) -> Result<PathBuf> {
    let mut describe = tools.maturin();
    describe.current_dir(project).args(["pep517", "write-dist-info", "--metadata-directory"]).arg(content);
    step("describe", &mut describe)?;
    let mut pack = tools.python.command();
    pack.env("PYTHONPATH", &tools.folder)
        .args(["-m", "wheel", "pack", "--dest-dir"])
        .arg(folder)
        .arg(content);
    step("pack", &mut pack)?;
    let mut wheel = fs::read_dir(folder)?.filter_map(|entry| Some(entry.ok()?.path()));
    let wheel = wheel.find(|path| path.extension().is_some_and(|extension| extension == "whl"));
    wheel.context("wheel packed nothing")
}

/// Installs the quick wheel into a fresh environment, and runs the package's tests there, which must cover it.
///
/// # Errors
/// Those of [`quick`]; a test failed, or too little is covered.
pub(crate) fn test(extra: &[String]) -> Result<()> {
    let wheel = quick()?;
    let folder = Metadata::read()?.target_directory.join("wheels").join("environment");
    step("environment", Python::with_pip()?.command().args(["-m", "venv", "--clear"]).arg(&folder))?;
    let python = folder.join("bin").join("python");
    let requirement = format!("train-head[test] @ file://{}", wheel.display());
    let mut install = Command::new(&python);
    install.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", &requirement]);
    step("install", &mut install)?;
    let mut tests = Command::new(&python);
    tests.args([
        "-m",
        "pytest",
        "-p",
        "no:cacheprovider",
        "--cov",
        "train_head",
        "--cov-report",
        "term-missing:skip-covered",
    ]);
    tests.args(if extra.is_empty() { &[COVERAGE][..] } else { &[] }).args(extra);
    // the tests' own folder, so that the installed package is imported and not the sources
    tests.current_dir(root().join("python/tests")).env("TRAIN_HEAD_ROOT", root());
    step("tests", tests.env("COVERAGE_FILE", folder.join("coverage")))
}

/// The programs that build wheels.
struct Tools {
    python: Python,
    folder: PathBuf,
}

impl Tools {
    fn install(metadata: &Metadata, tools: &[&str]) -> Result<Self> {
        let python = Python::with_pip()?;
        let folder = metadata.target_directory.join("tools").join("wheel");
        let mut install = python.command();
        install.args([
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            "--root-user-action",
            "ignore",
        ]);
        install.arg("--upgrade").arg("--target").arg(&folder).args(tools);
        step("tools", &mut install)?;
        Ok(Self { python, folder })
    }

    /// maturin, in the package's folder.
    fn maturin(&self) -> Command {
        let mut command = Command::new(self.folder.join("bin").join("maturin"));
        command.current_dir(root().join("python")).env("PYTHONPATH", &self.folder);
        command
    }
}

/// Copies the package's sources.
fn copy_package(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from).with_context(|| format!("cannot read {}", from.display()))? {
        let path = entry?.path();
        let Some(name) = path.file_name() else { continue };
        if path.is_dir() {
            if name != "__pycache__" {
                copy_package(&path, &to.join(name))?;
            }
        } else if path.extension().is_none_or(|extension| extension != "so") {
            fs::copy(&path, to.join(name))?;
        }
    }
    if fs::read_dir(to)?.next().is_none() {
        bail!("{} holds nothing", from.display());
    }
    Ok(())
}
