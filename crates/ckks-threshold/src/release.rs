//! What is decrypted together: which ciphertexts, by whom, and with how much noise.

use ckks::{Ciphertext, Flooding, FloodingLiteral, Parameters};

use crate::error::{Error, Result};
use crate::session::Session;

/// What may be decrypted in a session, fixed before keys are made and part of what the parties sign.
///
/// With all parties but one pooling what they see, a joint decryption is a publication: the others subtract their own noise. So each
/// party adds the whole deviation ([`Flooding`]).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Budget {
    /// How much noise hides the error of the computation, and for how many releases.
    pub flooding: FloodingLiteral,
    /// The level at which shares are made. Its modulus holds the noise of all parties and the message.
    pub level: usize,
}

impl Budget {
    /// Refuses a level that does not hold the noise, or that the parameters do not have.
    ///
    /// # Errors
    /// [`Error::Budget`], [`Error::Ckks`].
    pub fn check(&self, parameters: &Parameters) -> Result<Flooding> {
        if self.level > parameters.max_level() {
            return Err(Error::Budget(format!(
                "level {}, where the highest is {}",
                self.level,
                parameters.max_level()
            )));
        }
        let flooding = Flooding::new(self.flooding)?;
        flooding.expect_room(parameters, self.level, parameters.literal().secret.parties())?;
        Ok(flooding)
    }
}

/// One decryption: its ciphertexts, and all that its noise is a function of.
#[derive(Clone)]
pub struct Release {
    session: Session,
    budget: Budget,
    set: Vec<usize>,
    ciphertexts: Vec<(Ciphertext, usize)>,
    answers: Vec<[u8; 32]>,
    digest: [u8; 32],
}

impl Release {
    /// The first `n` slots of each of some ciphertexts of period `n`, decrypted by the parties of `set`. `transcript` stands for what was
    /// computed, from what, and for whom: for all that signatures are over.
    ///
    /// # Errors
    /// [`Error::Budget`] if the ciphertexts show more numbers than the budget covers or lie below its level, or if the set is not
    /// increasing, has other parties than the session's, or is smaller than its threshold; [`Error::Ckks`] as [`Budget::check`].
    pub fn new(
        session: &Session,
        budget: Budget,
        set: &[usize],
        transcript: &[u8; 32],
        ciphertexts: Vec<(Ciphertext, usize)>,
    ) -> Result<Self> {
        let refuse = |reason: String| Err(Error::Budget(reason));
        let parameters = session.parameters();
        budget.check(parameters)?;
        let increasing = set.windows(2).all(|pair| pair[0] < pair[1]);
        if !increasing || set.last().is_none_or(|&last| last >= session.parties()) {
            return refuse(format!(
                "parties {set:?} of {}, where increasing numbers are expected",
                session.parties()
            ));
        }
        if set.len() != session.threshold() {
            return refuse(format!("{} parties, where {} decrypt", set.len(), session.threshold()));
        }
        let slots = parameters.slots();
        let mut hasher = blake3::Hasher::new_derive_key("ckks-threshold 1 release");
        hasher.update(session.tag()).update(&budget.flooding.to_bytes());
        hasher.update(&(budget.level as u64).to_le_bytes()).update(transcript);
        set.iter().for_each(|&party| {
            hasher.update(&(party as u64).to_le_bytes());
        });
        let mut answers = Vec::new();
        let mut shown = 0usize;
        for (a, n) in &ciphertexts {
            if a.parameters() != parameters || a.level() < budget.level {
                return refuse(format!(
                    "a ciphertext of {} at level {}, where {} at level {} or above is expected",
                    a.parameters().name(),
                    a.level(),
                    parameters.name(),
                    budget.level
                ));
            }
            if !n.is_power_of_two() || *n > slots {
                return refuse(format!("{n} slots: not a power of two up to {slots}"));
            }
            shown = shown.saturating_add(2 * n);
            hasher.update(&(*n as u64).to_le_bytes()).update(&a.key_id().0);
            let basis = parameters.basis(budget.level);
            let lowered: Vec<_> = a.polys().iter().map(|poly| poly.truncated(basis)).collect();
            crate::protocol::digest_polys(&mut hasher, &lowered);
            hasher.update(format!("{:?}", a.scale()).as_bytes());
            let mut answered = blake3::Hasher::new_derive_key("ckks-threshold 1 what a share answers");
            crate::protocol::digest_polys(&mut answered, &lowered[1..]);
            answers.push(*answered.finalize().as_bytes());
        }
        if shown == 0 || shown > budget.flooding.numbers {
            return refuse(format!("{shown} numbers in one release, of at most {}", budget.flooding.numbers));
        }
        let digest = *hasher.finalize().as_bytes();
        Ok(Self { session: session.clone(), budget, set: set.to_vec(), ciphertexts, answers, digest })
    }

