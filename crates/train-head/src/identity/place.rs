//! Where a user's identity and known parties are.

use std::path::PathBuf;

use crate::exit::{Failure, Result};

/// The variable that names the folder, where there is one.
const FOLDER: &str = "TRAIN_HEAD_HOME";

/// Where this user's identity is.
///
/// # Errors
/// The environment names no folder.
pub(crate) fn default_path() -> Result<PathBuf> {
    Ok(folder()?.join("identity.key"))
}

/// The folder of this user's identity and known parties.
///
/// # Errors
/// The environment names no folder.
pub(crate) fn folder() -> Result<PathBuf> {
    let named = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    named(FOLDER)
        .or_else(|| named("XDG_CONFIG_HOME").map(|folder| folder.join("train-head")))
        .or_else(|| named("HOME").map(|folder| folder.join(".config").join("train-head")))
        .ok_or_else(|| {
            Failure::usage("there is no folder for the identity that signs files: neither HOME nor TRAIN_HEAD_HOME is set")
                .help("set TRAIN_HEAD_HOME, or give --identity")
        })
}
