//! Finds data sets and reads them into memory.

use std::path::PathBuf;

use super::dataset::{Dataset, Division, Samples, Split, evenly_spaced};
use super::embed::Embedder;
use super::labels::Labels;
use super::manifest::{Entry, File, Part};
use super::rows::{self, Rows, Values};
use crate::machine::project;

/// Environment variable with the folder of third-party data sets, for commands without `--data`.
const DATA_VARIABLE: &str = "HEAD_BENCH_DATA";

/// Where to look for data sets, and how much of each to read.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    /// Folder of third-party sets.
    folder: Option<PathBuf>,
    limit: Option<Limit>,
}

/// Largest numbers of rows.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limit {
    pub(crate) train: usize,
    pub(crate) test: usize,
}

impl Limit {
    fn of(self, part: Part) -> usize {
        match part {
            Part::Train => self.train,
            Part::Test => self.test,
            Part::All => self.train + self.test,
        }
    }
}

/// A data set, or the reason why it cannot be used.
pub(crate) type Found = Result<Dataset, String>;

impl Place {
    /// The given folder, or else the one that the environment names.
    pub(crate) fn new(given: Option<PathBuf>, limit: Option<Limit>) -> Self {
        let environment =
            || std::env::var_os(DATA_VARIABLE).filter(|path| !path.is_empty()).map(PathBuf::from);
        Self { folder: given.or_else(environment), limit }
    }

    /// Reads a data set. A set with a missing file, or with one that differs from the manifest, is no error: it gives the reason.
    ///
    /// # Errors
    /// A file has the right digest but cannot be parsed, or the encoder fails.
    pub(crate) fn find(&self, entry: &Entry, embedder: &mut Embedder) -> anyhow::Result<Found> {
        if entry.text.is_some() && !embedder.exists() {
            return Ok(Err("the text encoder is missing; `cargo xtask fetch-model` fetches it".into()));
        }
        let raw = match self.rows(entry)? {
            Ok(raw) => raw,
            Err(reason) => return Ok(Err(reason)),
        };
        let classes = rows::classes(&raw);
        let mut parts = Vec::with_capacity(raw.len());
        for (file, mut rows) in entry.files.iter().zip(raw) {
            if let Some(limit) = self.limit {
                rows.keep(&evenly_spaced(rows.labels.len(), limit.of(file.part)));
            }
            let y = rows.encode(&classes)?;
            let x = match rows.values {
                Values::Numbers(x) => x,
                Values::Texts(texts) => embedder.embed(&texts)?.mapv(f64::from),
            };
            parts.push(Samples { x, y });
        }
        let mut parts = parts.into_iter();
        let division = match (parts.next(), parts.next(), entry.folds) {
            (Some(samples), None, Some(folds)) => Division::Folds { samples, folds },
            (Some(train), Some(test), None) => Division::Published(Split { train, test }),
            _ => anyhow::bail!("{}: neither one file in folds nor a training and a test file", entry.name),
        };
        Ok(Ok(Dataset { classes, division }))
    }

    /// The rows of each of a set's files, of the classes that are kept; or the reason why the set cannot be used.
    fn rows(&self, entry: &Entry) -> anyhow::Result<Result<Vec<Rows>, String>> {
        let (mut tables, mut labels) = (Vec::new(), None);
        for file in entry.all_files() {
            match self.read(entry, file) {
                Ok(bytes) => tables.push(bytes),
                Err(reason) => return Ok(Err(reason)),
            }
        }
        if let (Some(join), Some(bytes)) = (&entry.labels, tables.get(entry.files.len())) {
            labels = Some(Labels::read(bytes, entry, join)?);
        }
        let mut raw = Vec::new();
        for (file, bytes) in entry.files.iter().zip(&tables) {
            raw.push(rows::read(bytes, entry, file, labels.as_ref())?);
        }
        if let Some(count) = entry.most_frequent {
            rows::keep_most_frequent(&mut raw, count);
        }
        Ok(Ok(raw))
    }

    /// Reads a file of a set.
    ///
    /// # Errors
    /// The reason why it cannot be used, as text.
    pub(super) fn read(&self, entry: &Entry, file: &File) -> Result<Vec<u8>, String> {
        match (entry.shipped, &self.folder) {
            (true, _) => file.read(&project().join("data")),
            (false, Some(folder)) => file.read(folder),
            (false, None) => Err(format!("not shipped; name its folder by --data or {DATA_VARIABLE}")),
        }
    }
}

