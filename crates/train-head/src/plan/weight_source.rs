//! Where sample weights come from.

use serde::{Deserialize, Serialize};

use crate::input::SampleWeights;

/// Where sample weights come from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum WeightSource {
    /// A column of the table.
    Column(String),
    /// The file of embeddings.
    Embeddings,
}

impl WeightSource {
    pub(super) fn of(weights: &SampleWeights) -> Self {
        weights.column.clone().map_or(Self::Embeddings, Self::Column)
    }
}