    /// What shares are multiplied with, one digest for the `c_1` of each ciphertext: the same whoever decrypts, and for whatever purpose.
    #[must_use]
    pub fn answers(&self) -> &[[u8; 32]] {
        &self.answers
    }

    /// Stands for the session, the budget, the set, the transcript and every ciphertext.
    #[must_use]
    pub fn digest(&self) -> &[u8; 32] {
        &self.digest
    }

    /// The parties that decrypt.
    #[must_use]
    pub fn set(&self) -> &[usize] {
        &self.set
    }

    /// The ciphertexts, each with the number of slots of its period.
    #[must_use]
    pub fn ciphertexts(&self) -> &[(Ciphertext, usize)] {
        &self.ciphertexts
    }

    /// The session.
    #[must_use]
    pub fn session(&self) -> &Session {
        &self.session
    }

    /// The budget.
    #[must_use]
    pub fn budget(&self) -> Budget {
        self.budget
    }

    /// The coefficients that one ciphertext of period `n` shows: the `k N / 2n`-th for `k < 2n`. All others are noise alone.
    pub(crate) fn shown(&self, n: usize) -> impl Iterator<Item = usize> + use<> {
        let gap = self.session.parameters().slots() / n;
        (0..2 * n).map(move |k| k * gap)
    }
}

/// A release that a party has had a part in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// [`Release::digest`].
    pub release: [u8; 32],
    /// [`Release::answers`].
    pub answers: Vec<[u8; 32]>,
    /// [`Release::set`].
    pub set: Vec<usize>,
}

/// The releases that a party has had a part in. The noise of a release is a function of it, so another share of the same release shows
/// nothing new, whatever became of the ledger. A share of the same ciphertexts for another set of parties, or with another transcript, would
/// have other noise: the ledger refuses it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ledger(Vec<Entry>);

impl Ledger {
    /// A ledger that was kept.
    #[must_use]
    pub fn of(entries: Vec<Entry>) -> Self {
        Self(entries)
    }

    /// The entries, to keep them. The ledger is kept before a share is sent.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.0
    }

    /// Enters a release, unless it is in the ledger.
    ///
    /// # Errors
    /// [`Error::Budget`] if the party has answered these ciphertexts in another release, or its part of the budget is used up: all of it, by
    /// the number of sets that have no party in common ([`Session::sets_apart`]).
    pub fn enter(&mut self, release: &Release) -> Result<()> {
        if self.0.iter().any(|entry| entry.release == *release.digest()) {
            return Ok(());
        }
        if let Some(entry) =
            self.0.iter().find(|entry| entry.answers.iter().any(|one| release.answers.contains(one)))
        {
            return Err(Error::Budget(format!(
                "one share of a ciphertext, ever: this party answered with parties {:?}, and not {:?} or another transcript",
                entry.set,
                release.set()
            )));
        }
        let most = release.budget.flooding.releases / release.session.sets_apart();
        if self.0.len() as u64 >= u64::from(most) {
            return Err(Error::Budget(format!("all {most} releases of a party are used up")));
        }
        let (release, answers, set) = (*release.digest(), release.answers.clone(), release.set().to_vec());
        self.0.push(Entry { release, answers, set });
        Ok(())
    }
}
