//! Columns that tell the label alone: a result that was entered with the diagnosis, or numbers of rows sorted by class.
//!
//! A rule on one column is fitted on half of the rows and judged on the others. It is a threshold between classes, or the most
//! frequent class of each value if there are few values that recur.

use std::collections::HashMap;
use std::fmt;

use ndarray::ArrayView2;

use crate::recipe::{ColumnRecipe, Reason, Recipe, Treatment};
use crate::table::Table;
use crate::value::canonical;
use crate::value::missing::{is_missing, is_missing_among_numbers};
use crate::value::number::{Notation, trimmed};
use crate::wording::quoted;

/// Fewest rows that leaks are looked for in.
const MIN_ROWS: usize = 40;
/// Fewest rows of a class that counts.
const MIN_CLASS: usize = 6;
/// Balanced accuracy from which a column is said to tell the label.
const NEARLY_ALL: f64 = 0.98;
/// Most different values for a rule that looks at each.
const FEW_VALUES: usize = 50;

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

/// Features that tell the label alone. `x` holds samples by features, `codes` the class of each sample from 0.
///
/// Returns nothing if there are fewer than forty samples, or fewer than two classes with six samples.
pub fn leaks(x: &ArrayView2<'_, f64>, names: &[String], codes: &[usize]) -> Vec<Leak> {
    let column = |(name, values): (&String, ndarray::ArrayView1<'_, f64>)| {
        let values: Vec<Option<f64>> = values.iter().map(|value| Some(*value)).collect();
        leak(name, &values, codes, Source::Values)
    };
    names.iter().zip(x.columns()).filter_map(column).collect()
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

/// Balanced accuracy of the rule on the rows that it was not fitted on; `None` if there are too few.
fn told(values: &[Option<f64>], codes: &[usize]) -> Option<f64> {
    let mut rows_of: HashMap<usize, usize> = HashMap::new();
    codes.iter().for_each(|code| *rows_of.entry(*code).or_default() += 1);
    let mut classes: Vec<usize> =
        rows_of.iter().filter(|(_, rows)| **rows >= MIN_CLASS).map(|(class, _)| *class).collect();
    classes.sort_unstable();
    if values.len() < MIN_ROWS || classes.len() < 2 {
        return None;
    }
    // Half of each class, by multiples of the golden ratio: they spread evenly and follow no period of the table.
    let mut seen: HashMap<usize, u64> = HashMap::new();
    let (mut fitted, mut judged) = (Vec::new(), Vec::new());
    for (value, code) in values.iter().zip(codes) {
        let nth = seen.entry(*code).or_default();
        *nth = nth.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let side = if *nth >> 63 == 1 { &mut fitted } else { &mut judged };
        if classes.contains(code) {
            side.push((*value, *code));
        }
    }
    let rule = Rule::fit(&fitted, &classes)?;
    let mut right: HashMap<usize, (usize, usize)> = HashMap::new();
    for (value, code) in judged {
        let (hits, all) = right.entry(code).or_default();
        *all += 1;
        *hits += usize::from(rule.class(value) == Some(code));
    }
    let recalls = right.values().map(|(hits, all)| *hits as f64 / *all as f64);
    Some(recalls.sum::<f64>() / classes.len() as f64)
}

/// A rule on one value. A missing value is none of the classes.
enum Rule {
    /// The class of each value, by its bits.
    Values(HashMap<u64, usize>),
    /// Classes from low to high values, with the thresholds between them.
    Thresholds(Vec<usize>, Vec<f64>),
}

impl Rule {
    fn fit(rows: &[(Option<f64>, usize)], classes: &[usize]) -> Option<Self> {
        let mut counts: HashMap<u64, HashMap<usize, usize>> = HashMap::new();
        for (value, code) in rows {
            if let Some(value) = value {
                *counts.entry(value.to_bits()).or_default().entry(*code).or_default() += 1;
            }
        }
        if counts.len() < 2 {
            return None;
        }
        if counts.len() <= FEW_VALUES && counts.len() * 2 <= rows.len() {
            let most = |counts: HashMap<usize, usize>| {
                counts.into_iter().max_by_key(|(code, rows)| (*rows, *code)).map_or(0, |(code, _)| code)
            };
            return Some(Self::Values(
                counts.into_iter().map(|(value, counts)| (value, most(counts))).collect(),
            ));
        }
        let of = |class: usize| {
            let mut values: Vec<f64> =
                rows.iter().filter(|(_, code)| *code == class).filter_map(|(value, _)| *value).collect();
            values.sort_by(f64::total_cmp);
            values
        };
        let mut sorted: Vec<(usize, Vec<f64>)> = classes.iter().map(|class| (*class, of(*class))).collect();
        if sorted.iter().any(|(_, values)| values.is_empty()) {
            return None;
        }
        sorted.sort_by(|a, b| a.1[a.1.len() / 2].total_cmp(&b.1[b.1.len() / 2]));
        let thresholds = sorted.windows(2).map(|pair| threshold(&pair[0].1, &pair[1].1)).collect();
        Some(Self::Thresholds(sorted.into_iter().map(|(class, _)| class).collect(), thresholds))
    }

    fn class(&self, value: Option<f64>) -> Option<usize> {
        let value = value?;
        match self {
            Self::Values(classes) => classes.get(&value.to_bits()).copied(),
            Self::Thresholds(classes, thresholds) => {
                classes.get(thresholds.iter().filter(|threshold| value > **threshold).count()).copied()
            }
        }
    }
}

/// The threshold that separates sorted low from sorted high values best, classes counted equally.
fn threshold(low: &[f64], high: &[f64]) -> f64 {
    let mut candidates: Vec<f64> = low.iter().chain(high).copied().collect();
    candidates.sort_by(f64::total_cmp);
    candidates.dedup();
    let below =
        |values: &[f64], at: f64| values.partition_point(|value| *value <= at) as f64 / values.len() as f64;
    let score = |at: f64| below(low, at) - below(high, at);
    let middles = candidates.windows(2).map(|pair| pair[0] / 2.0 + pair[1] / 2.0);
    middles.max_by(|a, b| score(*a).total_cmp(&score(*b))).unwrap_or(0.0)
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

    #[test]
    fn a_column_that_tells_the_label_is_found() {
        let codes: Vec<usize> = (0..120).map(|i| i * 31 % 7 % 2).collect();
        let x = ndarray::Array2::from_shape_fn((120, 3), |(i, j)| match j {
            0 => noise(i),
            1 => codes[i] as f64 * 200.0 + noise(i),
            _ => codes[i] as f64 * 60.0 + noise(i),
        });
        let names = ["noise", "leak", "good"].map(str::to_owned);
        let found = leaks(&x.view(), &names, &codes);
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!((found[0].column.as_str(), found[0].source), ("leak", Source::Values));
        assert!(
            found[0]
                .to_string()
                .contains("column \"leak\" alone predicts the label (balanced accuracy 1.00)")
        );
        assert!(leaks(&x.slice(ndarray::s![..30, ..]), &names, &codes[..30]).is_empty());
    }

    #[test]
    fn three_classes_need_two_thresholds() {
        let codes: Vec<usize> = (0..150).map(|i| i % 3).collect();
        let x = ndarray::Array2::from_shape_fn((150, 2), |(i, j)| match j {
            0 => [200.0, 0.0, 400.0][codes[i]] + noise(i),
            // One class of three apart is no leak.
            _ => [200.0, 0.0, 0.0][codes[i]] + noise(i),
        });
        let found = leaks(&x.view(), &["a".to_owned(), "b".to_owned()], &codes);
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
