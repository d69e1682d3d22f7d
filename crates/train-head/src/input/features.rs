//! Numeric features: columns of a table or a NumPy array.

use std::path::Path;

use ndarray::Array2;

use super::columns;
use super::npy::{self, Npy};
use super::table::{Format, Row, Table};
use super::texts::label_of;
use super::weights::SampleWeights;
use crate::exit::{Failure, Result};
use crate::resources;

/// Samples as rows of finite numbers.
#[derive(Debug)]
pub(crate) struct Features {
    /// Samples by features.
    pub(crate) x: Array2<f64>,
    /// Names of the features, if the file has names.
    pub(crate) names: Option<Vec<String>>,
    /// One label per sample, if the file has labels.
    pub(crate) labels: Option<Vec<String>>,
    /// One weight per sample, if they were requested or are in a file of embeddings.
    pub(crate) weights: Option<SampleWeights>,
}

/// What to read of a table.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Selection<'a> {
    /// The format, if the file's name does not give it.
    pub(crate) format: Option<Format>,
    /// Column with the labels.
    pub(crate) label_column: Option<&'a str>,
    /// Columns to ignore.
    pub(crate) ignored: &'a [String],
    /// Read only these features, in this order.
    pub(crate) wanted: Option<&'a [String]>,
    /// Require labels. Otherwise they are read if there are any.
    pub(crate) labelled: bool,
}

/// Reads features from a NumPy array if the name ends in `.npy`, else from a table.
///
/// # Errors
/// What [`Table`] and [`npy`] refuse; an unknown column; a value that is not a finite number; no rows; an empty label; more data than
/// fit into memory.
pub(crate) fn read_features(path: &Path, selection: Selection<'_>) -> Result<Features> {
    match path.extension() {
        Some(extension) if extension.eq_ignore_ascii_case("npy") => read_array(path, selection),
        _ => read_table(path, selection),
    }
}

fn read_array(path: &Path, selection: Selection<'_>) -> Result<Features> {
    let Npy::Numbers { shape, values } = npy::read(path)? else {
        return Err(Failure::data(format!("{}: an array of texts; features are expected", path.display())));
    };
    let [rows, columns] = shape[..] else {
        return Err(Failure::data(format!(
            "{}: an array of shape {shape:?}; samples by features are expected",
            path.display()
        )));
    };
    if rows == 0 || columns == 0 {
        return Err(Failure::data(format!("{}: an empty array, of shape {shape:?}", path.display())));
    }
    if let Some(wanted) = selection.wanted
        && wanted.len() != columns
    {
        return Err(Failure::data(format!(
            "{}: {columns} features; the head takes {}",
            path.display(),
            wanted.len()
        )));
    }
    if let Some(at) = values.iter().position(|value| !value.is_finite()) {
        return Err(Failure::data(format!(
            "{}: row {}, column {}: {} is not a finite number",
            path.display(),
            at / columns,
            at % columns,
            values[at]
        ))
        .help("rows and columns are counted from 0; remove or fill in missing values first"));
    }
    let x = Array2::from_shape_vec((rows, columns), values)
        .map_err(|error| Failure::unexpected(format!("{}: {shape:?}", path.display())).because(error))?;
    Ok(Features { x, names: None, labels: None, weights: None })
}

fn read_table(path: &Path, selection: Selection<'_>) -> Result<Features> {
    let mut table = Table::open(path, selection.format)?;
    let label = match columns::label(&table, selection.label_column) {
        Ok(label) => Some(label),
        Err(_) if !selection.labelled && selection.label_column.is_none() => None,
        Err(failure) => return Err(failure),
    };
    let picked = pick(&table, label, selection)?;
    let names: Vec<String> = picked.iter().map(|&column| table.columns()[column].clone()).collect();
    // a growing vector doubles its size, and training makes copies
    let budget = resources::available_memory().map(|bytes| bytes as usize / 8 / size_of::<f64>());
    let (mut values, mut labels) = (Vec::new(), label.map(|_| Vec::new()));
    let mut row = Row::default();
    while table.read(&mut row)? {
        for (&column, name) in picked.iter().zip(&names) {
            values.push(number(path, &row, column, name)?);
        }
        if let (Some(labels), Some(label)) = (&mut labels, label) {
            labels.push(label_of(&table, &row, label)?);
        }
        if budget.is_some_and(|budget| values.len() > budget) {
            return Err(Failure::data(format!(
                "{}: {}: the features do not fit into the memory that is free",
                path.display(),
                row.place()
            ))
            .help("train on fewer rows, or on a machine with more memory"));
        }
    }
    if values.is_empty() {
        return Err(Failure::data(format!("{}: the file holds no rows", path.display())));
    }
    let shape = (values.len() / picked.len(), picked.len());
    let x = Array2::from_shape_vec(shape, values)
        .map_err(|error| Failure::unexpected(format!("{}: {shape:?}", path.display())).because(error))?;
    Ok(Features { x, names: Some(names), labels, weights: None })
}

