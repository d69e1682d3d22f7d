//! Sets of labels in one cell.

use std::collections::HashMap;

use serde_json::Value;

use super::kind::Separator;
use crate::value::missing::is_missing;
use crate::value::number::trimmed;

/// How the cells of a column separate labels, if they hold sets.
pub(super) fn separator_of<'a>(cells: &(impl Iterator<Item = &'a str> + Clone)) -> Option<Separator> {
    let mut present = cells.clone().filter(|cell| !is_missing(cell)).peekable();
    present.peek()?;
    if present.all(|cell| list(cell).is_some()) {
        return Some(Separator::Json);
    }
    [Separator::Semicolon, Separator::Bar].into_iter().find(|separator| {
        let mut counts: HashMap<&str, usize> = HashMap::new();
        let mut several = 0;
        for cell in cells.clone().filter(|cell| !is_missing(cell)) {
            let mark = mark(*separator);
            several += usize::from(cell.contains(mark));
            for part in cell.split(mark).map(trimmed).filter(|part| !part.is_empty()) {
                *counts.entry(part).or_default() += 1;
            }
        }
        // The parts of sets recur; those of a sentence do not.
        several > 0 && counts.len() > 1 && counts.values().all(|count| *count >= 2)
    })
}

/// The labels of a cell; `None` if it is not written so. A blank cell is the empty set where a mark separates.
pub(super) fn split(cell: &str, separator: Separator) -> Option<Vec<String>> {
    match separator {
        Separator::Json => list(cell),
        _ => {
            if trimmed(cell).is_empty() {
                return Some(Vec::new());
            }
            let parts = cell.split(mark(separator)).map(trimmed).filter(|part| !part.is_empty());
            Some(parts.map(str::to_owned).collect())
        }
    }
}

fn mark(separator: Separator) -> char {
    if separator == Separator::Bar { '|' } else { ';' }
}

/// The items of a JSON list of texts, numbers and truth values.
fn list(cell: &str) -> Option<Vec<String>> {
    let text = trimmed(cell);
    if !text.starts_with('[') {
        return None;
    }
    let items: Vec<Value> = serde_json::from_str(text).ok()?;
    items
        .into_iter()
        .map(|item| match item {
            Value::String(text) => Some(text),
            Value::Number(_) | Value::Bool(_) => Some(item.to_string()),
            _ => None,
        })
        .collect()
}
