//! The session: what all parties agreed on, and who takes part.

use std::path::Path;

use fhe_head::ckks::KeyId;
use fhe_head::files::{Digest, Origin, Tag};
use head_joint::{SumsTerms, Terms};
use serde::{Deserialize, Serialize};

use super::message::expect_signer;
use super::place::Place;
use super::subject::Subject;
use crate::exit::{Failure, Result};
use crate::files::signed::{SignedJson, digest_of_file};
use crate::files::{Access, read_json, write_json};
use crate::identity::{Identity, PublicKey};
use crate::plan::PlanFile;

/// What a signature of a session is over.
pub(crate) const CONTEXT: &str = "train-head 2026-11 session of a joint training";

/// A party.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Participant {
    /// Its name: a data party's is that of its folder.
    pub(crate) name: String,
    /// Who signs for it.
    pub(crate) key: PublicKey,
}

/// `session.json`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Contents<A> {
    /// Name and version of the format.
    format: String,
    /// Random: no two sessions are the same, whatever else they share.
    nonce: Digest,
    /// Number of the attempt.
    pub(crate) attempt: u32,
    /// The data parties, in the order of their blocks.
    pub(crate) participants: Vec<Participant>,
    /// The compute parties, where something is trained. The first trains; the others may compute the training again.
    pub(crate) compute: Vec<Participant>,
    /// How many of the others, data parties or compute parties, must have computed the training again.
    pub(crate) recomputations: usize,
    /// Digest of `plan.json`, which holds that of `plan.safetensors`.
    plan: Digest,
    /// Of a training: method, keys, blocks, what will be decrypted. Of sums: ranges of the features, and the map that is made of them.
    pub(crate) agreed: A,
}

/// A session: of a training, or of sums.
pub(crate) struct Session<T: Subject = Terms> {
    /// The shared folder.
    pub(crate) place: Place,
    /// Who takes part.
    pub(crate) contents: Contents<T::Agreed>,
    /// The digest of all that was agreed on.
    pub(crate) digest: Digest,
    /// What it is for.
    pub(crate) terms: T,
    /// The plan on public samples: columns, labels, feature map.
    pub(crate) plan: PlanFile,
    /// What the protocols are bound to.
    pub(crate) protocols: ckks_threshold::Session,
}

/// A session, of whichever kind its file is.
pub(crate) enum AnySession {
    /// Of a training.
    Training(Box<Session>),
    /// Of sums.
    Sums(Box<Session<SumsTerms>>),
}

impl AnySession {
    /// Reads a session, which one of its parties must have signed.
    ///
    /// # Errors
    /// As [`Session::open`].
    pub(crate) fn open(folder: &Path) -> Result<Self> {
        Ok(match is_of_sums(folder)? {
            true => Self::Sums(Box::new(Session::open(folder)?)),
            false => Self::Training(Box::new(Session::open(folder)?)),
        })
    }
}

/// Whether the session in a folder says that it is one of sums, of whichever version.
fn is_of_sums(folder: &Path) -> Result<bool> {
    let name = SumsTerms::FORMAT.trim_end_matches(|c: char| c.is_ascii_digit());
    Ok(format(&read(&Place::at(folder))?).starts_with(name))
}

/// `session.json`, whatever it holds.
fn read(place: &Place) -> Result<serde_json::Value> {
    let path = place.session();
    if !path.exists() {
        let folder = place.folder().display();
        return Err(Failure::file(format!("{folder} holds no session: it has no session.json"))
            .help("`train-head joint create` makes one"));
    }
    read_json(&path, "a session of several parties")
}

fn format(value: &serde_json::Value) -> &str {
    value.get("format").and_then(serde_json::Value::as_str).unwrap_or_default()
}

