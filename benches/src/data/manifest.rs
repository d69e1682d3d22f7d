//! `data/manifest.toml`: which data sets there are, and by which digest a file is known.

use anyhow::Context;
use serde::Deserialize;

use super::joined::Join;
use super::published::File;
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
    /// What stands between two cells of its tables.
    #[serde(default = "comma")]
    pub(crate) delimiter: char,
    /// Whether its tables have a line of names. Columns are called by their numbers, from 0, if not.
    #[serde(default = "yes")]
    pub(crate) header: bool,
    /// Where labels are found that are not in the table of samples.
    pub(crate) labels: Option<Join>,
    /// Number of classes that are kept, those with most samples; all by default.
    pub(crate) most_frequent: Option<usize>,
    /// Folds of a set that comes without a test part.
    pub(crate) folds: Option<usize>,
    /// Whether a head with a hidden layer is trained on it too.
    #[serde(default)]
    pub(crate) hidden: bool,
    pub(crate) files: Vec<File>,
}

fn comma() -> char {
    ','
}

fn yes() -> bool {
    true
}

/// What a file's rows are for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Part {
    #[default]
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

impl Entry {
    /// Its files, and after them that of its labels if it has one.
    pub(super) fn all_files(&self) -> impl Iterator<Item = &File> {
        self.files.iter().chain(self.labels.iter().map(|labels| &labels.file))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_manifest_is_in_order() {
        let manifest = Manifest::read().unwrap();
        assert!(manifest.dataset.len() >= 13);
        for entry in &manifest.dataset {
            let parts: Vec<Part> = entry.files.iter().map(|file| file.part).collect();
            match entry.folds {
                Some(folds) => assert!(folds >= 2 && parts == [Part::All], "{}", entry.name),
                None => assert_eq!(parts, [Part::Train, Part::Test], "{}", entry.name),
            }
            for file in entry.all_files() {
                assert!(file.is_known() && file.rows > 0, "{}", file.path);
            }
            let words = [&entry.title, &entry.source, &entry.licence];
            assert!(words.iter().all(|word| !word.is_empty()), "{}", entry.name);
        }
        let shipped = manifest.dataset.iter().filter(|entry| entry.shipped);
        for file in shipped.flat_map(|entry| &entry.files) {
            file.read(&project().join("data")).unwrap();
        }
    }
}
