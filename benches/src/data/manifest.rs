//! `data/manifest.toml`: which data sets there are, and by which digest a file is known.

use std::path::Path;

use anyhow::Context;
use serde::Deserialize;
use sha2::{Digest, Sha256};

use crate::machine::project;

/// The manifest.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Manifest {
    pub(crate) dataset: Vec<Entry>,
}

/// One data set.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Entry {
    pub(crate) name: String,
    pub(crate) title: String,
    pub(crate) source: String,
    pub(crate) licence: String,
    /// Whether it lies in the repository.
    #[serde(default)]
    pub(crate) shipped: bool,
    /// Column of texts; every column but the label's is a feature if there is none.
    pub(crate) text: Option<String>,
    /// Column of labels.
    pub(crate) label: String,
    /// Folds of a set that comes without a test part.
    pub(crate) folds: Option<usize>,
    /// Whether a head with a hidden layer is trained on it too.
    #[serde(default)]
    pub(crate) hidden: bool,
    pub(crate) files: Vec<File>,
}

/// One file of a data set.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct File {
    pub(crate) part: Part,
    pub(crate) path: String,
    pub(crate) rows: usize,
    sha256: String,
}

/// What a file's rows are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Part {
    All,
    Train,
    Test,
}

impl Manifest {
    /// Reads the project's manifest.
    ///
    /// # Errors
    /// It is not there or not in order.
    pub(crate) fn read() -> anyhow::Result<Self> {
        let path = project().join("data").join("manifest.toml");
        let text =
            std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        basic_toml::from_str(&text).with_context(|| format!("{} is not in order", path.display()))
    }
}

impl File {
    /// The file's bytes, or why they do not count.
    pub(super) fn read(&self, root: &Path) -> Result<Vec<u8>, String> {
        let path = root.join(&self.path);
        let bytes = std::fs::read(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        let digest: String = Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
        if digest == self.sha256 {
            return Ok(bytes);
        }
        Err(format!("{}: another file than the manifest's (SHA-256 {digest})", path.display()))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_manifest_is_in_order() {
        let manifest = Manifest::read().unwrap();
        assert!(manifest.dataset.len() >= 8);
        for entry in &manifest.dataset {
            let parts: Vec<Part> = entry.files.iter().map(|file| file.part).collect();
            match entry.folds {
                Some(folds) => assert!(folds >= 2 && parts == [Part::All], "{}", entry.name),
                None => assert_eq!(parts, [Part::Train, Part::Test], "{}", entry.name),
            }
            assert!(entry.files.iter().all(|file| file.sha256.len() == 64 && file.rows > 0));
            let words = [&entry.title, &entry.source, &entry.licence];
            assert!(words.iter().all(|word| !word.is_empty()), "{}", entry.name);
        }
        let shipped = manifest.dataset.iter().filter(|entry| entry.shipped);
        for file in shipped.flat_map(|entry| &entry.files) {
            file.read(&project().join("data")).unwrap();
        }
    }
}
