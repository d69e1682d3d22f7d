//! The different values of a column, with their counts.

use std::collections::HashMap;

use crate::table::Table;
use crate::value::missing::{is_dot_or_dash, is_missing};
use crate::value::number::trimmed;

/// Rows that a level needs to have a column of its own, and missing values to have an indicator.
pub const MIN_LEVEL_ROWS: usize = 10;

/// A value of a column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Distinct<'a> {
    /// The cell without blanks around it.
    pub(crate) text: &'a str,
    /// How many rows have it.
    pub(crate) count: usize,
    /// The first row that has it.
    pub(crate) first: usize,
}

/// The values of a column.
#[derive(Clone, Debug)]
pub(crate) struct Observed<'a> {
    /// The values that are not missing, in the order in which they first occur.
    pub(crate) values: Vec<Distinct<'a>>,
    /// Rows with a value.
    pub(crate) present: usize,
    /// Rows without.
    pub(crate) missing: usize,
    /// Those of them that say `None`: Python's mark, or a word.
    pub(crate) nones: usize,
    /// Those that say `NA`: the mark of R and pandas, or a code.
    pub(crate) nas: usize,
}

impl<'a> Observed<'a> {
    /// Looks at all rows of a column, or at some.
    pub(crate) fn new(table: &'a Table, column: usize, rows: Option<&[usize]>) -> Self {
        let mut places: HashMap<&str, usize> = HashMap::new();
        let mut observed = Self { values: Vec::new(), present: 0, missing: 0, nones: 0, nas: 0 };
        let mut look = |row: usize| {
            let cell = table.cell(row, column);
            if is_missing(cell) {
                observed.missing += 1;
                observed.nones += usize::from(trimmed(cell) == "None");
                observed.nas += usize::from(trimmed(cell) == "NA");
                return;
            }
            observed.present += 1;
            let text = trimmed(cell);
            let place = *places.entry(text).or_insert_with(|| {
                observed.values.push(Distinct { text, count: 0, first: row });
                observed.values.len() - 1
            });
            observed.values[place].count += 1;
        };
        match rows {
            Some(rows) => rows.iter().copied().for_each(&mut look),
            None => (0..table.rows()).for_each(&mut look),
        }
        observed
    }

    /// Takes dots and dashes for missing values, as is right among numbers and dates.
    pub(crate) fn without_dots(&self) -> Self {
        let (dots, values): (Vec<_>, Vec<_>) =
            self.values.iter().cloned().partition(|value| is_dot_or_dash(value.text));
        let count: usize = dots.iter().map(|value| value.count).sum();
        Self { values, present: self.present - count, missing: self.missing + count, ..*self }
    }

    /// All rows.
    pub(crate) fn rows(&self) -> usize {
        self.present + self.missing
    }

    /// Whether so many values are missing that a column which says so pays: ten rows and one in a hundred.
    pub(crate) fn missing_pays(&self) -> bool {
        self.missing >= MIN_LEVEL_ROWS && self.missing * 100 >= self.rows()
    }

    /// Whether no value occurs twice.
    pub(crate) fn all_different(&self) -> bool {
        self.values.len() == self.present
    }

    /// Share of the rows with a value that have one of these.
    pub(crate) fn share(&self, count: usize) -> f64 {
        count as f64 / self.present.max(1) as f64
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn values_are_counted() {
        let rows: Vec<Vec<&str>> = ["a", " a", "", "b", ".", "NA"].iter().map(|cell| vec![*cell]).collect();
        let table = Table::from_rows("t", &["x"], &rows).unwrap();
        let all = Observed::new(&table, 0, None);
        assert_eq!((all.present, all.missing, all.values.len()), (4, 2, 3));
        assert_eq!(all.values[0], Distinct { text: "a", count: 2, first: 0 });
        assert_eq!(all.without_dots().missing, 3);
        assert_eq!(Observed::new(&table, 0, Some(&[3, 2])).present, 1);
    }
}
