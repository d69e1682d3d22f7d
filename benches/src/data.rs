//! Data sets by manifest: found, checked against their digests, embedded if they are texts.

mod embed;
mod manifest;
mod table;

pub(crate) use embed::Embedder;
pub(crate) use manifest::{Entry, Manifest};

use std::path::{Path, PathBuf};

use fhe_head::labels::stratified_folds;
use ndarray::{Array1, Array2, Axis};

use crate::machine::project;

/// Names the folder of third-party data sets where `--data` does not.
pub(crate) const DATA_VARIABLE: &str = "HEAD_BENCH_DATA";

/// Samples of a task: features with the number of each one's class.
#[derive(Clone, Debug)]
pub(crate) struct Samples {
    pub(crate) x: Array2<f64>,
    pub(crate) y: Vec<usize>,
}

impl Samples {
    /// Some of the samples.
    pub(crate) fn select(&self, rows: &[usize]) -> Self {
        Self { x: self.x.select(Axis(0), rows), y: rows.iter().map(|&row| self.y[row]).collect() }
    }

    /// Keeps `count` samples at most, evenly spread.
    pub(crate) fn thin(&mut self, count: usize) {
        if count < self.len() {
            *self = self.select(&spread(self.len(), count));
        }
    }

    /// Scales every sample to unit norm.
    pub(crate) fn normalize(&mut self) {
        for mut sample in self.x.rows_mut() {
            let norm = sample.dot(&sample).sqrt();
            if norm > 0.0 {
                sample /= norm;
            }
        }
    }

    /// Number of samples.
    pub(crate) fn len(&self) -> usize {
        self.y.len()
    }
}

/// `count` of the numbers below `n`, evenly spread.
fn spread(n: usize, count: usize) -> Vec<usize> {
    (0..count.min(n)).map(|i| i * n / count).collect()
}

/// Training samples, and samples that the head has not seen.
#[derive(Clone, Debug)]
pub(crate) struct Split {
    pub(crate) train: Samples,
    pub(crate) test: Samples,
}

/// A data set in memory.
#[derive(Clone, Debug)]
pub(crate) struct Dataset {
    /// Names of the classes, in order.
    pub(crate) classes: Vec<String>,
    parts: Parts,
}

#[derive(Clone, Debug)]
enum Parts {
    Published(Split),
    Folds(Samples, usize),
}

impl Dataset {
    /// The splits of a seed: the published one, or all folds, each sample tested once.
    pub(crate) fn splits(&self, seed: u64) -> Vec<Split> {
        match &self.parts {
            Parts::Published(split) => vec![split.clone()],
            Parts::Folds(samples, folds) => folds_of(&samples.y, self.classes.len(), *folds, seed)
                .into_iter()
                .map(|(train, test)| Split { train: samples.select(&train), test: samples.select(&test) })
                .collect(),
        }
    }
}

/// Folds that keep the proportions of all classes: each class is dealt by itself.
pub(crate) fn folds_of(
    y: &[usize],
    classes: usize,
    folds: usize,
    seed: u64,
) -> Vec<(Vec<usize>, Vec<usize>)> {
    let mut parts = vec![(Vec::new(), Vec::new()); folds];
    for class in 0..classes {
        let members: Vec<usize> = (0..y.len()).filter(|&i| y[i] == class).collect();
        let dealt = stratified_folds(&Array1::zeros(members.len()), folds, seed);
        for (part, split) in parts.iter_mut().zip(dealt) {
            part.0.extend(split.train.iter().map(|&i| members[i]));
            part.1.extend(split.test.iter().map(|&i| members[i]));
        }
    }
    parts
}

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
        let root = match (entry.shipped, &self.folder) {
            (true, _) => project().join("data"),
            (false, Some(folder)) => folder.clone(),
            (false, None) => {
                let reason =
                    format!("not shipped; name the folder that holds it by --data or {DATA_VARIABLE}");
                return Ok(Err(reason));
            }
        };
        if entry.text.is_some() && !embedder.is_there() {
            return Ok(Err("texts need the encoder, which `cargo xtask fetch-model` fetches".into()));
        }
        let mut raw = Vec::new();
        for file in &entry.files {
            match file.read(&root) {
                Ok(bytes) => raw.push(table::read(&bytes, entry, &file.path)?),
                Err(reason) => return Ok(Err(reason)),
            }
        }
        let classes = table::classes(&raw);
        let mut parts = Vec::with_capacity(raw.len());
        for (file, mut rows) in entry.files.iter().zip(raw) {
            let limit = self.limit.map(|(train, test)| match file.part {
                manifest::Part::Train => train,
                manifest::Part::Test => test,
                manifest::Part::All => train + test,
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
    use super::*;

    #[test]
    fn folds_test_every_sample_once_and_keep_proportions() {
        let y: Vec<usize> = (0..300).map(|i| usize::from(i % 10 == 0) + usize::from(i % 3 == 0)).collect();
        let folds = folds_of(&y, 3, 5, 7);
        let mut tested: Vec<usize> = folds.iter().flat_map(|(_, test)| test.clone()).collect();
        tested.sort_unstable();
        assert_eq!(tested, (0..300).collect::<Vec<_>>());
        for class in 0..3 {
            let all = y.iter().filter(|&&label| label == class).count() as f64;
            for (train, test) in &folds {
                let share = test.iter().filter(|&&i| y[i] == class).count() as f64 / all;
                assert!((share - 0.2).abs() < 0.1, "class {class}: {share}");
                assert!(test.iter().all(|i| !train.contains(i)));
            }
        }
        assert_ne!(folds, folds_of(&y, 3, 5, 8));
    }

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
}
