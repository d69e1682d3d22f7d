//! What a plan is chosen by, where several would do.

use serde::{Deserialize, Serialize};

use super::cost::{Sizes, UPLOAD};

/// What shall be small.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Aim {
    /// The seconds of the training, and those of the upload on a fast line.
    #[default]
    Time,
    /// The bytes that travel to the compute party: data and evaluation keys.
    Upload,
    /// The compute party's memory, with all data in it: data, keys, the bootstrap's diagonals.
    Memory,
}

/// Bytes that a second weighs where bytes decide: enough to choose between plans of nearly the same size.
const BYTES_OF_A_SECOND: f64 = 1e5;

impl Aim {
    /// The price of a training of these sizes, which takes so many seconds on a usual core.
    pub(super) fn price(self, sizes: &Sizes, seconds: f64) -> f64 {
        let bytes = match self {
            Self::Time => return seconds + UPLOAD * (sizes.upload_bytes + sizes.key_file_bytes) as f64,
            Self::Upload => sizes.upload_bytes + sizes.key_file_bytes,
            Self::Memory => sizes.data_bytes + sizes.key_bytes + sizes.diagonal_bytes,
        };
        bytes as f64 + BYTES_OF_A_SECOND * seconds
    }
}
