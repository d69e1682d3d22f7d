//! The steps in which a party answers what all have sent.

use serde::{Deserialize, Serialize};

/// A step in which a party answers what all have sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Step {
    /// It reveals its contribution to the common randomness.
    CommonRandomness,
    /// It shows its first shares of the keys.
    FirstShares,
    /// It makes its second share of the relinearisation key.
    Relinearisation,
    /// It takes its share of the whole secret from what was dealt to it.
    Deals,
    /// It shows its encrypted sums, and has a part in the decryption of these alone.
    Sums,
}

impl std::fmt::Display for Step {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::CommonRandomness => "the common randomness",
            Self::FirstShares => "the first shares",
            Self::Relinearisation => "the relinearisation key",
            Self::Deals => "the dealt shares",
            Self::Sums => "the encrypted sums",
        })
    }
}
