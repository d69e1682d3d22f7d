//! Errors of trainings of several parties.

use crate::step::Step;

/// An error of this crate.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Terms that parties cannot train on, with the reason.
    #[error("terms: {0}")]
    Terms(String),
    /// Data of a party that the terms do not hold for, with the reason.
    #[error("the data do not fit the terms: {0}")]
    Data(String),
    /// What the others sent for a step is not what this party has answered. A second answer could give its share of the secret away: all
    /// start a new session.
    #[error(
        "what the others sent for {0} has changed since this party answered it; a second answer could give its share away"
    )]
    Changed(Step),
    /// An error of a protocol of the keys or of a decryption.
    #[error(transparent)]
    Threshold(#[from] ckks_threshold::Error),
    /// An error of the training.
    #[error(transparent)]
    Head(#[from] fhe_head::Error),
}

impl From<fhe_head::ckks::Error> for Error {
    fn from(error: fhe_head::ckks::Error) -> Self {
        Self::Head(error.into())
    }
}

/// A result of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;
