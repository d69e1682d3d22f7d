//! Labels: from columns or a file of their own, as classes, sets of labels or numbers.

use std::path::Path;

use ndarray::{Array2, Axis};
use tables::{LabelColumn, LabelKind, LabelOptions, Separator, Table};

use super::arrays::is_array;
use super::columns;
use super::format::Format;
use super::npy::{self, Npy};
use super::table::{TableOptions, open, table_failure};
use crate::exit::{Failure, Result};
use crate::targets::{Labels, LabelsAs};

/// How labels are read.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct LabelReading {
    /// What they are taken as.
    pub(crate) kind: LabelsAs,
    /// What divides the labels of one cell; found out if `None`.
    pub(crate) separator: Option<Separator>,
}

/// Labels, and what the user should know of them.
#[derive(Debug)]
pub(crate) struct ReadLabels {
    /// The labels.
    pub(crate) labels: Labels,
    /// Spellings that were taken for one class, and the like.
    pub(crate) notes: Vec<String>,
}

/// Reads the labels in columns: several of zeros and ones are labels of which a sample may have any number, and several of numbers are
/// numbers to predict.
///
/// # Errors
/// What [`tables::labels`] refuses: all cells that are no labels, in one message; numbers that may be classes or amounts.
pub(crate) fn column_labels(table: &Table, columns: &[String], reading: LabelReading) -> Result<ReadLabels> {
    match columns {
        [only] => one_column(table, only, reading),
        several => several_columns(table, several, reading),
    }
}

fn one_column(table: &Table, column: &str, reading: LabelReading) -> Result<ReadLabels> {
    let read = |kind| tables::labels(table, column, LabelOptions { kind }).map_err(table_failure);
    let sets = |separator: Option<Separator>| {
        LabelKind::MultiLabel(separator.unwrap_or_else(|| seen(table, column)))
    };
    let found = match (reading.kind, reading.separator) {
        (LabelsAs::Numbers, _) => read(Some(LabelKind::Numbers))?,
        (LabelsAs::Classes, _) => read(Some(LabelKind::Classes))?,
        (LabelsAs::Sets, separator) => read(Some(sets(separator)))?,
        (_, Some(separator)) => read(Some(LabelKind::MultiLabel(separator)))?,
        (LabelsAs::ClassesOrSets, None) => match read(None)? {
            found if found.kind == LabelKind::Numbers => read(Some(LabelKind::Classes))?,
            found => found,
        },
        (LabelsAs::Open, None) => match read(None)? {
            found if found.kind == LabelKind::Numbers => return Err(ask(table, column, &found)),
            found => found,
        },
    };
    let LabelColumn { kind, values, sets, numbers, counts, mut notes } = found;
    let labels = match kind {
        LabelKind::Classes => Labels::Classes(values),
        LabelKind::Numbers => {
            // that they are numbers was asked for
            notes.clear();
            let values = ndarray::Array1::from_vec(numbers).insert_axis(Axis(1));
            Labels::Numbers { names: vec![column.to_owned()], values }
        }
        LabelKind::MultiLabel(_) => {
            if reading.kind != LabelsAs::Sets {
                notes.push(format!(
                    "column {column:?} holds any number of {} labels for each sample: a multi-label head, with a threshold for each label",
                    counts.len()
                ));
            }
            Labels::Sets { sets, columns: Vec::new() }
        }
    };
    Ok(ReadLabels { labels, notes })
}

/// Refuses numbers of which nobody said whether they are amounts or names.
fn ask(table: &Table, column: &str, found: &LabelColumn) -> Failure {
    Failure::data(format!(
        "{}: the labels in column {column:?} are {} different numbers: are they amounts to predict, or classes?",
        table.input(),
        found.counts.len()
    ))
    .help("--head ridge predicts them as numbers (regression); --head ovr, softmax or mlp takes each different number as a class")
}

/// The separator that a column of sets seems to have: a small file may not have enough of them to tell.
fn seen(table: &Table, column: &str) -> Separator {
    let Ok(at) = table.find(column) else { return Separator::Semicolon };
    let any = |sign: char| table.column(at).any(|cell| cell.contains(sign));
    match () {
        () if table.column(at).any(|cell| cell.trim_start().starts_with('[')) => Separator::Json,
        () if any('|') && !any(';') => Separator::Bar,
        () => Separator::Semicolon,
    }
}

