//! Labels: from a column or a file of their own, and as classes.

use std::path::Path;

use head_fit::Classes;
use ndarray::Array1;
use tables::{LabelColumn, LabelKind, LabelOptions, Table};

use super::arrays::is_array;
use super::columns;
use super::format::Format;
use super::npy::{self, Npy};
use super::table::{TableOptions, open, table_failure};
use crate::exit::{Failure, Result};

/// Reads the labels in a column.
///
/// # Errors
/// What [`tables::labels`] refuses: all cells that are no labels, in one message.
pub(crate) fn column_labels(table: &Table, column: &str) -> Result<LabelColumn> {
    let options = LabelOptions { kind: Some(LabelKind::Classes) };
    tables::labels(table, column, options).map_err(table_failure)
}

/// Reads labels from a one-dimensional array (`.npy`), or from a column of a table (its only one, or as for features).
///
/// # Errors
/// What [`tables`] and [`npy`] refuse; an unknown column; an empty label.
pub(crate) fn read_labels(path: &Path, label_column: Option<&str>) -> Result<Vec<String>> {
    if !is_array(path) {
        return read_column(path, label_column);
    }
    let (shape, labels) = match npy::read(path)? {
        Npy::Texts { shape, values } => (shape, values),
        Npy::Numbers { shape, values } => (shape, values.iter().map(f64::to_string).collect()),
    };
    match shape[..] {
        [_] | [_, 1] => Ok(labels),
        _ => Err(Failure::data(format!(
            "{}: an array of shape {shape:?}; one label per sample is expected",
            path.display()
        ))),
    }
}

fn read_column(path: &Path, label_column: Option<&str>) -> Result<Vec<String>> {
    let csv = tables::Format::of(path).is_none().then_some(Format::Csv);
    let table = open(path, TableOptions { format: csv, sheet: None })?;
    let column = match (label_column, table.names()) {
        (None, [only]) => only,
        _ => columns::label(&table, label_column)?,
    };
    Ok(column_labels(&table, column)?.values)
}

/// The classes of training labels. `positive` names the positive one of two.
///
/// # Errors
/// Only one class; a positive class that no label has; a positive class of more than two.
pub(crate) fn fit_classes(labels: &[String], positive: Option<&str>) -> Result<Classes> {
    let classes = Classes::fit(labels)
        .map_err(|error| Failure::data("the labels cannot be trained on").because(error))?;
    let Some(positive) = positive else { return Ok(classes) };
    match classes.encode(&[positive]) {
        Ok(_) if classes.count() > 2 => Err(Failure::usage(format!(
            "--positive-label {positive} requires two classes; the labels have {}",
            classes.count()
        ))),
        Ok(code) if code[0] > 0.5 => Ok(classes),
        Ok(_) => Ok(classes.turned()),
        Err(_) => Err(Failure::data(format!(
            "no label is {positive:?}, which --positive-label asks for; the labels are {}",
            classes.listed()
        ))),
    }
}

/// Labels as codes 0, 1, ... `what` names the data in messages.
///
/// # Errors
/// An unknown label.
pub(crate) fn encode_labels(classes: &Classes, labels: &[String], what: &str) -> Result<Array1<f64>> {
    classes.encode(labels).map_err(|error| {
        Failure::data(format!("{what}: labels that the training does not know")).because(error)
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn strings(labels: &[&str]) -> Vec<String> {
        labels.iter().map(|&label| label.to_owned()).collect()
    }

    #[test]
    fn the_positive_class_can_be_chosen() {
        let labels = strings(&["benign", "malignant", "benign"]);
        let positive = |asked| fit_classes(&labels, asked).unwrap().names()[1].clone();
        assert_eq!(positive(None), "malignant");
        assert_eq!(positive(Some("malignant")), "malignant");
        assert_eq!(positive(Some("benign")), "benign");
        assert!(fit_classes(&strings(&["a", "b", "c"]), Some("a")).is_err());
        assert!(
            fit_classes(&labels, Some("other")).unwrap_err().to_string().contains("no label is \"other\"")
        );
        assert!(fit_classes(&strings(&["0", "1"]), Some("0.0")).unwrap().names()[1] == "0");
    }

    #[test]
    fn labels_come_from_arrays_and_tables() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        std::fs::write(path("y.csv"), "anything\na\nb\n").unwrap();
        assert_eq!(read_labels(&path("y.csv"), None).unwrap(), ["a", "b"]);
        std::fs::write(path("two.csv"), "id,target\n1,a\n2,b\n").unwrap();
        assert_eq!(read_labels(&path("two.csv"), None).unwrap(), ["a", "b"]);
        assert_eq!(read_labels(&path("two.csv"), Some("id")).unwrap(), ["1", "2"]);
        let header = "{'descr': '<i8', 'fortran_order': False, 'shape': (2,)}\n";
        let npy = [
            b"\x93NUMPY\x01\x00".as_slice(),
            &(header.len() as u16).to_le_bytes(),
            header.as_bytes(),
            &1i64.to_le_bytes(),
            &0i64.to_le_bytes(),
        ];
        std::fs::write(path("y.npy"), npy.concat()).unwrap();
        assert_eq!(read_labels(&path("y.npy"), None).unwrap(), ["1", "0"]);
    }
}