/// The columns with features.
fn pick(table: &Table, label: Option<usize>, selection: Selection<'_>) -> Result<Vec<usize>> {
    if let Some(wanted) = selection.wanted {
        return wanted.iter().map(|name| columns::find(table, name)).collect();
    }
    let ignored =
        selection.ignored.iter().map(|name| columns::find(table, name)).collect::<Result<Vec<_>>>()?;
    let picked: Vec<usize> = (0..table.columns().len())
        .filter(|column| Some(*column) != label && !ignored.contains(column))
        // pandas writes its index as a first column without a name
        .filter(|&column| !(column == 0 && table.columns()[0].is_empty()))
        .collect();
    if picked.is_empty() {
        return Err(Failure::data(format!("{}: no column is left for features", table.path().display())));
    }
    Ok(picked)
}

fn number(path: &Path, row: &Row, column: usize, name: &str) -> Result<f64> {
    let text = row.cell(column).trim();
    match text.parse::<f64>() {
        Ok(value) if value.is_finite() => Ok(value),
        parsed => {
            let what = match parsed {
                Ok(_) => format!("{text} is not a finite number"),
                Err(_) if text.is_empty() => "the value is missing".to_owned(),
                Err(_) => format!("{:?} is not a number", shortened(text)),
            };
            Err(columns::at(path, &row.place(), name, &what)
                .help("every feature must be a finite number; --ignore-column leaves a column out"))
        }
    }
}

fn shortened(text: &str) -> String {
    const MOST: usize = 40;
    if text.chars().count() <= MOST {
        text.to_owned()
    } else {
        text.chars().take(MOST).chain(['…']).collect()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use ndarray::array;

    fn read(text: &str, selection: Selection<'_>) -> Result<Features> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("t.csv");
        std::fs::write(&path, text).unwrap();
        read_features(&path, selection)
    }

    #[test]
    fn all_columns_but_the_label_are_features() {
        let found = read(",a,label,b\n0,1.5,yes,2\n1,-1e3,no, 4 \n", Selection::default()).unwrap();
        assert_eq!(found.x, array![[1.5, 2.0], [-1000.0, 4.0]]);
        assert_eq!(found.names.unwrap(), ["a", "b"]);
        assert_eq!(found.labels.unwrap(), ["yes", "no"]);
    }

    #[test]
    fn wanted_columns_come_in_the_wanted_order() {
        let wanted = ["b".to_owned(), "a".to_owned()];
        let selection = Selection { wanted: Some(&wanted), ..Selection::default() };
        let found = read("a,note,b\n1,hello,2\n", selection).unwrap();
        assert_eq!(found.x, array![[2.0, 1.0]]);
        assert!(found.labels.is_none());
        assert!(read("a,c\n1,2\n", selection).unwrap_err().to_string().contains("no column \"b\""));
    }

    #[test]
    fn ignored_columns_need_not_be_numbers() {
        let ignored = ["id".to_owned()];
        let selection = Selection { ignored: &ignored, label_column: Some("c"), ..Selection::default() };
        assert_eq!(read("id,a,c\nx7,1,0\n", selection).unwrap().x, array![[1.0]]);
    }

    #[test]
    fn values_that_are_no_numbers_are_refused_with_their_place() {
        for (value, what) in [
            ("NaN", "NaN is not a finite number"),
            ("-inf", "-inf is not a finite number"),
            ("1e999", "1e999 is not a finite number"),
            ("", "missing"),
            ("abc", "\"abc\" is not a number"),
        ] {
            let error = read(&format!("a,b,label\n1,2,0\n3,{value},1\n"), Selection::default()).unwrap_err();
            let message = error.to_string();
            assert!(message.contains("row 2 (line 3), column \"b\"") && message.contains(what), "{message}");
        }
    }

    #[test]
    fn tables_without_use_are_refused() {
        let refusal = |text: &str, selection| read(text, selection).unwrap_err().to_string();
        assert!(refusal("a,label\n", Selection::default()).contains("no rows"));
        assert!(refusal("label\n1\n", Selection::default()).contains("no column is left"));
        assert!(refusal("a,label\n1,\n", Selection::default()).contains("the label is empty"));
        let labelled = Selection { labelled: true, ..Selection::default() };
        assert!(refusal("a,b\n1,2\n", labelled).contains("which column holds the labels?"));
        let named = Selection { label_column: Some("Label"), ..Selection::default() };
        assert!(
            refusal("a,label\n1,2\n", named)
                .contains("no column \"Label\"; the columns are \"a\", \"label\"")
        );
    }
}