impl<T: Subject> Session<T> {
    /// Writes a session. The plan's files are in the folder.
    ///
    /// # Errors
    /// Names or keys that are not distinct; more recomputations than there are parties for them; no randomness; a failure of the operating
    /// system.
    pub(crate) fn write(
        place: &Place,
        agreed: T::Agreed,
        (participants, compute): (Vec<Participant>, Vec<Participant>),
        (recomputations, attempt): (usize, u32),
        identity: &Identity,
    ) -> Result<()> {
        expect_distinct(&participants, &compute)?;
        let checkers = participants.len() + compute.len() - 1;
        if recomputations > checkers {
            return Err(Failure::usage(format!(
                "--recomputations {recomputations}: the data parties and further compute parties are {checkers}"
            ))
            .help("name further compute parties: --compute once for each"));
        }
        let mut nonce = [0; 32];
        getrandom::fill(&mut nonce)
            .map_err(|error| Failure::unexpected("no randomness for a session").because(error))?;
        let plan = digest_of_file(&place.plan())?;
        let (format, nonce) = (T::FORMAT.to_owned(), Tag(nonce));
        let contents =
            Contents { format, nonce, attempt, participants, compute, recomputations, plan, agreed };
        // signed as a value: what is flattened beside the signature would lose the numbers among the keys of maps
        let value = serde_json::to_value(&contents)
            .map_err(|error| Failure::unexpected("cannot write the session as JSON").because(error))?;
        write_json(&place.session(), Access::Shared, &SignedJson::new(value, CONTEXT, identity)?)
    }

    /// Reads a session, which one of its parties must have signed.
    ///
    /// # Errors
    /// Files that are missing, damaged, altered or do not belong together.
    pub(crate) fn open(folder: &Path) -> Result<Self> {
        let place = Place::at(folder);
        let path = place.session();
        let value = read(&place)?;
        if format(&value) != T::FORMAT {
            let (found, wanted) = (format(&value), T::FORMAT);
            let message = format!("{}: format {found:?}; this program reads {wanted:?}", path.display());
            return Err(Failure::file(message).help("make the session with this version of train-head"));
        }
        let shown = path.display().to_string();
        let damaged =
            |error: serde_json::Error| Failure::file(format!("{shown} is not {}", T::CALLED)).because(error);
        let signed: SignedJson<serde_json::Value> = serde_json::from_value(value).map_err(damaged)?;
        let signer = signed.signer(CONTEXT, &shown)?;
        let contents: Contents<T::Agreed> = serde_json::from_value(signed.value).map_err(damaged)?;
        let computes = contents.compute.first();
        if computes.is_some() != T::COMPUTES {
            let what =
                if T::COMPUTES { "no compute party" } else { "a compute party, where none takes part" };
            return Err(Failure::file(format!("{shown} names {what}")));
        }
        expect_distinct(&contents.participants, &contents.compute).map_err(|failure| {
            Failure::file(format!("{shown}: names or keys of its parties")).because(failure)
        })?;
        if !contents.participants.iter().any(|p| Some(p.key) == signer) {
            let Some(other) = computes.or(contents.participants.first()) else {
                return Err(Failure::file(format!("{shown} names no data party")));
            };
            expect_signer(&shown, signer, (&other.name, other.key))?;
        }
        if digest_of_file(&place.plan())? != contents.plan {
            return Err(Failure::file(format!("{} is not the plan of the session", place.plan().display()))
                .help("copy the whole folder again"));
        }
        let plan = PlanFile::read(&place.plan())?;
        let terms = T::of(contents.agreed.clone(), &plan)?;
        if contents.participants.len() != terms.parties() {
            let (got, expected) = (contents.participants.len(), terms.parties());
            return Err(Failure::file(format!(
                "{shown}: {got} participants, where its terms are for {expected}"
            )));
        }
        let text = serde_json::to_vec(&contents)
            .map_err(|error| Failure::unexpected("cannot write the session as JSON").because(error))?;
        let mut hasher = blake3::Hasher::new_derive_key("train-head 2026-11 agreement of a joint training");
        let digest = *hasher.update(&text).finalize().as_bytes();
        let protocols = terms.session(&digest, contents.attempt)?;
        Ok(Self { place, contents, digest: Tag(digest), terms, plan, protocols })
    }

    /// The party that an identity signs for.
    ///
    /// # Errors
    /// It signs for none.
    pub(crate) fn party_of(&self, identity: &Identity) -> Result<usize> {
        let key = identity.public();
        self.contents.participants.iter().position(|p| p.key == key).ok_or_else(|| {
            let names: Vec<&str> = self.contents.participants.iter().map(|p| p.name.as_str()).collect();
            Failure::usage(format!("{key} signs for none of the data parties ({})", names.join(", ")))
                .help("--identity names the identity whose public key the session holds")
        })
    }

