//! `data/manifest.toml`: the data sets, their files and the digests that identify them.

use anyhow::Context;
use serde::Deserialize;

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
    /// The repository contains its files.
    #[serde(default)]
    pub(crate) shipped: bool,
    /// Column of the texts. Without it, every column except the label's is a numeric feature.
    pub(crate) text: Option<String>,
    /// Column of the labels.
    pub(crate) label: String,
    /// Separator between cells.
    #[serde(default = "comma")]
    pub(crate) delimiter: char,
    /// The tables start with a row of column names. Without it, columns are named by their indices, from 0.
    #[serde(default = "yes")]
    pub(crate) header: bool,
    /// The table of labels, if the table of samples has none.
    pub(crate) labels: Option<Join>,
    /// Keep this number of classes, those with most samples; all classes by default.
    pub(crate) most_frequent: Option<usize>,
    /// Number of folds, for a set without a test file.
    pub(crate) folds: Option<usize>,
    /// Train a head with a hidden layer on it as well.
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

/// A published file. Exactly one of the two digests must be given.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct File {
    #[serde(default)]
    pub(crate) part: Part,
    /// Path below the folder of data sets.
    pub(crate) path: String,
    /// Where this version is published, if `path` is an unchanged copy of it.
    pub(crate) url: Option<String>,
    /// Number of rows, without the row of names.
    pub(crate) rows: usize,
    /// SHA-256 of the file, in hexadecimal.
    pub(super) sha256: Option<String>,
    /// Object id that git gives the file, in hexadecimal.
    pub(super) git_blob: Option<String>,
    /// Name of the table inside the file, if the file is a zip archive.
    pub(super) member: Option<String>,
}

/// What the rows of a file are used for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Part {
    /// Training and testing, in folds.
    #[default]
    All,
    Train,
    Test,
}

/// A table of labels, joined to the samples by id.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Join {
    pub(super) file: File,
    /// Column of ids in the table of labels.
    pub(super) id: String,
    /// Column of ids in the table of samples.
    pub(super) sample: String,
    /// Cut the samples' ids off before this character.
    pub(super) before: Option<char>,
}

impl Manifest {
    /// Reads the project's manifest.
    ///
    /// # Errors
    /// The file cannot be read or is malformed.
    pub(crate) fn read() -> anyhow::Result<Self> {
        let path = project().join("data").join("manifest.toml");
        let text =
            std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        basic_toml::from_str(&text).with_context(|| format!("{} is malformed", path.display()))
    }

    /// The data set of this name.
    ///
    /// # Errors
    /// There is none.
    pub(crate) fn entry(&self, name: &str) -> anyhow::Result<&Entry> {
        self.dataset
            .iter()
            .find(|entry| entry.name == name)
            .with_context(|| format!("data/manifest.toml has no data set `{name}`"))
    }
}

impl Entry {
    /// The files of samples, followed by the file of labels if there is one.
    pub(super) fn all_files(&self) -> impl Iterator<Item = &File> {
        self.files.iter().chain(self.labels.iter().map(|labels| &labels.file))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn has_one_digest(file: &File) -> bool {
        let hexadecimal = |digest: &String| digest.bytes().all(|byte| byte.is_ascii_hexdigit());
        match (&file.sha256, &file.git_blob) {
            (Some(digest), None) => digest.len() == 64 && hexadecimal(digest),
            (None, Some(digest)) => digest.len() == 40 && hexadecimal(digest),
            _ => false,
        }
    }

    #[test]
    fn the_manifest_is_well_formed() {
        let manifest = Manifest::read().unwrap();
        assert!(manifest.dataset.len() >= 13);
        for entry in &manifest.dataset {
            let parts: Vec<Part> = entry.files.iter().map(|file| file.part).collect();
            match entry.folds {
                Some(folds) => assert!(folds >= 2 && parts == [Part::All], "{}", entry.name),
                None => assert_eq!(parts, [Part::Train, Part::Test], "{}", entry.name),
            }
            for file in entry.all_files() {
                assert!(has_one_digest(file) && file.rows > 0, "{}", file.path);
            }
            let words = [&entry.title, &entry.source, &entry.licence];
            assert!(words.iter().all(|word| !word.is_empty()), "{}", entry.name);
        }
    }
}