/// Default folder for embeddings, which later runs reuse.
pub(crate) fn default_cache() -> PathBuf {
    project().join("target").join("head-bench")
}

/// Default folder of the text encoder.
pub(crate) fn default_model() -> PathBuf {
    project().join("models").join("all-MiniLM-L6-v2")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::io::{Cursor, Write};

    use zip::write::SimpleFileOptions;

    use super::*;
    use crate::data::manifest::Manifest;
    use crate::data::published::git_blob;

    #[test]
    fn a_missing_folder_is_a_reason_not_an_error() {
        let manifest = Manifest::read().unwrap();
        let entry = manifest.dataset.iter().find(|entry| !entry.shipped).unwrap();
        let place = Place { folder: Some("/nowhere".into()), limit: None };
        let mut embedder = Embedder::new(default_model(), default_cache());
        let reason = place.find(entry, &mut embedder).unwrap().unwrap_err();
        assert!(reason.contains("/nowhere"), "{reason}");
    }

    #[test]
    fn shipped_tables_match_the_manifest() {
        let manifest = Manifest::read().unwrap();
        let entry = manifest.entry("breast-cancer").unwrap();
        let mut embedder = Embedder::new(default_model(), default_cache());
        let whole = Place::new(None, None).find(entry, &mut embedder).unwrap().unwrap();
        assert_eq!(whole.classes, ["benign", "malignant"]);
        let splits = whole.splits(0);
        assert_eq!(splits.len(), 5);
        assert_eq!(splits.iter().map(|split| split.test.len()).sum::<usize>(), 569);
        let quick = Place { folder: None, limit: Some(Limit { train: 200, test: 100 }) };
        let quick = quick.find(entry, &mut embedder).unwrap().unwrap();
        assert_eq!(quick.splits(0).iter().map(|split| split.test.len()).sum::<usize>(), 300);
    }

    /// Made-up reports in the form of TCGA's: an archive identified by its git object id, labels in another file.
    #[test]
    fn texts_of_an_archive_are_joined_to_labels_of_a_table() {
        let folder = tempfile::tempdir().unwrap();
        let mut archive = zip::ZipWriter::new(Cursor::new(Vec::new()));
        archive.start_file("reports.csv", SimpleFileOptions::default()).unwrap();
        let reports = "patient_filename,text\nP-1.x,\"one,\ntwo\"\nP-2.y,three\nP-3.z,four\nP-4.z,five\n";
        archive.write_all(reports.as_bytes()).unwrap();
        let archive = archive.finish().unwrap().into_inner();
        let types = "patient_id,cancer_type\r\nP-1,B\r\nP-2,A\r\nP-3,C\r\nP-4,B\r\n";
        std::fs::write(folder.path().join("reports.zip"), &archive).unwrap();
        let entry: Entry = basic_toml::from_str(&format!(
            "name = 'reports'
            title = 'Made-up reports'
            source = 'none'
            licence = 'none'
            text = 'text'
            label = 'cancer_type'
            most_frequent = 2
            folds = 2
            files = [{{ path = 'reports.zip', member = 'reports.csv', rows = 4, git_blob = '{}' }}]
            [labels]
            sample = 'patient_filename'
            before = '.'
            id = 'patient_id'
            file = {{ path = 'types.csv', rows = 4, git_blob = '{}' }}",
            git_blob(&archive),
            git_blob(types.as_bytes()),
        ))
        .unwrap();
        let place = Place { folder: Some(folder.path().to_owned()), limit: None };
        let reason = place.rows(&entry).unwrap().err().unwrap();
        assert!(reason.contains("types.csv"), "{reason}");
        std::fs::write(folder.path().join("types.csv"), types).unwrap();
        let rows = place.rows(&entry).unwrap().unwrap();
        assert_eq!(rows[0].labels, ["B", "A", "B"]);
        match &rows[0].values {
            Values::Texts(texts) => assert_eq!(texts, &["one,\ntwo", "three", "five"]),
            Values::Numbers(_) => panic!("numbers"),
        }
    }
}
