//! What samples have beside texts or features.

use std::collections::HashMap;

use tables::Table;

use crate::exit::{Failure, Result};
use crate::input;

/// Samples that belong together, such as those of a patient.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Groups {
    /// The column that they come from; `None` if they come from a file of embeddings.
    pub(crate) column: Option<String>,
    /// The number of each sample's group.
    pub(crate) of: Vec<usize>,
    /// The name of each group.
    pub(crate) names: Vec<String>,
}

impl Groups {
    /// The groups that these names make, one for each sample. Spellings of one number are one group: a leak between the sides of a split is
    /// worse than two groups in one.
    ///
    /// # Errors
    /// The first sample without a group.
    pub(super) fn of<'a>(
        column: Option<String>,
        cells: impl Iterator<Item = &'a str>,
    ) -> Result<Self, usize> {
        let (mut known, mut names): (HashMap<String, usize>, Vec<String>) = (HashMap::new(), Vec::new());
        let mut of = Vec::new();
        for (row, cell) in cells.enumerate() {
            if tables::is_missing(cell) {
                return Err(row);
            }
            let name = canonical(cell);
            let next = names.len();
            of.push(*known.entry(name).or_insert_with_key(|name| {
                names.push(name.clone());
                next
            }));
        }
        Ok(Self { column, of, names })
    }

    /// The groups of the samples in these rows.
    pub(super) fn select(&self, rows: &[usize]) -> Self {
        Self { of: rows.iter().map(|&row| self.of[row]).collect(), ..self.clone() }
    }
}

/// `7` for `7`, `7.0`, ` 7` and `07`.
fn canonical(cell: &str) -> String {
    let cell = cell.trim();
    match cell.parse::<f64>() {
        Ok(number) if number.is_finite() && number.abs() < 2f64.powi(53) => number.to_string(),
        _ => cell.to_owned(),
    }
}

/// A column that goes through to the predictions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Carried {
    /// Its name.
    pub(crate) name: String,
    /// A cell for each sample.
    pub(crate) values: Vec<String>,
}

/// The groups in a column.
///
/// # Errors
/// An unknown column; a sample without a group.
pub(super) fn groups_in(table: &Table, column: &str) -> Result<Groups> {
    let at = table.find(column).map_err(input::table_failure)?;
    let gap = |row| {
        Failure::data(format!(
            "{}: {}, column {column:?}: the sample has no group",
            table.input(),
            table.place(row)
        ))
        .help("fill it in: samples of one patient on both sides of a split would tell about each other")
    };
    Groups::of(Some(column.to_owned()), table.column(at)).map_err(gap)
}

/// Adds columns that go through, each once.
///
/// # Errors
/// An unknown column.
pub(super) fn carry(
    table: &Table,
    names: impl IntoIterator<Item = String>,
    carried: &mut Vec<Carried>,
) -> Result<()> {
    for name in names {
        if !carried.iter().any(|column| column.name == name) {
            let at = table.find(&name).map_err(input::table_failure)?;
            carried.push(Carried { name, values: table.column(at).map(str::to_owned).collect() });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_a_number_are_one_group_and_gaps_are_none() {
        let groups = |cells: &[&'static str]| Groups::of(None, cells.iter().copied()).map(|groups| groups.of);
        assert_eq!(groups(&["7", " 7.0", "p1", "07", "p1"]), Ok(vec![0, 0, 1, 0, 1]));
        assert_eq!(groups(&["7", "", "8"]), Err(1));
    }
}
