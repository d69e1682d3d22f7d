//! A data party's own folder: its share of the secret, and its notes of what it must not do twice in different ways.

use std::path::{Path, PathBuf};

use ckks_threshold::{Contribution, SecretShare};
use fhe_head::files::{Digest, Tag};
use head_joint::{DataParty, Joining, Keep, Notes, Terms};
use serde::{Deserialize, Serialize};

use super::sealed;
use super::session::{Session, Stop};
use super::subject::Subject;
use crate::args::{NewKeyArgs, PassphraseArgs};
use crate::exit::{Failure, Kind, Result};
use crate::files::keys::KeyFolder;
use crate::files::{Access, read_json, write_json};
use crate::identity::Identity;
use crate::passphrase;

const FORMAT: &str = "train-head party 2";

/// `party.json`, for the party alone.
#[derive(Clone, Serialize, Deserialize)]
struct Contents {
    format: String,
    /// The session that the party agreed to.
    session: Digest,
    /// Number of its attempt, for messages.
    attempt: u32,
    /// Which party it is.
    party: usize,
    /// Its contribution to the common randomness, which nobody knows before all have committed to theirs.
    contribution: Tag<32>,
    /// What the party has answered. It answers nothing else.
    notes: Notes,
    /// Share and seed of the samples that stay at home.
    held_out: Option<(f64, u64)>,
}

/// The file of a party's notes.
pub(crate) struct NotesFile {
    path: PathBuf,
    contents: Contents,
    /// Keeps other commands of this party out.
    _lock: Option<std::fs::File>,
}

impl Keep for NotesFile {
    type Error = Stop;

    fn keep(&mut self, notes: &Notes) -> Result<(), Stop> {
        self.contents.notes = notes.clone();
        Ok(self.write()?)
    }
}

impl NotesFile {
    fn write(&self) -> Result<()> {
        write_json(&self.path, Access::Private, &self.contents)
    }

    /// The notes in a folder; `None` if there are none.
    fn read(folder: &Path) -> Result<Option<Self>> {
        let path = path(folder);
        if !path.exists() {
            return Ok(None);
        }
        let lock = lock(folder)?;
        let contents: Contents = read_json(&path, "notes of a data party")?;
        if contents.format != FORMAT {
            let (got, shown) = (&contents.format, path.display());
            return Err(Failure::file(format!("{shown}: format {got:?}; this program reads {FORMAT:?}"))
                .help("finish the session with the version of train-head that joined it"));
        }
        Ok(Some(Self { path, contents, _lock: lock }))
    }
}

/// A data party of a session.
pub(crate) struct Party<'a, T: Subject = Terms> {
    folder: PathBuf,
    session: &'a Session<T>,
    inner: DataParty<'a, NotesFile, T>,
}

impl<'a, T: Subject> Party<'a, T> {
    /// Draws a share of the secret and keeps it in `folder` with the party's notes. A share that was drawn for this session, by a command that
    /// ended before its message left, is taken up again.
    ///
    /// # Errors
    /// A folder that holds a share of another session, or another key; no passphrase, or a wrong one; a failure of the operating system.
    pub(crate) fn join(
        folder: &Path,
        session: &'a Session<T>,
        index: usize,
        new_key: &NewKeyArgs,
    ) -> Result<Self> {
        let keys = KeyFolder::at(folder);
        if let Some(notes) = NotesFile::read(folder)? {
            notes.expect_of(session, folder)?;
            notes.expect_party(session, index, folder)?;
            if keys.secret().exists() {
                return Self::of(folder, session, notes, &new_key.passphrase);
            }
        }
        keys.expect_no_secret()?;
        let passphrase = passphrase::of_new_key(new_key)?;
        std::fs::create_dir_all(folder)
            .map_err(|error| Failure::io("create", folder, Kind::Unexpected, error))?;
        let lock = lock(folder)?;
        let refusal = |error| session.refusal(error);
        let secret =
            SecretShare::generate(&session.protocols, index).map_err(|error| refusal(error.into()))?;
        let contribution = Contribution::generate().map_err(|error| refusal(error.into()))?;
        let contents = Contents {
            format: FORMAT.into(),
            session: session.digest,
            attempt: session.contents.attempt,
            party: index,
            contribution: Tag(contribution.0),
            notes: Notes::default(),
            held_out: None,
        };
        let notes = NotesFile { path: path(folder), contents, _lock: lock };
        // the share comes last: where it is, the notes are
        notes.write()?;
        keys.write_secret(secret.key(), passphrase)?;
        Ok(Self::with(folder, session, secret, notes))
    }

