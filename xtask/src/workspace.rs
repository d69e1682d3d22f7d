//! The workspace's folder and crates, as `cargo metadata` reports them.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde::Deserialize;

use crate::process;

/// The parts of `cargo metadata --no-deps` that the developer commands read.
#[derive(Debug, Deserialize)]
pub(crate) struct Metadata {
    pub(crate) packages: Vec<Package>,
    pub(crate) target_directory: PathBuf,
}

/// One crate of the workspace.
#[derive(Debug, Deserialize)]
pub(crate) struct Package {
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) manifest_path: PathBuf,
    pub(crate) dependencies: Vec<Dependency>,
    #[serde(default)]
    pub(crate) targets: Vec<Target>,
}

/// Something that cargo compiles: a library, a program, a test.
#[derive(Debug, Deserialize)]
pub(crate) struct Target {
    pub(crate) kind: Vec<String>,
    /// The root file, for example `src/lib.rs`.
    pub(crate) src_path: PathBuf,
}

impl Target {
    pub(crate) fn is_library_or_program(&self) -> bool {
        self.kind.iter().any(|kind| matches!(kind.as_str(), "lib" | "bin"))
    }
}

/// One entry under a crate's `[dependencies]`, `[dev-dependencies]` or `[build-dependencies]`.
#[derive(Debug, Deserialize)]
pub(crate) struct Dependency {
    pub(crate) name: String,
    #[serde(default, deserialize_with = "kind")]
    pub(crate) kind: Kind,
}

#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Kind {
    #[default]
    Normal,
    Dev,
    Build,
}

/// `cargo metadata` writes a normal dependency's kind as `null`.
fn kind<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Kind, D::Error> {
    Ok(Option::<Kind>::deserialize(deserializer)?.unwrap_or_default())
}

impl Metadata {
    /// Runs `cargo metadata`.
    ///
    /// # Errors
    /// cargo failed, or its answer cannot be parsed.
    pub(crate) fn read() -> Result<Self> {
        let mut command = process::cargo(["metadata", "--format-version", "1", "--no-deps"]);
        let text = process::output(command.current_dir(root()))?;
        serde_json::from_str(&text).context("cannot read what `cargo metadata` printed")
    }

    /// The program `train-head` in the release profile's folder.
    pub(crate) fn train_head(&self) -> PathBuf {
        let name = format!("train-head{}", std::env::consts::EXE_SUFFIX);
        self.target_directory.join("release").join(name)
    }
}

/// The workspace's root folder.
pub(crate) fn root() -> &'static Path {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    manifest.parent().unwrap_or(manifest)
}

/// Bytes of a file, or of all files below a folder.
///
/// # Errors
/// It cannot be read.
pub(crate) fn size(path: &Path) -> Result<u64> {
    let found = std::fs::metadata(path).with_context(|| format!("cannot read {}", path.display()))?;
    if !found.is_dir() {
        return Ok(found.len());
    }
    std::fs::read_dir(path)?.map(|entry| size(&entry?.path())).sum()
}
