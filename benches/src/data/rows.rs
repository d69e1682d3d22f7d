//! The samples of a file, before texts are embedded.

use std::collections::HashMap;

use anyhow::{Context, ensure};
use ndarray::{Array2, Axis};

use super::labels::Labels;
use super::manifest::{Entry, File};
use super::table::Table;

/// Samples with their labels.
pub(super) struct Rows {
    pub(super) values: Values,
    pub(super) labels: Vec<String>,
}

/// What is classified.
pub(super) enum Values {
    Numbers(Array2<f64>),
    Texts(Vec<String>),
}

/// Reads the samples of a file. With a table of labels, samples without a label in it are left out.
///
/// # Errors
/// A column is missing, a row cannot be parsed, or the number of rows differs from the manifest.
pub(super) fn read(
    bytes: &[u8],
    entry: &Entry,
    file: &File,
    joined: Option<&Labels>,
) -> anyhow::Result<Rows> {
    let path = &file.path;
    let mut table = Table::open(bytes, entry, path)?;
    let label = table.column(joined.map_or(&entry.label, |labels| &labels.sample))?;
    let text = entry.text.as_deref().map(|text| table.column(text)).transpose()?;
    let features = table.columns() - 1;
    let (mut labels, mut texts, mut numbers, mut rows) = (Vec::new(), Vec::new(), Vec::new(), 0);
    for record in table.records() {
        let record = record?;
        rows += 1;
        let cell = record[label].trim();
        match joined.map_or(Some(cell), |labels| labels.of(cell)) {
            Some(label) => labels.push(label.to_owned()),
            None => continue,
        }
        match text {
            Some(text) => texts.push(record[text].to_owned()),
            None => {
                let features = record.iter().enumerate().filter(|(column, _)| *column != label);
                for (_, cell) in features {
                    numbers.push(
                        cell.trim()
                            .parse::<f64>()
                            .with_context(|| format!("{path}: `{cell}` is not a number"))?,
                    );
                }
            }
        }
    }
    ensure!(rows == file.rows, "{path}: {rows} rows, {} expected", file.rows);
    let values = match text {
        Some(_) => Values::Texts(texts),
        None => Values::Numbers(Array2::from_shape_vec((labels.len(), features), numbers)?),
    };
    Ok(Rows { values, labels })
}

/// The distinct labels of all files, sorted: as numbers if all of them are numbers, else as text.
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

/// Keeps the samples of the `count` largest classes. Among classes of equal size, the first in alphabetical order win.
pub(super) fn keep_most_frequent(files: &mut [Rows], count: usize) {
    let mut sizes: HashMap<String, usize> = HashMap::new();
    for label in files.iter().flat_map(|rows| &rows.labels) {
        *sizes.entry(label.clone()).or_default() += 1;
    }
    let mut order: Vec<(String, usize)> = sizes.into_iter().collect();
    order.sort_by(|(a, of_a), (b, of_b)| of_b.cmp(of_a).then_with(|| a.cmp(b)));
    order.truncate(count);
    for rows in files {
        let kept = |label: &String| order.iter().any(|(class, _)| class == label);
        let kept: Vec<usize> = (0..rows.labels.len()).filter(|&row| kept(&rows.labels[row])).collect();
        rows.keep(&kept);
    }
}

impl Rows {
    /// Keeps only these rows.
    pub(super) fn keep(&mut self, rows: &[usize]) {
        self.labels = rows.iter().map(|&row| self.labels[row].clone()).collect();
        match &mut self.values {
            Values::Numbers(x) => *x = x.select(Axis(0), rows),
            Values::Texts(texts) => *texts = rows.iter().map(|&row| texts[row].clone()).collect(),
        }
    }

    /// The index of each label in `classes`.
    ///
    /// # Errors
    /// A label is not among the classes.
    pub(super) fn encode(&self, classes: &[String]) -> anyhow::Result<Vec<usize>> {
        let number = |label: &String| classes.iter().position(|class| class == label);
        self.labels
            .iter()
            .map(|label| number(label).with_context(|| format!("unknown label {label}")))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const ENTRY: &str = "name = 's'\ntitle = 't'\nsource = 'u'\nlicence = 'l'\n";

    fn entry(rest: &str) -> Entry {
        basic_toml::from_str(&format!("{ENTRY}{rest}")).unwrap()
    }

    #[test]
    fn a_table_without_names_has_numbered_columns() {
        let entry = entry(
            "delimiter = \"\\t\"\nheader = false\nlabel = '2'\nfiles = [{ path = 'a', rows = 2, sha256 = '' }]",
        );
        let rows = read(b"1\t2.5\t0\r\n3\t-4\t1", &entry, &entry.files[0], None).unwrap();
        assert_eq!(rows.labels, ["0", "1"]);
        match rows.values {
            Values::Numbers(x) => assert_eq!(x, ndarray::array![[1.0, 2.5], [3.0, -4.0]]),
            Values::Texts(_) => panic!("texts"),
        }
        let refusal = |bytes: &[u8]| read(bytes, &entry, &entry.files[0], None).err().unwrap().to_string();
        assert!(refusal(b"1\t2\t0").contains("1 rows, 2 expected"));
        assert!(refusal(b"1\t2\t0\n1\tx\t0").contains("`x` is not a number"));
        assert!(refusal(b"1\t0\n1\t0").contains("no column `2`"));
    }

    #[test]
    fn labels_of_another_table_are_found_by_id_and_rare_classes_left_out() {
        let entry = entry(
            "text = 'text'\nlabel = 'type'\nfiles = [{ path = 'a', rows = 6, sha256 = '' }]
             [labels]\nsample = 'file'\nbefore = '.'\nid = 'patient'\nfile = { path = 'b', rows = 4, sha256 = '' }",
        );
        let join = entry.labels.clone().unwrap();
        let table = b"patient,type\nP1,X\nP2,Y\nP3,Z\nP4,Z\n";
        let labels = Labels::read(table, &entry, &join).unwrap();
        let texts = b"file,text\nP1.a,one\nP2.b,\"two, too\"\nP3.c,three\nP4.d,four\nP9.e,unknown\nP1,five\n";
        let rows = read(texts, &entry, &entry.files[0], Some(&labels)).unwrap();
        assert_eq!(rows.labels, ["X", "Y", "Z", "Z", "X"]);
        let mut files = [rows];
        keep_most_frequent(&mut files, 2);
        assert_eq!(files[0].labels, ["X", "Z", "Z", "X"]);
        match &files[0].values {
            Values::Texts(texts) => assert_eq!(texts, &["one", "three", "four", "five"]),
            Values::Numbers(_) => panic!("numbers"),
        }
        assert!(Labels::read(b"patient,type\nP1,X\nP1,Y\nP3,Z\nP4,Z\n", &entry, &join).is_err());
        assert!(Labels::read(b"patient,type\nP1,X\n", &entry, &join).is_err());
    }
}
