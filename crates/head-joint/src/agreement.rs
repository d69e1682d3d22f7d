//! What a session is about, as far as its protocols ask.

use ckks_threshold::{Budget, Protocol, Session};
use fhe_head::ckks::Parameters;

use crate::error::Result;
use crate::sums::SumsTerms;
use crate::terms::Terms;

/// What the parties of a session agree on: a training ([`Terms`]), or sums ([`SumsTerms`]).
pub trait Agreement {
    /// What the parties make in the first round.
    fn first_round(&self) -> Vec<Protocol>;

    /// What may be decrypted.
    fn budget(&self) -> Budget;

    /// The CKKS parameters.
    fn parameters(&self) -> &Parameters;

    /// Number of data parties.
    fn parties(&self) -> usize;

    /// The session of an attempt. `agreement` is the digest of what the parties signed.
    ///
    /// # Errors
    /// [`crate::Error::Threshold`] from the parameter set.
    fn session(&self, agreement: &[u8; 32], attempt: u32) -> Result<Session>;
}

macro_rules! agreement {
    ($terms:ty) => {
        impl Agreement for $terms {
            fn first_round(&self) -> Vec<Protocol> {
                <$terms>::first_round(self)
            }

            fn budget(&self) -> Budget {
                <$terms>::budget(self)
            }

            fn parameters(&self) -> &Parameters {
                <$terms>::parameters(self)
            }

            fn parties(&self) -> usize {
                <$terms>::parties(self)
            }

            fn session(&self, agreement: &[u8; 32], attempt: u32) -> Result<Session> {
                <$terms>::session(self, agreement, attempt)
            }
        }
    };
}

agreement!(Terms);
agreement!(SumsTerms);