    /// Name and key of a party.
    pub(crate) fn party(&self, party: usize) -> (&str, PublicKey) {
        let participant = &self.contents.participants[party.min(self.contents.participants.len() - 1)];
        (&participant.name, participant.key)
    }

    /// The names of some parties, for messages.
    pub(crate) fn names(&self, parties: &[usize]) -> String {
        parties.iter().map(|&party| self.party(party).0).collect::<Vec<_>>().join(", ")
    }

    /// A refusal of the protocols, with the party's name.
    pub(crate) fn refusal(&self, error: head_joint::Error) -> Failure {
        let party = match &error {
            head_joint::Error::Threshold(inner) => inner.party(),
            _ => None,
        };
        match party {
            Some(party) => {
                let message = error.to_string().replace(&format!("party {party}"), self.party(party).0);
                Failure::file(message).help("ask the party to run its step again, or start a new session")
            }
            None => error.into(),
        }
    }

    /// Why a step of a party stopped.
    pub(crate) fn stopped(&self, stop: Stop) -> Failure {
        match stop {
            Stop::Failed(failure) => failure,
            Stop::Refused(error) => self.refusal(error),
        }
    }
}

impl Session {
    /// Name and key of the compute party that trains.
    pub(crate) fn computes(&self) -> (&str, PublicKey) {
        let Participant { name, key } = &self.contents.compute[0];
        (name, *key)
    }

    /// Those who may compute the training again: the data parties, and the compute parties but the one that trains.
    pub(crate) fn checkers(&self) -> impl Iterator<Item = &Participant> {
        self.contents.participants.iter().chain(&self.contents.compute[1..])
    }

    /// What happens to the training when a data party leaves, for a person who is about to agree.
    pub(crate) fn when_a_party_leaves(&self) -> String {
        let (threshold, parties) = (self.protocols.threshold(), self.terms.parties());
        let early = "before its keys are made and its samples encrypted, all start a new session;";
        if threshold == parties {
            format!("{early} afterwards the head is lost, since all {parties} decrypt")
        } else {
            format!("{early} afterwards the head is not lost, as long as {threshold} of {parties} are left")
        }
    }

    /// Against whom the data are secret, for the same person.
    pub(crate) fn secret_from(&self) -> String {
        let (threshold, parties) = (self.protocols.threshold(), self.terms.parties());
        if threshold == parties {
            return format!(
                "any {} of the {parties} data parties together, with the compute parties",
                parties - 1
            );
        }
        let fewer = match threshold - 1 {
            1 => "any one data party".to_owned(),
            fewer => format!("any {fewer} data parties together"),
        };
        format!(
            "{fewer}, with the compute parties; any {threshold} together could read everybody's samples, not the head alone"
        )
    }

    /// What the data of the session and the head that comes of them belong to.
    pub(crate) fn origin(&self, key: KeyId) -> Origin {
        let mut run = [0; 16];
        run.copy_from_slice(&self.digest.0[..16]);
        let mut keys = [0; 32];
        keys[..16].copy_from_slice(&key.0);
        Origin { run: Tag(run), plan: self.digest, ..Origin::default() }.with_keys(Tag(keys))
    }
}

/// Why a step of the protocols stopped: they refused, or something failed around them.
pub(crate) enum Stop {
    /// Something failed around them.
    Failed(Failure),
    /// They refused.
    Refused(head_joint::Error),
}

impl From<head_joint::Error> for Stop {
    fn from(error: head_joint::Error) -> Self {
        Self::Refused(error)
    }
}

impl From<Failure> for Stop {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

/// Refuses parties with the same name or key.
fn expect_distinct(participants: &[Participant], compute: &[Participant]) -> Result<()> {
    let all: Vec<(&str, &Participant)> = participants
        .iter()
        .map(|p| ("--participant", p))
        .chain(compute.iter().map(|p| ("--compute", p)))
        .collect();
    for (i, (flag, p)) in all.iter().enumerate() {
        if let Some((other, _)) = all[..i].iter().find(|(_, o)| o.name == p.name || o.key == p.key) {
            let failure = Failure::usage(format!("{flag} {}: its name or key stands there twice", p.name));
            return Err(match flag == other {
                true => failure,
                false => failure.help(
                    "a data party that computes as well makes a second identity for it: `train-head identity create`",
                ),
            });
        }
    }
    Ok(())
}
