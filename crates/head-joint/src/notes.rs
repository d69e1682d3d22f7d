//! What a party has answered. It answers nothing else: a second answer to other messages could give its share of the secret away.

use ckks_threshold::{Entry, Ledger};
use fhe_head::files::{Digest, Tag};
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::step::Step;

/// Where a party keeps its [`Notes`]. [`crate::DataParty`] hands out an answer only after its notes are kept.
pub trait Keep {
    /// What can go wrong, here and in a step of the party.
    type Error: From<Error>;

    /// Keeps the notes, so that they are there after a crash.
    ///
    /// # Errors
    /// They could not be kept. The answer does not leave.
    fn keep(&mut self, notes: &Notes) -> Result<(), Self::Error>;
}

/// Keeps nothing: for a party that lives no longer than the process.
#[derive(Clone, Copy, Debug, Default)]
pub struct InMemory;

impl Keep for InMemory {
    type Error = Error;

    fn keep(&mut self, _: &Notes) -> Result<()> {
        Ok(())
    }
}

/// A decryption that the party has had a part in ([`Entry`]).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Released {
    release: Digest,
    answers: Vec<Digest>,
    set: Vec<usize>,
}

/// What a party has answered, as it is kept.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notes {
    /// The digest of what was answered, by step.
    #[serde(default)]
    answered: Vec<(Step, Digest)>,
    #[serde(default)]
    releases: Vec<Released>,
}

impl Notes {
    /// Notes what is answered in a step. False if it is there.
    ///
    /// # Errors
    /// [`Error::Changed`] if the party has answered something else.
    pub(crate) fn answer(&mut self, step: Step, digest: [u8; 32]) -> Result<bool> {
        match self.answered(step) {
            Some(known) if known == digest => Ok(false),
            Some(_) => Err(Error::Changed(step)),
            None => {
                self.answered.push((step, Tag(digest)));
                Ok(true)
            }
        }
    }

    /// The digest of what was answered in a step.
    pub(crate) fn answered(&self, step: Step) -> Option<[u8; 32]> {
        self.answered.iter().find(|(known, _)| *known == step).map(|(_, digest)| digest.0)
    }

    /// The decryptions so far.
    #[must_use]
    pub fn ledger(&self) -> Ledger {
        let entry = |of: &Released| Entry {
            release: of.release.0,
            answers: of.answers.iter().map(|digest| digest.0).collect(),
            set: of.set.clone(),
        };
        Ledger::of(self.releases.iter().map(entry).collect())
    }

    pub(crate) fn set_ledger(&mut self, ledger: &Ledger) {
        let released = |of: &Entry| Released {
            release: Tag(of.release),
            answers: of.answers.iter().map(|digest| Tag(*digest)).collect(),
            set: of.set.clone(),
        };
        self.releases = ledger.entries().iter().map(released).collect();
    }
}
