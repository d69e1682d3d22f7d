//! Finding columns.

use std::path::Path;

use super::table::Table;
use crate::exit::{Failure, Result};

/// Usual names of the column of labels.
const LABELS: [&str; 5] = ["label", "labels", "target", "class", "y"];
/// Usual names of the column of texts.
const TEXTS: [&str; 6] = ["text", "texts", "sentence", "note", "document", "content"];

/// Position of the column of labels: the requested one, else one with a usual name.
///
/// # Errors
/// No such column; the message lists the columns.
pub(super) fn label(table: &Table, asked: Option<&str>) -> Result<usize> {
    find_or_guess(table, "label", asked, &LABELS)
}

/// Position of the column of texts: the requested one, else one with a usual name, else the only one beside the labels.
///
/// # Errors
/// No such column; the message lists the columns.
pub(super) fn text(table: &Table, asked: Option<&str>, label: Option<usize>) -> Result<usize> {
    let found = find_or_guess(table, "text", asked, &TEXTS);
    match (table.columns().len(), label) {
        (1, None) if asked.is_none() => Ok(0),
        (2, Some(label)) if asked.is_none() => Ok(1 - label),
        _ => found,
    }
}

/// Position of the column with this name.
///
/// # Errors
/// No such column; the message lists the columns.
pub(super) fn find(table: &Table, name: &str) -> Result<usize> {
    let position = |same: &dyn Fn(&str) -> bool| table.columns().iter().position(|column| same(column));
    position(&|column| column == name).ok_or_else(|| {
        let failure = Failure::data(format!(
            "{}: no column {name:?}; the columns are {}",
            table.path().display(),
            listed(table.columns())
        ));
        match position(&|column| column.eq_ignore_ascii_case(name)) {
            Some(near) => failure.help(format!("did you mean {:?}?", table.columns()[near])),
            None => failure,
        }
    })
}

fn find_or_guess(table: &Table, what: &str, asked: Option<&str>, usual: &[&str]) -> Result<usize> {
    if let Some(name) = asked {
        return find(table, name);
    }
    let guess = usual
        .iter()
        .find_map(|name| table.columns().iter().position(|column| column.eq_ignore_ascii_case(name)));
    guess.ok_or_else(|| {
        Failure::data(format!(
            "{}: which column holds the {what}s? The columns are {}",
            table.path().display(),
            listed(table.columns())
        ))
        .help(format!("name it with --{what}-column"))
    })
}

/// Column names for a message: all, or the first of many.
pub(super) fn listed(columns: &[String]) -> String {
    const MOST: usize = 20;
    let mut list: Vec<String> = columns.iter().take(MOST).map(|name| format!("{name:?}")).collect();
    if columns.len() > MOST {
        list.push(format!("and {} more", columns.len() - MOST));
    }
    list.join(", ")
}

/// A failure about a cell.
pub(super) fn at(path: &Path, place: &str, column: &str, what: &str) -> Failure {
    Failure::data(format!("{}: {place}, column {column:?}: {what}", path.display()))
}
