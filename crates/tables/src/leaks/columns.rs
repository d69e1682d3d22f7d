//! Columns that tell the label alone: a result that was entered with the diagnosis, or numbers of rows sorted by class.
//!
//! A rule on one column is fitted on half of the rows and judged on the others.

use std::collections::HashMap;
use std::fmt;

use super::rule::told;
use crate::recipe::{ColumnRecipe, Reason, Recipe, Treatment};
use crate::table::Table;
use crate::value::canonical;
use crate::value::missing::{is_missing, is_missing_among_numbers};
use crate::value::number::{Notation, trimmed};
use crate::wording::quoted;

/// Balanced accuracy from which a column is said to tell the label.
const NEARLY_ALL: f64 = 0.98;

/// A column that tells the label alone.
#[derive(Clone, Debug, PartialEq)]
pub struct Leak {
    /// Name of the column.
    pub column: String,
    /// Mean over the classes of the share of rows that a rule on this column gets right, on rows that the rule was not fitted on.
    pub balanced_accuracy: f64,
    /// What of the column tells the label.
    pub source: Source,
}

/// What of a column tells the label.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// Its values.
    Values,
    /// Whether the value is missing.
    Missing,
    /// Its values; but it was left out as an identifier.
    Identifier,
}

impl fmt::Display for Leak {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, score) = (quoted(&self.column), self.balanced_accuracy);
        match self.source {
            Source::Values => write!(
                f,
                "column {name} alone predicts the label (balanced accuracy {score:.2}): is it known before the label is?"
            ),
            Source::Missing => write!(
                f,
                "whether column {name} is empty predicts the label alone (balanced accuracy {score:.2}): is it known before the label is?"
            ),
            Source::Identifier => write!(
                f,
                "column {name} is left out as an identifier, and would predict the label alone (balanced accuracy {score:.2}): the rows are numbered by class"
            ),
        }
    }
}

impl Recipe {
    /// Columns of the table that tell the label alone, those included that were left out as identifiers. `codes` holds the class of each
    /// row of the table from 0; `None` leaves the row out.
    ///
    /// Returns nothing if there are fewer than forty rows, or fewer than two classes with six rows.
    pub fn leaks(&self, table: &Table, codes: &[Option<usize>]) -> Vec<Leak> {
        let rows: Vec<(usize, usize)> = codes
            .iter()
            .take(table.rows())
            .enumerate()
            .filter_map(|(row, code)| Some((row, (*code)?)))
            .collect();
        let codes: Vec<usize> = rows.iter().map(|(_, code)| *code).collect();
        let mut found = Vec::new();
        for column in self.columns() {
            let Some(at) = table.names().iter().position(|name| *name == column.name) else { continue };
            let cells: Vec<&str> = rows.iter().map(|(row, _)| table.cell(*row, at)).collect();
            let (values, source) = match &column.treatment {
                Treatment::LeftOut { reason: Reason::Identifier(_), .. } => {
                    (identifier_values(&cells), Source::Identifier)
                }
                Treatment::LeftOut { .. } => continue,
                _ => (values(column, &cells), Source::Values),
            };
            let missing: Vec<Option<f64>> =
                values.iter().map(|value| Some(f64::from(u8::from(value.is_none())))).collect();
            let leak = leak(&column.name, &values, &codes, source)
                .or_else(|| leak(&column.name, &missing, &codes, Source::Missing));
            found.extend(leak);
        }
        found
    }
}

/// The values of a column as numbers; levels by the order in which they occur.
fn values(column: &ColumnRecipe, cells: &[&str]) -> Vec<Option<f64>> {
    match &column.treatment {
        Treatment::Numeric { notation, .. } => cells
            .iter()
            .map(|cell| notation.parse(cell).filter(|_| !is_missing_among_numbers(cell)))
            .collect(),
        Treatment::Date { order, .. } => cells.iter().map(|cell| order.days(cell)).collect(),
        _ => {
            let mut places = HashMap::new();
            let mut place = |cell: &str| {
                let next = places.len();
                *places.entry(canonical(cell).to_lowercase()).or_insert(next) as f64
            };
            cells.iter().map(|cell| (!is_missing(cell)).then(|| place(cell))).collect()
        }
    }
}