fn several_columns(table: &Table, columns: &[String], reading: LabelReading) -> Result<ReadLabels> {
    let listed = columns.iter().map(|name| format!("{name:?}")).collect::<Vec<_>>().join(", ");
    if reading.separator.is_some() {
        return Err(Failure::usage(format!(
            "--label-separator divides the labels in one column; there are {listed}"
        )));
    }
    match reading.kind {
        LabelsAs::Classes => Err(Failure::usage(format!("--label-column: classes come from one column; there are {listed}"))
            .help("several columns of 0 and 1 make a multi-label head without --head, or with --head ovr; columns of numbers a regression with --head ridge")),
        LabelsAs::Numbers => {
            let mut values = Array2::zeros((table.rows(), columns.len()));
            for (name, mut to) in columns.iter().zip(values.columns_mut()) {
                let options = LabelOptions { kind: Some(LabelKind::Numbers) };
                let found = tables::labels(table, name, options).map_err(table_failure)?;
                to.iter_mut().zip(found.numbers).for_each(|(to, number)| *to = number);
            }
            Ok(ReadLabels { labels: Labels::Numbers { names: columns.to_vec(), values }, notes: Vec::new() })
        }
        LabelsAs::Open | LabelsAs::ClassesOrSets | LabelsAs::Sets => {
            let mut sets = vec![Vec::new(); table.rows()];
            for name in columns {
                for (set, has) in sets.iter_mut().zip(truths(table, name)?) {
                    if has {
                        set.push(name.clone());
                    }
                }
            }
            let mut notes = Vec::new();
            if reading.kind != LabelsAs::Sets {
                notes.push(format!(
                    "the columns {listed} are labels of which a sample may have any number: a multi-label head, with a threshold for each label"
                ));
            }
            Ok(ReadLabels { labels: Labels::Sets { sets, columns: columns.to_vec() }, notes })
        }
    }
}

/// Whether each sample has the label that a column stands for.
fn truths(table: &Table, column: &str) -> Result<Vec<bool>> {
    let options = LabelOptions { kind: Some(LabelKind::Classes) };
    let found = tables::labels(table, column, options).map_err(table_failure)?;
    let truth = |text: &str| match text.to_ascii_lowercase().as_str() {
        "1" | "true" | "yes" | "y" | "t" => Some(true),
        "0" | "false" | "no" | "n" | "f" => Some(false),
        _ => None,
    };
    if let Some((text, _)) = found.counts.iter().find(|(text, _)| truth(text).is_none()) {
        return Err(Failure::data(format!(
            "{}: column {column:?} is one of several label columns and holds {text:?}, which is neither 0 nor 1",
            table.input()
        ))
        .help("several columns are labels that a sample has (1, true, yes) or has not (0, false, no); for numbers give --head ridge"));
    }
    Ok(found.values.iter().map(|text| truth(text) == Some(true)).collect())
}

/// Reads labels from an array (`.npy`), or from columns of a table (its only one, or as for features).
///
/// # Errors
/// What [`tables`] and [`npy`] refuse; an unknown column; an empty label.
pub(crate) fn read_labels(path: &Path, columns: &[String], reading: LabelReading) -> Result<ReadLabels> {
    if !is_array(path) {
        return read_columns(path, columns, reading);
    }
    let (shape, cells) = match npy::read(path)? {
        Npy::Texts { shape, values } => (shape, values),
        Npy::Numbers { shape, values } => (shape, values.iter().map(f64::to_string).collect()),
    };
    match shape[..] {
        [_] | [_, 1] => text_labels(path, &cells, reading),
        [_, count] if count > 1 => {
            let names: Vec<String> = (0..count).map(|k| k.to_string()).collect();
            let rows: Vec<Vec<&str>> =
                cells.chunks(count).map(|row| row.iter().map(String::as_str).collect()).collect();
            let table = of_rows(path, &names, &rows)?;
            column_labels(&table, &names, reading)
        }
        _ => Err(Failure::data(format!(
            "{}: an array of shape {shape:?}; one label per sample is expected, or a column for each of several labels or numbers",
            path.display()
        ))),
    }
}

/// Labels from texts, one for each sample.
///
/// # Errors
/// As [`column_labels`].
pub(crate) fn text_labels(path: &Path, texts: &[String], reading: LabelReading) -> Result<ReadLabels> {
    let rows: Vec<Vec<&str>> = texts.iter().map(|text| vec![text.as_str()]).collect();
    let names = ["label".to_owned()];
    column_labels(&of_rows(path, &names, &rows)?, &names, reading)
}

