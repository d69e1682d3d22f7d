//! Levels of the data.

use serde::{Deserialize, Serialize};

use crate::packing::Item;

/// Levels at which data are encrypted: exactly the highest level at which they are used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DataLevels {
    /// Targets of the rows.
    pub targets: usize,
    /// Samples.
    pub samples: usize,
    /// Row weights.
    pub weights: usize,
}

impl DataLevels {
    pub(super) fn of(self, item: Item) -> usize {
        match item {
            Item::Samples(_) => self.samples,
            Item::Weights { .. } => self.weights,
            Item::Targets { .. } => self.targets,
        }
    }
}
