//! What samples have beside texts or features.

use std::collections::HashMap;

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
