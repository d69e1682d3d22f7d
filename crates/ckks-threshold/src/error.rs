//! Errors. Each names the party and the step.

/// An error of this crate.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A session that cannot be, with the reason.
    #[error("session: {0}")]
    Session(String),
    /// A message of another session, or of another attempt of this one.
    #[error("{what} of party {party}: it belongs to another session or attempt")]
    OtherSession {
        /// The message.
        what: String,
        /// Who sent it, counted from 0.
        party: usize,
    },
    /// A message that is not what is expected from this party, with the reason.
    #[error("{what} of party {party}: {reason}")]
    Refused {
        /// The message.
        what: String,
        /// Who sent it, counted from 0.
        party: usize,
        /// Why.
        reason: String,
    },
    /// A sum that lacks somebody's share.
    #[error("{what}: nothing has come from party {party}")]
    Missing {
        /// The message.
        what: String,
        /// Who has not sent it, counted from 0.
        party: usize,
    },
    /// A decryption that the budget does not cover, with the reason.
    #[error("joint decryption: {0}")]
    Budget(String),
    /// An error of the encryption.
    #[error(transparent)]
    Ckks(#[from] ckks::Error),
}

impl Error {
    /// The party whose message was refused or has not come, counted from 0.
    #[must_use]
    pub fn party(&self) -> Option<usize> {
        match self {
            Self::OtherSession { party, .. } | Self::Refused { party, .. } | Self::Missing { party, .. } => {
                Some(*party)
            }
            Self::Session(_) | Self::Budget(_) | Self::Ckks(_) => None,
        }
    }
}

/// A result of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;
