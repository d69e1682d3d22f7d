//! Where data sets are found, and how one comes into memory.

use std::path::{Path, PathBuf};

use super::manifest::{Entry, Part};
use super::published::File;
use super::{Dataset, Embedder, Parts, Samples, Split, joined, spread, table};
use crate::machine::project;

/// Names the folder of third-party data sets where `--data` does not.
const DATA_VARIABLE: &str = "HEAD_BENCH_DATA";

/// Where data sets are looked for, and how much of them is taken.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    /// Folder of third-party sets.
    folder: Option<PathBuf>,
    /// Rows of a training and of a test part at most.
    limit: Option<(usize, usize)>,
}

/// A data set that is there, or why it is not.
pub(crate) type Found = Result<Dataset, String>;

impl Place {
    /// `--data`, or what the environment says.
    pub(crate) fn new(given: Option<PathBuf>, limit: Option<(usize, usize)>) -> Self {
        let environment =
            || std::env::var_os(DATA_VARIABLE).filter(|path| !path.is_empty()).map(PathBuf::from);
        Self { folder: given.or_else(environment), limit }
    }

    /// Reads a set. What is missing or not what the manifest says is left out, with the reason.
    ///
    /// # Errors
    /// A file of the right digest that cannot be understood; those of the encoder.
    pub(crate) fn find(&self, entry: &Entry, embedder: &mut Embedder) -> anyhow::Result<Found> {
        if entry.text.is_some() && !embedder.is_there() {
            return Ok(Err("texts need the encoder, which `cargo xtask fetch-model` fetches".into()));
        }
        let raw = match self.rows(entry)? {
            Ok(raw) => raw,
            Err(reason) => return Ok(Err(reason)),
        };
        let classes = table::classes(&raw);
        let mut parts = Vec::with_capacity(raw.len());
        for (file, mut rows) in entry.files.iter().zip(raw) {
            let limit = self.limit.map(|(train, test)| match file.part {
                Part::Train => train,
                Part::Test => test,
                Part::All => train + test,
            });
            if let Some(limit) = limit {
                rows.keep(&spread(rows.labels.len(), limit));
            }
            let y = rows.encode(&classes)?;
            let x = match rows.values {
                table::Values::Numbers(x) => x,
                table::Values::Texts(texts) => embedder.embed(&texts)?.mapv(f64::from),
            };
            parts.push(Samples { x, y });
        }
        let mut parts = parts.into_iter();
        let parts = match (parts.next(), parts.next(), entry.folds) {
            (Some(all), None, Some(folds)) => Parts::Folds(all, folds),
            (Some(train), Some(test), None) => Parts::Published(Split { train, test }),
            _ => anyhow::bail!("{}: neither folds of one file nor a training and a test file", entry.name),
        };
        Ok(Ok(Dataset { classes, parts }))
    }

    /// The rows of a set's files, those of the classes that count.
    fn rows(&self, entry: &Entry) -> anyhow::Result<Result<Vec<table::Rows>, String>> {
        let (mut tables, mut labels) = (Vec::new(), None);
        for file in entry.all_files() {
            match self.read(entry, file) {
                Ok(bytes) => tables.push(bytes),
                Err(reason) => return Ok(Err(reason)),
            }
        }
        if let (Some(join), Some(bytes)) = (&entry.labels, tables.get(entry.files.len())) {
            labels = Some(joined::Labels::read(bytes, entry, join)?);
        }
        let mut raw = Vec::new();
        for (file, bytes) in entry.files.iter().zip(&tables) {
            raw.push(table::read(bytes, entry, file, labels.as_ref())?);
        }
        if let Some(count) = entry.most_frequent {
            table::keep_most_frequent(&mut raw, count);
        }
        Ok(Ok(raw))
    }

    /// A file of a set, or why it does not count.
    pub(super) fn read(&self, entry: &Entry, file: &File) -> Result<Vec<u8>, String> {
        match (entry.shipped, &self.folder) {
            (true, _) => file.read(&project().join("data")),
            (false, Some(folder)) => file.read(folder),
            (false, None) => {
                Err(format!("not shipped; name the folder that holds it by --data or {DATA_VARIABLE}"))
            }
        }
    }
}

/// The folder of embeddings and downloads that later runs take up.
pub(crate) fn default_cache() -> PathBuf {
    project().join("target").join("head-bench")
}

/// The encoder's folder.
pub(crate) fn default_model() -> PathBuf {
    Path::new(project()).join("models").join("all-MiniLM-L6-v2")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::io::{Cursor, Write};

    use zip::write::SimpleFileOptions;

    use super::*;
    use crate::data::Manifest;
    use crate::data::published::git_blob;

    #[test]
    fn a_missing_folder_is_a_reason_and_no_error() {
        let manifest = Manifest::read().unwrap();
        let entry = manifest.dataset.iter().find(|entry| !entry.shipped).unwrap();
        let place = Place { folder: Some("/nowhere".into()), limit: None };
        let mut embedder = Embedder::new(default_model(), default_cache());
        let reason = place.find(entry, &mut embedder).unwrap().unwrap_err();
        assert!(reason.contains("/nowhere"), "{reason}");
    }

    #[test]
    fn shipped_tables_are_what_the_manifest_says() {
        let manifest = Manifest::read().unwrap();
        let entry = manifest.dataset.iter().find(|entry| entry.name == "breast-cancer").unwrap();
        let mut embedder = Embedder::new(default_model(), default_cache());
        let whole = Place::new(None, None).find(entry, &mut embedder).unwrap().unwrap();
        assert_eq!(whole.classes, ["benign", "malignant"]);
        let splits = whole.splits(0);
        assert_eq!(splits.len(), 5);
        assert_eq!(splits.iter().map(|split| split.test.len()).sum::<usize>(), 569);
        let quick = Place { folder: None, limit: Some((200, 100)) };
        let quick = quick.find(entry, &mut embedder).unwrap().unwrap();
        assert_eq!(quick.splits(0).iter().map(|split| split.test.len()).sum::<usize>(), 300);
    }

    /// Made-up reports in the form of the published ones: an archive known by its id in git, labels in another file.
    #[test]
    fn texts_of_an_archive_meet_the_labels_of_a_table() {
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
            table::Values::Texts(texts) => assert_eq!(texts, &["one,\ntwo", "three", "five"]),
            table::Values::Numbers(_) => panic!("numbers"),
        }
    }
}