/// Identifiers as numbers: their own if they are, else their rank by length and letters, which sorts `P9` before `P10`.
fn identifier_values(cells: &[&str]) -> Vec<Option<f64>> {
    let numbers: Vec<Option<f64>> = cells.iter().map(|cell| Notation::Plain.parse(cell)).collect();
    if cells.iter().zip(&numbers).all(|(cell, number)| number.is_some() || is_missing(cell)) {
        return numbers;
    }
    let mut sorted: Vec<&str> = cells.iter().map(|cell| trimmed(cell)).collect();
    sorted.sort_by(|a, b| a.len().cmp(&b.len()).then(a.cmp(b)));
    sorted.dedup();
    let rank = |cell: &str| {
        sorted.binary_search_by(|known| known.len().cmp(&cell.len()).then_with(|| (*known).cmp(cell))).ok()
    };
    cells
        .iter()
        .map(|cell| rank(trimmed(cell)).filter(|_| !is_missing(cell)).map(|rank| rank as f64))
        .collect()
}

fn leak(name: &str, values: &[Option<f64>], codes: &[usize], source: Source) -> Option<Leak> {
    let balanced_accuracy = told(values, codes)?;
    (balanced_accuracy >= NEARLY_ALL).then(|| Leak { column: name.to_owned(), balanced_accuracy, source })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::Overrides;

    /// Noise that no class shows in.
    fn noise(i: usize) -> f64 {
        (i * 7919 % 1009) as f64 / 7.0
    }

    /// Leaks of columns of numbers.
    fn leaks(names: &[&str], codes: &[usize], value: impl Fn(usize, usize) -> f64) -> Vec<Leak> {
        let cells = |i: usize| (0..names.len()).map(|j| value(i, j).to_string()).collect();
        let rows: Vec<Vec<String>> = (0..codes.len()).map(cells).collect();
        let table = Table::from_rows("t", names, &rows).unwrap();
        let numeric = names.iter().map(|&name| name.to_owned()).collect();
        let overrides = Overrides { numeric, ..Overrides::default() };
        let recipe = Recipe::fit(&table, None, &[], &overrides).unwrap();
        recipe.leaks(&table, &codes.iter().copied().map(Some).collect::<Vec<_>>())
    }

    #[test]
    fn a_column_that_tells_the_label_is_found() {
        let codes: Vec<usize> = (0..120).map(|i| i * 31 % 7 % 2).collect();
        let names = ["noise", "leak", "good"];
        let value = |i: usize, j: usize| [0.0, 200.0, 60.0][j] * codes[i] as f64 + noise(i);
        let found = leaks(&names, &codes, value);
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!((found[0].column.as_str(), found[0].source), ("leak", Source::Values));
        assert!(
            found[0]
                .to_string()
                .contains("column \"leak\" alone predicts the label (balanced accuracy 1.00)")
        );
        assert!(leaks(&names, &codes[..30], value).is_empty());
    }

    #[test]
    fn three_classes_need_two_thresholds() {
        let codes: Vec<usize> = (0..150).map(|i| i % 3).collect();
        // one class of three apart is no leak
        let found = leaks(&["a", "b"], &codes, |i, j| {
            [[200.0, 0.0, 400.0], [200.0, 0.0, 0.0]][j][codes[i]] + noise(i)
        });
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!(found[0].column, "a");
    }

    #[test]
    fn words_gaps_and_numbers_of_sorted_rows_are_found() {
        let rows: Vec<Vec<String>> = (0..100)
            .map(|i| {
                let sick = i >= 50;
                let therapy = if sick { ["drug", "surgery"][i % 2] } else { "none" };
                let dose = if sick { noise(i).to_string() } else { String::new() };
                vec![format!("P{i}"), therapy.into(), dose, noise(i).to_string()]
            })
            .collect();
        let table = Table::from_rows("t", &["id", "therapy", "dose", "age"], &rows).unwrap();
        let recipe = Recipe::fit(&table, None, &[], &Overrides::default()).unwrap();
        let codes: Vec<Option<usize>> = (0..100).map(|i| Some(usize::from(i >= 50))).collect();
        let found = recipe.leaks(&table, &codes);
        let named: Vec<(&str, Source)> =
            found.iter().map(|leak| (leak.column.as_str(), leak.source)).collect();
        assert_eq!(
            named,
            [("id", Source::Identifier), ("therapy", Source::Values), ("dose", Source::Missing)]
        );
        let mixed: Vec<Option<usize>> = (0..100).map(|i| Some(i * 31 % 7 % 2)).collect();
        assert!(recipe.leaks(&table, &mixed).is_empty());
    }
}
