//! Whose signature a file must have: the key that `--peer` pins, from then on for this party in this run, or the first that signed for it.

use fhe_head::files::RunId;

use super::known::{KnownParties, Role};
use super::place::default_path;
use super::public_key::PublicKey;
use crate::args::TrustArgs;
use crate::console::Console;
use crate::exit::{Failure, Result};

/// Whose signatures are accepted.
#[derive(Clone, Debug)]
pub(crate) struct Trust {
    /// Our own key.
    own: Option<PublicKey>,
    /// The other party's key, if it is pinned.
    peer: Option<PublicKey>,
    /// Whether nobody else's files are expected.
    own_alone: bool,
    /// Whether to go on with a warning where a file would be refused.
    unverified: bool,
    /// Whether another process of this party checks the signatures of the same files.
    left_to_another: bool,
    console: Console,
}

impl Trust {
    /// What the flags say. `own` is the file of our identity, by default this user's.
    ///
    /// # Errors
    /// The environment names no folder for identities.
    pub(crate) fn open(
        arguments: &TrustArgs,
        own: Option<&std::path::Path>,
        console: &Console,
    ) -> Result<Self> {
        let own = match own {
            Some(path) => PublicKey::beside(path),
            None => PublicKey::beside(&default_path()?),
        };
        Ok(Self {
            own,
            peer: arguments.peer,
            own_alone: false,
            unverified: arguments.allow_unverified,
            left_to_another: false,
            console: console.clone(),
        })
    }

    /// This party's own files alone.
    pub(crate) fn of_own(key: PublicKey, console: &Console) -> Self {
        Self {
            own: Some(key),
            peer: None,
            own_alone: true,
            unverified: false,
            left_to_another: false,
            console: console.clone(),
        }
    }

    /// Leaves signatures to another process of this party, which reads the same files.
    #[must_use]
    pub(crate) fn left_to_another(self, left: bool) -> Self {
        Self { left_to_another: left, ..self }
    }

    /// Whether another process checks signatures.
    pub(crate) fn is_left_to_another(&self) -> bool {
        self.left_to_another
    }

    /// Accepts the signer of a file, or refuses it. Of several parties in the role the first one is remembered.
    ///
    /// # Errors
    /// No signature; that of another party than expected.
    pub(crate) fn expect(&self, file: &str, signer: Option<PublicKey>, run: RunId, role: Role) -> Result<()> {
        let refused = match (signer, self.peer) {
            _ if self.left_to_another => return Ok(()),
            (None, _) => Failure::file(format!("{file} is not signed, or its end is missing"))
                .help("copy it again, or ask the party that made it; --allow-unverified goes on without a signature"),
            (Some(key), _) if Some(key) == self.own => return Ok(()),
            (Some(key), Some(peer)) if key == peer => {
                // a key that was pinned once holds for the run's later files
                let parties = KnownParties::of_user()?;
                if parties.of(run, role)?.is_none() {
                    parties.add(run, role, key)?;
                }
                return Ok(());
            }
            (Some(key), _) if self.own_alone => {
                Failure::file(format!("{file} is signed by {key}, and not by this party"))
            }
            (Some(key), Some(peer)) => {
                Failure::file(format!("{file} is signed by {key}, where --peer says {peer}"))
                    .help("ask the other party for `train-head identity show`, by a channel that you trust")
            }
            (Some(key), None) => {
                let parties = KnownParties::of_user()?;
                match parties.of(run, role)? {
                    Some(known) if known == key => return Ok(()),
                    Some(known) => Failure::file(format!(
                        "{file} is signed by {key}, but the {role} of run {run} is known by {known}"
                    ))
                    .help(format!(
                        "somebody else may have made it; if the party has a new identity, pin it with --peer, or remove its line from {}",
                        parties.path()
                    )),
                    None => {
                        parties.add(run, role, key)?;
                        self.console.note(format!(
                            "first file of the {role} in run {run}, signed by {key}: from now on only this key is accepted for it. \
                             Compare it with what `train-head identity show` says over there, or pin it with --peer"
                        ));
                        return Ok(());
                    }
                }
            }
        };
        if self.unverified {
            self.console.warn(format!("--allow-unverified: {refused}"));
            return Ok(());
        }
        Err(refused)
    }
}
