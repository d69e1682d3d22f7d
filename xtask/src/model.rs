//! `cargo xtask fetch-model`: where the text encoder lies.

use std::path::PathBuf;

use anyhow::{Result, bail};

use crate::workspace::root;

/// The folder of all-MiniLM-L6-v2.
///
/// # Errors
/// It is not there.
pub(crate) fn fetch_model() -> Result<PathBuf> {
    let folder = root().join("models").join("all-MiniLM-L6-v2");
    if !folder.join("model.safetensors").is_file() {
        bail!("{} holds no model.safetensors", folder.display());
    }
    Ok(folder)
}
