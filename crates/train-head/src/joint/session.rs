//! The session: what all parties agreed on, and who takes part.

use std::path::Path;

use fhe_head::ckks::KeyId;
use fhe_head::files::{Digest, Origin, Tag};
use head_joint::{Agreed, Terms};
use serde::{Deserialize, Serialize};

use super::message::expect_signer;
use super::place::Place;
use crate::exit::{Failure, Result};
use crate::files::signed::{SignedJson, digest_of_file};
use crate::files::{Access, read_json, write_json};
use crate::identity::{Identity, PublicKey};
use crate::plan::PlanFile;

const FORMAT: &str = "train-head session 1";
const CONTEXT: &str = "train-head 2026-11 session of a joint training";

/// A data party.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Participant {
    /// Its name, and that of its folder.
    pub(crate) name: String,
    /// Who signs for it.
    pub(crate) key: PublicKey,
}

/// `session.json`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Contents {
    /// Name and version of the format.
    format: String,
    /// Number of the attempt.
    attempt: u32,
    /// The data parties, in the order of their blocks.
    pub(crate) participants: Vec<Participant>,
    /// Who signs for the compute party.
    pub(crate) compute: PublicKey,
    /// How many others must have computed the training again.
    pub(crate) recomputations: usize,
    /// Digest of `plan.json`, which holds that of `plan.safetensors`.
    plan: Digest,
    /// Method, keys, blocks, what will be decrypted.
    agreed: Agreed,
}

/// A session.
pub(crate) struct Session {
    /// The shared folder.
    pub(crate) place: Place,
    /// Who takes part.
    pub(crate) contents: Contents,
    /// The digest of all that was agreed on.
    pub(crate) digest: Digest,
    /// Method, keys, blocks.
    pub(crate) terms: Terms,
    /// The plan on public samples: columns, labels, feature map.
    pub(crate) plan: PlanFile,
    /// What the protocols are bound to.
    pub(crate) protocols: ckks_threshold::Session,
}

impl Session {
    /// Writes a session. The plan's files are in the folder.
    ///
    /// # Errors
    /// Names or keys that are not distinct; a failure of the operating system.
    pub(crate) fn write(
        place: &Place,
        terms: &Terms,
        participants: Vec<Participant>,
        (compute, recomputations, attempt): (PublicKey, usize, u32),
        identity: &Identity,
    ) -> Result<()> {
        let distinct = |i: usize, p: &Participant| {
            participants[..i].iter().all(|other| other.name != p.name && other.key != p.key)
        };
        if let Some((_, twice)) = participants.iter().enumerate().find(|(i, p)| !distinct(*i, p)) {
            return Err(Failure::usage(format!(
                "--participant {}: its name or key stands there twice",
                twice.name
            )));
        }
        if participants.iter().any(|p| p.key == compute) {
            return Err(Failure::usage("--compute: the compute party is none of the data parties")
                .help("a data party that computes as well makes a second identity for it: `train-head identity create`"));
        }
        let plan = digest_of_file(&place.plan())?;
        let format = FORMAT.to_owned();
        let agreed = terms.agreed().clone();
        let contents = Contents { format, attempt, participants, compute, recomputations, plan, agreed };
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
        if !path.exists() {
            return Err(Failure::file(format!(
                "{} holds no session: it has no session.json",
                folder.display()
            ))
            .help("`train-head joint create` makes one"));
        }
        let value: serde_json::Value = read_json(&path, "a session of a joint training")?;
        let format = value.get("format").and_then(serde_json::Value::as_str).unwrap_or_default();
        if format != FORMAT {
            let message = format!("{}: format {format:?}; this program reads {FORMAT:?}", path.display());
            return Err(Failure::file(message).help("make the session with this version of train-head"));
        }
        let shown = path.display().to_string();
        let damaged = |error: serde_json::Error| {
            Failure::file(format!("{shown} is no session of a joint training")).because(error)
        };
        let signed: SignedJson<serde_json::Value> = serde_json::from_value(value).map_err(damaged)?;
        let signer = signed.signer(CONTEXT, &shown)?;
        let contents: Contents = serde_json::from_value(signed.value).map_err(damaged)?;
        let maker = contents.participants.iter().find(|p| Some(p.key) == signer);
        if maker.is_none() {
            let compute = ("the compute party", contents.compute);
            expect_signer(&shown, signer, compute)?;
        }
        if digest_of_file(&place.plan())? != contents.plan {
            return Err(Failure::file(format!("{} is not the plan of the session", place.plan().display()))
                .help("copy the whole folder again"));
        }
        let plan = PlanFile::read(&place.plan())?;
        let terms = Terms::from_parts(contents.agreed.clone(), plan.map().clone())?;
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

    /// What the data of the session and the head that comes of them belong to.
    pub(crate) fn origin(&self, key: KeyId) -> Origin {
        let mut run = [0; 16];
        run.copy_from_slice(&self.digest.0[..16]);
        let mut keys = [0; 32];
        keys[..16].copy_from_slice(&key.0);
        Origin { run: Tag(run), plan: self.digest, ..Origin::default() }.with_keys(Tag(keys))
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
}