fn of_rows(path: &Path, names: &[String], rows: &[Vec<&str>]) -> Result<Table> {
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    Table::from_rows(&path.display().to_string(), &names, rows).map_err(table_failure)
}

/// Opens a table of labels: one without a known ending is CSV.
///
/// # Errors
/// As [`open`].
pub(crate) fn open_labels(path: &Path) -> Result<Table> {
    let csv = tables::Format::of(path).is_none().then_some(Format::Csv);
    open(path, TableOptions { format: csv, sheet: None })
}

fn read_columns(path: &Path, asked: &[String], reading: LabelReading) -> Result<ReadLabels> {
    let table = open_labels(path)?;
    let columns = match (asked, table.names()) {
        ([], [only]) => vec![only.clone()],
        _ => columns::labels(&table, asked)?,
    };
    column_labels(&table, &columns, reading)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn read(kind: LabelsAs, columns: &[&str]) -> Result<ReadLabels, String> {
        let rows: Vec<Vec<String>> = (0..60)
            .map(|i| {
                let set = ["fever;cough", "fever", "", "cough"][i % 4];
                vec![
                    set.to_owned(),
                    (i % 2).to_string(),
                    ["yes", "no", "no"][i % 3].into(),
                    format!("{}.5", i * 7),
                ]
            })
            .collect();
        let table = Table::from_rows("t", &["set", "a", "b", "cost"], &rows).unwrap();
        let columns: Vec<String> = columns.iter().map(|&name| name.to_owned()).collect();
        let reading = LabelReading { kind, separator: None };
        column_labels(&table, &columns, reading)
            .map_err(|failure| format!("{failure} {}", failure.advice().unwrap_or_default()))
    }

    #[test]
    fn columns_are_what_they_hold_or_what_was_asked_for() {
        let Labels::Sets { sets, .. } = read(LabelsAs::Open, &["set"]).unwrap().labels else { panic!() };
        assert_eq!(sets[..3], [vec!["cough", "fever"], vec!["fever"], vec![]]);
        let Labels::Sets { sets, columns } = read(LabelsAs::Open, &["a", "b"]).unwrap().labels else {
            panic!()
        };
        assert_eq!(sets[..2], [vec!["b".to_owned()], vec!["a".to_owned()]]);
        assert_eq!(columns, ["a", "b"]);
        let Labels::Numbers { names, values } = read(LabelsAs::Numbers, &["cost", "a"]).unwrap().labels
        else {
            panic!()
        };
        assert_eq!((names[0].as_str(), values[(2, 0)], values[(1, 1)]), ("cost", 14.5, 1.0));
        assert!(matches!(read(LabelsAs::Classes, &["cost"]).unwrap().labels, Labels::Classes(_)));
        assert!(matches!(read(LabelsAs::ClassesOrSets, &["cost"]).unwrap().labels, Labels::Classes(_)));
    }

    #[test]
    fn what_can_be_meant_in_two_ways_is_asked_about() {
        let refused = read(LabelsAs::Open, &["cost"]).unwrap_err();
        assert!(refused.contains("--head ridge") && refused.contains("softmax"), "{refused}");
        let refused = read(LabelsAs::Open, &["a", "cost"]).unwrap_err();
        assert!(refused.contains("column \"cost\" is one of several label columns"), "{refused}");
        assert!(read(LabelsAs::Classes, &["a", "b"]).unwrap_err().contains("one column"));
    }

    #[test]
    fn labels_come_from_arrays_and_tables() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        let read = |name: &str, asked: &[String]| {
            read_labels(&path(name), asked, LabelReading::default()).unwrap().labels.texts().unwrap()
        };
        std::fs::write(path("y.csv"), "anything\na\nb\n").unwrap();
        assert_eq!(read("y.csv", &[]), ["a", "b"]);
        std::fs::write(path("two.csv"), "id,target\n1,a\n2,b\n").unwrap();
        assert_eq!(read("two.csv", &[]), ["a", "b"]);
        assert_eq!(read("two.csv", &["id".into()]), ["1", "2"]);
        let header = "{'descr': '<i8', 'fortran_order': False, 'shape': (2,)}\n";
        let npy = [
            b"\x93NUMPY\x01\x00".as_slice(),
            &(header.len() as u16).to_le_bytes(),
            header.as_bytes(),
            &1i64.to_le_bytes(),
            &0i64.to_le_bytes(),
        ];
        std::fs::write(path("y.npy"), npy.concat()).unwrap();
        assert_eq!(read("y.npy", &[]), ["1", "0"]);
    }
}
