//! Where sample weights and groups come from.

use serde::{Deserialize, Serialize};

/// Where weights or groups of samples come from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum ColumnSource {
    /// A column of the table.
    Column(String),
    /// The file of embeddings.
    Embeddings,
}

impl ColumnSource {
    /// The column with this name, or the file of embeddings.
    pub(super) fn of(column: Option<&String>) -> Self {
        column.cloned().map_or(Self::Embeddings, Self::Column)
    }

    /// The column, if it is one.
    pub(super) fn column(&self) -> Option<&str> {
        match self {
            Self::Column(column) => Some(column),
            Self::Embeddings => None,
        }
    }
}
