//! Errors of trainings of several parties.

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