    /// The party whose folder this is.
    ///
    /// # Errors
    /// A folder of another session, of another party than `identity` signs for, or of none; another command of this party at work; a wrong
    /// passphrase.
    pub(crate) fn open(
        folder: &Path,
        session: &'a Session<T>,
        identity: &Identity,
        passphrase: &PassphraseArgs,
    ) -> Result<Self> {
        let Some(notes) = NotesFile::read(folder)? else {
            return Err(Failure::file(format!("{} is no folder of a data party", folder.display()))
                .help("`train-head joint join` makes it"));
        };
        notes.expect_of(session, folder)?;
        notes.expect_party(session, session.party_of(identity)?, folder)?;
        if !KeyFolder::at(folder).secret().exists() {
            return Err(Failure::file(format!("{} holds no share of the secret yet", folder.display()))
                .help("`train-head joint join` was ended early: run it again"));
        }
        Self::of(folder, session, notes, passphrase)
    }

    fn of(
        folder: &Path,
        session: &'a Session<T>,
        notes: NotesFile,
        passphrase: &PassphraseArgs,
    ) -> Result<Self> {
        let key = KeyFolder::at(folder).read_secret(|| passphrase::of_key(passphrase))?;
        let secret = SecretShare::from_key(&session.protocols, notes.contents.party, key)
            .map_err(|error| session.refusal(error.into()))?;
        Ok(Self::with(folder, session, secret, notes))
    }

    fn with(folder: &Path, session: &'a Session<T>, secret: SecretShare, file: NotesFile) -> Self {
        let contribution = Contribution(file.contents.contribution.0);
        let notes = file.contents.notes.clone();
        let (terms, protocols) = (&session.terms, &session.protocols);
        let inner = DataParty::resume(terms, protocols, (secret, contribution), notes, file);
        Self { folder: folder.to_owned(), session, inner }
    }

    /// The steps of the protocols.
    pub(crate) fn steps(&mut self) -> &mut DataParty<'a, NotesFile, T> {
        &mut self.inner
    }

    /// The session.
    pub(crate) fn session(&self) -> &'a Session<T> {
        self.session
    }

    /// Which party it is, counted from 0.
    pub(crate) fn index(&self) -> usize {
        self.inner.index()
    }

    /// Its name.
    pub(crate) fn name(&self) -> &'a str {
        self.session.party(self.index()).0
    }

    /// The folder.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Where what another dealt to it is kept, sealed to it.
    pub(crate) fn kept_deal(&self, from: &str) -> PathBuf {
        self.folder.join("deals").join(format!("{from}.age"))
    }

    /// Opens what is sealed to it.
    ///
    /// # Errors
    /// None in practice.
    pub(crate) fn opener(&self) -> Result<age::x25519::Identity> {
        sealed::opener(&self.inner.sealing_seed())
    }

    /// What it sends to agree to the session.
    ///
    /// # Errors
    /// None in practice.
    pub(crate) fn joining(&self) -> Result<Joining> {
        Ok(self.inner.joining(self.opener()?.to_public().to_string()))
    }

    /// Share and seed of the samples that stay at home.
    pub(crate) fn held_out(&mut self) -> (f64, u64) {
        self.inner.keeper().contents.held_out.unwrap_or((0.0, 0))
    }

    /// Keeps share and seed of the samples that stay at home.
    ///
    /// # Errors
    /// A failure of the operating system.
    pub(crate) fn hold_out(&mut self, held_out: (f64, u64)) -> Result<()> {
        self.inner.keeper().contents.held_out = Some(held_out);
        self.inner.keep().map_err(|stop| self.session.stopped(stop))
    }
}

impl NotesFile {
    /// Refuses notes of another session.
    fn expect_of<T: Subject>(&self, session: &Session<T>, folder: &Path) -> Result<()> {
        if self.contents.session == session.digest {
            return Ok(());
        }
        Err(Failure::file(format!(
            "{}: the session is not the one that this party agreed to: it was changed, or is another attempt (this one is number {}, {} holds \
             the share of number {})",
            session.place.session().display(),
            session.contents.attempt,
            folder.display(),
            self.contents.attempt
        ))
        .help(
            "ask its maker; each session and attempt has a share of its own: to agree to another, join it with another --keys folder",
        ))
    }

    /// Refuses notes of another party.
    fn expect_party<T: Subject>(&self, session: &Session<T>, index: usize, folder: &Path) -> Result<()> {
        if self.contents.party == index {
            return Ok(());
        }
        let (whose, signs) = (session.party(self.contents.party).0, session.party(index).0);
        Err(Failure::usage(format!(
            "{} is {whose}'s, where the identity signs for {signs}",
            folder.display()
        ))
        .help("--identity and --keys are those of one party"))
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
