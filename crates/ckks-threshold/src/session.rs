//! A session: what all parties agreed on, by digest. Whatever is drawn or sent is bound to it.

use ckks::Parameters;

use crate::error::{Error, Result};

/// What the parties of a session agreed on.
///
/// An attempt that ended early is never gone on with: the next one has another number, and with it other secrets, other common
/// randomness and other keys. A second share for the same instance of a protocol could give the secret away (ePrint 2026/031).
#[derive(Clone, Debug)]
pub struct Session {
    parameters: Parameters,
    tag: [u8; 32],
    threshold: usize,
}

impl Session {
    /// A session of the parties of a parameter set ([`ckks::presets::joint`]). `agreement` is the digest of all that they signed;
    /// `threshold` of them decrypt.
    ///
    /// # Errors
    /// [`Error::Session`] if the parameter set is for one party, or the threshold is not between 2 and the number of parties.
    pub fn new(
        parameters: &Parameters,
        agreement: &[u8; 32],
        attempt: u32,
        threshold: usize,
    ) -> Result<Self> {
        let parties = parameters.literal().secret.parties() as usize;
        if parties < 2 {
            return Err(Error::Session(format!("{} is a parameter set for one party", parameters.name())));
        }
        if !(2..=parties).contains(&threshold) {
            return Err(Error::Session(format!(
                "{threshold} of {parties} parties shall decrypt: at least 2, since one alone could read everything"
            )));
        }
        let mut hasher = blake3::Hasher::new_derive_key("ckks-threshold 1 session");
        hasher.update(agreement).update(&attempt.to_le_bytes()).update(&(threshold as u32).to_le_bytes());
        hasher.update(parameters.hash());
        Ok(Self { parameters: parameters.clone(), tag: *hasher.finalize().as_bytes(), threshold })
    }

    /// The parameter set.
    #[must_use]
    pub fn parameters(&self) -> &Parameters {
        &self.parameters
    }

    /// Number of parties. They are counted from 0.
    #[must_use]
    pub fn parties(&self) -> usize {
        self.parameters.literal().secret.parties() as usize
    }

    /// How many of them decrypt.
    #[must_use]
    pub fn threshold(&self) -> usize {
        self.threshold
    }

    /// How many sets of parties that decrypt can have no party in common: `n / t`, rounded down. Each party answers a ciphertext once, so it
    /// is decrypted at most so often, and a budget has that many releases for each.
    #[must_use]
    pub fn sets_apart(&self) -> u32 {
        self.parameters.literal().secret.parties() / self.threshold as u32
    }

    /// Stands for session and attempt in everything that is sent.
    #[must_use]
    pub fn tag(&self) -> &[u8; 32] {
        &self.tag
    }

    /// Refuses a message of another session, or of a party that there is not.
    pub(crate) fn expect(&self, sender: &Sender, what: &str) -> Result<()> {
        if sender.session != self.tag {
            return Err(Error::OtherSession { what: what.to_owned(), party: sender.party });
        }
        self.expect_party(sender.party, what)
    }

    pub(crate) fn expect_party(&self, party: usize, what: &str) -> Result<()> {
        let parties = self.parties();
        if party < parties {
            return Ok(());
        }
        let reason = format!("there are {parties} parties, counted from 0");
        Err(Error::Refused { what: what.to_owned(), party, reason })
    }
}

/// Who sent a message, and for which session.
///
/// It is no proof: messages travel signed by the layer above, which compares the signature with the party's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sender {
    /// The session and its attempt ([`Session::tag`]).
    pub session: [u8; 32],
    /// The party, counted from 0.
    pub party: usize,
}
