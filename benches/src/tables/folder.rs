//! The folder of tables: their list, samples, splits, and scikit-learn's results.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use ndarray::{Array1, Array2};
use serde::Deserialize;

/// An entry of `tables.json`.
#[derive(Deserialize)]
pub(super) struct Table {
    pub(super) name: String,
    file: String,
    pub(super) group: String,
    pub(super) rows: usize,
    pub(super) features: usize,
    pub(super) classes: usize,
}

pub(super) struct Folder {
    path: PathBuf,
    pub(super) tables: Vec<Table>,
}

/// Samples by features, and their classes.
pub(super) struct Samples {
    pub(super) x: Array2<f64>,
    pub(super) y: Array1<f64>,
}

/// A line of `scikit_learn.jsonl`.
#[derive(Deserialize)]
struct Line {
    table: String,
    repeat: usize,
    fold: usize,
    accuracy: f64,
    log_loss: f64,
    macro_f1: f64,
}

impl Folder {
    pub(super) fn open(path: &Path) -> anyhow::Result<Self> {
        let tables = serde_json::from_str(&read(&path.join("tables.json"))?)?;
        Ok(Self { path: path.to_owned(), tables })
    }

    pub(super) fn samples(&self, table: &Table) -> anyhow::Result<Samples> {
        let path = self.path.join(&table.file);
        let mut reader = csv::Reader::from_path(&path).with_context(|| path.display().to_string())?;
        let mut numbers = Vec::new();
        for row in reader.deserialize() {
            let row: Vec<f64> = row.with_context(|| path.display().to_string())?;
            numbers.extend(row);
        }
        let both = Array2::from_shape_vec((table.rows, table.features + 1), numbers)
            .with_context(|| format!("{}: the shape is not that of tables.json", path.display()))?;
        let (x, y) = both.view().split_at(ndarray::Axis(1), table.features);
        Ok(Samples { x: x.to_owned(), y: y.column(0).to_owned() })
    }

    /// The fold in which each row is tested, for each repetition.
    pub(super) fn splits(&self, table: &Table) -> anyhow::Result<Vec<Vec<usize>>> {
        #[derive(Deserialize)]
        struct Splits {
            repeats: Vec<Vec<usize>>,
        }
        let path = self.path.join("splits").join(format!("{}.json", table.name));
        let Splits { repeats } = serde_json::from_str(&read(&path)?)?;
        ensure!(
            repeats.iter().all(|folds| folds.len() == table.rows),
            "{}: of another table",
            path.display()
        );
        Ok(repeats)
    }

    /// Accuracy, log loss and macro-F1 of scikit-learn's logistic regression, by repetition and fold.
    pub(super) fn reference(&self, table: &Table) -> anyhow::Result<HashMap<(usize, usize), [f64; 3]>> {
        let text = read(&self.path.join("scikit_learn.jsonl"))?;
        let lines: Vec<Line> = text.lines().map(serde_json::from_str).collect::<Result<_, _>>()?;
        let own = lines.into_iter().filter(|line| line.table == table.name);
        Ok(own
            .map(|line| ((line.repeat, line.fold), [line.accuracy, line.log_loss, line.macro_f1]))
            .collect())
    }
}

fn read(path: &Path) -> anyhow::Result<String> {
    std::fs::read_to_string(path)
        .with_context(|| format!("{}: benches/tables/README.md says how to get it", path.display()))
}
