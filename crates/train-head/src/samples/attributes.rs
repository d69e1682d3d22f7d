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
    /// The groups that these names make, one for each sample.
    pub(super) fn of<'a>(column: Option<String>, cells: impl Iterator<Item = &'a str>) -> Self {
        let (mut known, mut names): (HashMap<&str, usize>, Vec<String>) = (HashMap::new(), Vec::new());
        let mut number = |name: &'a str| {
            *known.entry(name).or_insert_with(|| {
                names.push(name.to_owned());
                names.len() - 1
            })
        };
        let of = cells.map(|cell| number(cell.trim())).collect();
        Self { column, of, names }
    }

    /// The groups of the samples in these rows.
    pub(super) fn select(&self, rows: &[usize]) -> Self {
        Self { of: rows.iter().map(|&row| self.of[row]).collect(), ..self.clone() }
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
