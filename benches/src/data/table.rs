//! Tables of the manifest: CSV with a line of names.

use anyhow::{Context, ensure};
use ndarray::{Array2, Axis};

use super::manifest::Entry;

/// A file's rows.
pub(super) struct Rows {
    pub(super) values: Values,
    pub(super) labels: Vec<String>,
}

/// What is to be classified.
pub(super) enum Values {
    Numbers(Array2<f64>),
    Texts(Vec<String>),
}

/// Reads a table.
///
/// # Errors
/// No such columns, a row that does not parse, or another number of rows than the manifest says.
pub(super) fn read(bytes: &[u8], entry: &Entry, path: &str) -> anyhow::Result<Rows> {
    let mut reader = csv::Reader::from_reader(bytes);
    let names: Vec<String> = reader.headers()?.iter().map(str::to_owned).collect();
    let column = |name: &str| {
        names.iter().position(|column| column == name).with_context(|| format!("{path}: no column `{name}`"))
    };
    let label = column(&entry.label)?;
    let text = entry.text.as_deref().map(column).transpose()?;
    let (mut labels, mut texts, mut numbers) = (Vec::new(), Vec::new(), Vec::new());
    for record in reader.records() {
        let record = record.with_context(|| path.to_owned())?;
        labels.push(record[label].trim().to_owned());
        match text {
            Some(text) => texts.push(record[text].to_owned()),
            None => {
                let features = record.iter().enumerate().filter(|(column, _)| *column != label);
                for (_, cell) in features {
                    numbers.push(
                        cell.trim()
                            .parse::<f64>()
                            .with_context(|| format!("{path}: `{cell}` is no number"))?,
                    );
                }
            }
        }
    }
    let expected = entry.files.iter().find(|file| file.path == path).map(|file| file.rows);
    ensure!(expected == Some(labels.len()), "{path}: {} rows, {expected:?} expected", labels.len());
    let values = match text {
        Some(_) => Values::Texts(texts),
        None => Values::Numbers(Array2::from_shape_vec((labels.len(), names.len() - 1), numbers)?),
    };
    Ok(Rows { values, labels })
}

/// The classes of all files, in order: by value if all are numbers, else by letters.
pub(super) fn classes(files: &[Rows]) -> Vec<String> {
    let mut names: Vec<String> = files.iter().flat_map(|rows| rows.labels.clone()).collect();
    names.sort_unstable();
    names.dedup();
    if names.iter().all(|name| name.parse::<f64>().is_ok()) {
        let value = |name: &String| name.parse::<f64>().unwrap_or(f64::NAN);
        names.sort_by(|a, b| value(a).total_cmp(&value(b)));
    }
    names
}

impl Rows {
    /// Keeps these rows alone.
    pub(super) fn keep(&mut self, rows: &[usize]) {
        self.labels = rows.iter().map(|&row| self.labels[row].clone()).collect();
        match &mut self.values {
            Values::Numbers(x) => *x = x.select(Axis(0), rows),
            Values::Texts(texts) => *texts = rows.iter().map(|&row| texts[row].clone()).collect(),
        }
    }

    /// The number of each label's class.
    pub(super) fn encode(&self, classes: &[String]) -> anyhow::Result<Vec<usize>> {
        let number = |label: &String| classes.iter().position(|class| class == label);
        self.labels
            .iter()
            .map(|label| number(label).with_context(|| format!("unknown label {label}")))
            .collect()
    }
}
