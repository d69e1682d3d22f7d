//! Tables with texts.

use std::path::Path;

use super::columns;
use super::table::{Format, Row, Table};
use super::weights::SampleWeights;
use crate::exit::{Failure, Result};
use crate::resources;

/// Texts, with labels and weights.
#[derive(Debug)]
pub(crate) struct Texts {
    /// The texts, in the order of the file.
    pub(crate) texts: Vec<String>,
    /// One label per text, if the table has labels.
    pub(crate) labels: Option<Vec<String>>,
    /// One weight per text, if they were requested.
    pub(crate) weights: Option<SampleWeights>,
}

/// Reads texts. Labels are required if `labelled`; otherwise they are read if there are any.
///
/// # Errors
/// What [`Table`] refuses; an unknown column; no rows; an empty label; more texts than fit into memory.
pub(crate) fn read_texts(
    path: &Path,
    format: Option<Format>,
    text_column: Option<&str>,
    label_column: Option<&str>,
    labelled: bool,
) -> Result<Texts> {
    let mut table = Table::open(path, format)?;
    let label = match columns::label(&table, label_column) {
        Ok(label) => Some(label),
        Err(_) if !labelled && label_column.is_none() => None,
        Err(failure) => return Err(failure),
    };
    let text = columns::text(&table, text_column, label)?;
    if label == Some(text) {
        return Err(Failure::usage(format!(
            "column {:?} cannot hold both the texts and the labels",
            table.columns()[text]
        )));
    }
    let budget = resources::available_memory().map(|bytes| bytes / 4);
    let (mut texts, mut labels, mut size) = (Vec::new(), label.map(|_| Vec::new()), 0);
    let mut row = Row::default();
    while table.read(&mut row)? {
        size += (row.cell(text).len() + size_of::<String>()) as u64;
        if budget.is_some_and(|budget| size > budget) {
            return Err(Failure::data(format!(
                "{}: {}: the texts do not fit into the memory that is free",
                path.display(),
                row.place()
            ))
            .help("split the file"));
        }
        texts.push(row.cell(text).to_owned());
        if let (Some(labels), Some(label)) = (&mut labels, label) {
            labels.push(label_of(&table, &row, label)?);
        }
    }
    if texts.is_empty() {
        return Err(Failure::data(format!("{}: the file holds no rows", path.display())));
    }
    Ok(Texts { texts, labels, weights: None })
}

/// The label of a row.
///
/// # Errors
/// It is empty.
pub(super) fn label_of(table: &Table, row: &Row, label: usize) -> Result<String> {
    let value = row.cell(label).trim();
    if value.is_empty() {
        let name = &table.columns()[label];
        return Err(columns::at(table.path(), &row.place(), name, "the label is empty")
            .help("remove the row, or give it a label"));
    }
    Ok(value.to_owned())
}
