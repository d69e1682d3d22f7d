//! Finding columns.

use tables::Table;

use super::table::table_failure;
use crate::exit::{Failure, Result};

/// Usual names of the column of labels.
const LABELS: [&str; 5] = ["label", "labels", "target", "class", "y"];
/// Those of them that name nothing else.
const SURE_LABELS: [&str; 3] = ["label", "labels", "target"];
/// Usual names of the column of texts.
const TEXTS: [&str; 6] = ["text", "texts", "sentence", "note", "document", "content"];

/// Names of the columns of labels: the requested ones, else one with a usual name.
///
/// # Errors
/// No such column, and the message lists the columns; one that is named twice.
pub(crate) fn labels(table: &Table, asked: &[String]) -> Result<Vec<String>> {
    if asked.is_empty() {
        let sure = |name: &&String| SURE_LABELS.iter().any(|sure| name.trim().eq_ignore_ascii_case(sure));
        let several: Vec<String> = table.names().iter().filter(sure).cloned().collect();
        if several.len() > 1 {
            let message =
                format!("{}: which column holds the labels? {} may", table.input(), listed(&several));
            return Err(Failure::data(message).help("name one or several with --label-column"));
        }
        return Ok(vec![find_or_guess(table, "label", None, &LABELS)?.to_owned()]);
    }
    let found = names(table, asked)?;
    match found.iter().enumerate().find(|(at, name)| found[..*at].contains(name)) {
        Some((_, twice)) => Err(Failure::usage(format!("--label-column names {twice:?} twice"))),
        None => Ok(found),
    }
}

/// Columns beside those of labels that are named like them (`label2`, `target_b`), and so may tell the label.
pub(crate) fn siblings<'a>(table: &'a Table, labels: &[String]) -> Vec<&'a str> {
    let mut stems: Vec<String> = labels.iter().map(|name| stem(name)).collect();
    stems.extend(["label", "labels", "target"].map(str::to_owned));
    let alike = |name: &&String| !labels.contains(name) && stems.contains(&stem(name));
    table.names().iter().filter(alike).map(String::as_str).collect()
}

/// A name without the number or the letter behind it that tells siblings apart.
fn stem(name: &str) -> String {
    let lower = name.trim().to_ascii_lowercase();
    let marks: &[char] = &['_', '-', '.', ' '];
    let bare = lower.trim_end_matches(|sign: char| sign.is_ascii_digit());
    let bare = match bare.rsplit_once(marks) {
        Some((front, letter)) if letter.len() == 1 => front,
        _ => bare,
    };
    match bare.trim_end_matches(marks) {
        "" => lower,
        bare => bare.to_owned(),
    }
}

/// Name of the column of texts: the requested one, else one with a usual name, else the only one beside the labels.
///
/// # Errors
/// No such column; the message lists the columns.
pub(crate) fn text<'a>(table: &'a Table, asked: Option<&str>, label: Option<&str>) -> Result<&'a str> {
    let found = find_or_guess(table, "text", asked, &TEXTS);
    match (table.names(), label) {
        ([only], None) if asked.is_none() => Ok(only),
        ([a, b], Some(label)) if asked.is_none() => Ok(if a == label { b } else { a }),
        _ => found,
    }
}

fn find_or_guess<'a>(table: &'a Table, what: &str, asked: Option<&str>, usual: &[&str]) -> Result<&'a str> {
    if let Some(name) = asked {
        return found(table, name);
    }
    let guess = usual
        .iter()
        .find_map(|name| table.names().iter().find(|column| column.trim().eq_ignore_ascii_case(name)));
    guess.map(String::as_str).ok_or_else(|| {
        Failure::data(format!(
            "{}: which column holds the {what}s? The columns are {}",
            table.input(),
            listed(table.names())
        ))
        .help(format!("name it with --{what}-column"))
    })
}

/// The column with this name, as the table spells it.
fn found<'a>(table: &'a Table, name: &str) -> Result<&'a str> {
    let at = table.find(name).map_err(table_failure)?;
    Ok(&table.names()[at])
}

/// The columns that flags name: each a name, or several with commas between them.
///
/// # Errors
/// No such column.
pub(crate) fn names(table: &Table, asked: &[String]) -> Result<Vec<String>> {
    let mut columns = Vec::new();
    for text in asked {
        // a name may hold a comma itself
        let whole = table.names().iter().any(|name| name == text);
        let parts = if whole { vec![text.as_str()] } else { text.split(',').map(str::trim).collect() };
        for part in parts {
            columns.push(found(table, part)?.to_owned());
        }
    }
    Ok(columns)
}

/// Column names for a message: all, or the first of many.
fn listed(columns: &[String]) -> String {
    const MOST: usize = 20;
    let mut list: Vec<String> = columns.iter().take(MOST).map(|name| format!("{name:?}")).collect();
    if columns.len() > MOST {
        list.push(format!("and {} more", columns.len() - MOST));
    }
    list.join(", ")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn lists_of_names_are_split_unless_a_name_holds_a_comma() {
        let table = Table::from_rows("t", &["a", "b", "x, y"], &[vec!["1", "2", "3"]]).unwrap();
        let asked = |texts: &[&str]| {
            names(&table, &texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>())
                .map_err(|failure| failure.to_string())
        };
        assert_eq!(asked(&["b, a", "x, y"]).unwrap(), ["b", "a", "x, y"]);
        assert!(asked(&["a,q"]).unwrap_err().contains("no column \"q\""));
    }

    #[test]
    fn usual_names_are_found() {
        let table = |names: &[&str]| Table::from_rows("t", names, &[vec!["1"; names.len()]]).unwrap();
        assert_eq!(labels(&table(&["a", "Label"]), &[]).unwrap(), ["Label"]);
        assert!(labels(&table(&["a", "b"]), &[]).unwrap_err().to_string().contains("which column holds"));
        assert_eq!(text(&table(&["only"]), None, None).unwrap(), "only");
        assert_eq!(text(&table(&["x", "y"]), None, Some("y")).unwrap(), "x");
        assert_eq!(text(&table(&["id", "note", "y"]), None, Some("y")).unwrap(), "note");
    }

    #[test]
    fn columns_named_like_the_labels_are_found() {
        let names =
            ["age", "label", "label2", "label_b", "Label-03", "labelled", "target_1", "outcome", "b12"];
        let table = Table::from_rows("t", &names, &[vec!["1"; names.len()]]).unwrap();
        assert_eq!(siblings(&table, &["label".to_owned()]), ["label2", "label_b", "Label-03", "target_1"]);
        let asked = ["label".to_owned(), "label".into()];
        assert!(labels(&table, &asked).unwrap_err().to_string().contains("\"label\" twice"));
    }
}
