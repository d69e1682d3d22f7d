//! What a data party keeps to itself: its share of the secret, and what it must not do twice in different ways.

use std::path::{Path, PathBuf};

use age::secrecy::ExposeSecret;
use ckks_threshold::{Contribution, Ledger, SecretShare};
use fhe_head::files::{Digest, Tag};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::session::Session;
use crate::args::{NewKeyArgs, PassphraseArgs};
use crate::data_party::passphrase;
use crate::exit::{Failure, Kind, Result};
use crate::files::keys::KeyFolder;
use crate::files::{Access, read_json, write_json};

const FORMAT: &str = "train-head party 1";

/// `party.json`, for the party alone.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Notes {
    format: String,
    /// The session that the party agreed to.
    session: Digest,
    /// Which party it is.
    party: usize,
    /// Its contribution to the common randomness, which nobody knows before all have committed to theirs.
    contribution: Tag<32>,
    /// Opens what is sealed to this party (age, X25519).
    sealing: String,
    /// What the party has seen and answered, by step. It answers nothing else.
    #[serde(default)]
    answered: Vec<(String, Digest)>,
    /// The decryptions that it has had a part in.
    #[serde(default)]
    releases: Vec<Digest>,
    /// Share and seed of the samples that stay at home.
    #[serde(default)]
    pub(crate) held_out: Option<(f64, u64)>,
}

/// A data party of a session.
pub(crate) struct Party {
    folder: PathBuf,
    pub(crate) notes: Notes,
    /// Keeps other commands of this party out.
    _lock: Option<std::fs::File>,
}

impl Party {
    /// Draws a share of the secret and writes it to `folder`, with the party's notes.
    ///
    /// # Errors
    /// A folder that holds a share; no passphrase; a failure of the operating system.
    pub(crate) fn create(
        folder: &Path,
        session: &Session,
        party: usize,
        new_key: &NewKeyArgs,
    ) -> Result<Self> {
        let keys = KeyFolder::at(folder);
        keys.expect_no_secret()?;
        let passphrase = passphrase::of_new_key(new_key)?;
        std::fs::create_dir_all(folder)
            .map_err(|error| Failure::io("create", folder, Kind::Unexpected, error))?;
        let secret = SecretShare::generate(&session.protocols, party)
            .map_err(|error| session.refusal(error.into()))?;
        let contribution = Contribution::generate().map_err(|error| session.refusal(error.into()))?;
        let sealing = age::x25519::Identity::generate();
        let notes = Notes {
            format: FORMAT.into(),
            session: session.digest,
            party,
            contribution: Tag(contribution.0),
            sealing: sealing.to_string().expose_secret().to_owned(),
            answered: Vec::new(),
            releases: Vec::new(),
            held_out: None,
        };
        let this = Self { folder: folder.to_owned(), notes, _lock: lock(folder)? };
        this.keep()?;
        keys.write_secret(secret.key(), passphrase)?;
        Ok(this)
    }

    /// The party whose folder this is.
    ///
    /// # Errors
    /// A folder of another session, or of none; another command of this party at work.
    pub(crate) fn open(folder: &Path, session: &Session) -> Result<Self> {
        let path = path(folder);
        if !path.exists() {
            return Err(Failure::file(format!("{} is no folder of a data party", folder.display()))
                .help("`train-head joint join` makes it"));
        }
        let lock = lock(folder)?;
        let notes: Notes = read_json(&path, "notes of a data party")?;
        if notes.format != FORMAT {
            return Err(Failure::file(format!("{}: format {:?}", path.display(), notes.format)));
        }
        if notes.session != session.digest {
            return Err(Failure::file(format!(
                "{}: the session is not the one that this party agreed to: it was changed, or is another attempt",
                session.place.session().display()
            ))
            .help("ask its maker; to agree to another session, join it with another --keys folder"));
        }
        Ok(Self { folder: folder.to_owned(), notes, _lock: lock })
    }

    /// Which party it is, counted from 0.
    pub(crate) fn index(&self) -> usize {
        self.notes.party
    }

    /// The folder.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Its contribution to the common randomness.
    pub(crate) fn contribution(&self) -> Contribution {
        Contribution(self.notes.contribution.0)
    }

    /// Opens what is sealed to it.
    ///
    /// # Errors
    /// Notes that were changed.
    pub(crate) fn sealing(&self) -> Result<age::x25519::Identity> {
        self.notes.sealing.parse().map_err(|error: &str| {
            Failure::file(format!("{}: the sealing key is damaged", path(&self.folder).display()))
                .because(error)
        })
    }

    /// The share of the secret.
    ///
    /// # Errors
    /// A file that is missing or damaged; a wrong passphrase.
    pub(crate) fn secret(&self, session: &Session, arguments: &PassphraseArgs) -> Result<SecretShare> {
        let key = KeyFolder::at(&self.folder).read_secret(|| passphrase::of_key(arguments))?;
        SecretShare::from_key(&session.protocols, self.index(), key)
            .map_err(|error| session.refusal(error.into()))
    }

    /// Notes what is answered in a step, before the answer leaves.
    ///
    /// # Errors
    /// The party has answered something else in this step; a failure of the operating system.
    pub(crate) fn answer(&mut self, step: &str, digest: Digest) -> Result<()> {
        match self.notes.answered.iter().find(|(known, _)| known == step) {
            Some((_, known)) if *known == digest => Ok(()),
            Some(_) => Err(Failure::file(format!(
                "what the others sent for {step} has changed since this party answered it; a second answer could give its share away"
            ))
            .help("all start a new session, with new keys (`joint create --attempt`)")),
            None => {
                self.notes.answered.push((step.to_owned(), digest));
                self.keep()
            }
        }
    }

    /// The decryptions so far.
    pub(crate) fn ledger(&self) -> Ledger {
        Ledger::of(self.notes.releases.iter().map(|digest| digest.0).collect())
    }

    /// Keeps the decryptions, before a share of one leaves.
    ///
    /// # Errors
    /// A failure of the operating system.
    pub(crate) fn keep_ledger(&mut self, ledger: &Ledger) -> Result<()> {
        self.notes.releases = ledger.releases().iter().map(|digest| Tag(*digest)).collect();
        self.keep()
    }

    /// Writes the notes.
    ///
    /// # Errors
    /// A failure of the operating system.
    pub(crate) fn keep(&self) -> Result<()> {
        write_json(&path(&self.folder), Access::Private, &self.notes)
    }
}

impl Drop for Notes {
    fn drop(&mut self) {
        let sealing = std::mem::take(&mut self.sealing);
        drop(Zeroizing::new(sealing));
    }
}

fn path(folder: &Path) -> PathBuf {
    folder.join("party.json")
}

/// Keeps other commands of a party out as long as the result lives; `None` where the file system has no locks.
fn lock(folder: &Path) -> Result<Option<std::fs::File>> {
    let Ok(opened) = std::fs::File::open(folder) else { return Ok(None) };
    match opened.try_lock() {
        Ok(()) => Ok(Some(opened)),
        Err(std::fs::TryLockError::WouldBlock) => {
            Err(Failure::usage(format!("{}: another command of this party is at work", folder.display()))
                .help("wait until it has ended"))
        }
        Err(std::fs::TryLockError::Error(_)) => Ok(None),
    }
}
