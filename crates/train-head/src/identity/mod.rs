//! Who signs files that travel, and whose signatures are accepted.
//!
//! - this file: identities, which are Ed25519 key pairs;
//! - [`public_key`]: their public half;
//! - [`place`]: where a user's are;
//! - [`trust`]: whose signature a file must have;
//! - [`known`]: the parties that were met before.

mod known;
mod place;
mod public_key;
mod trust;

use std::path::Path;

use age::secrecy::SecretString;
use ed25519_dalek::{Signer, SigningKey};
use fhe_head::files::{Digest, Tag};
use zeroize::Zeroizing;

use crate::args::SignerArgs;
use crate::console::Console;
use crate::exit::{Failure, Kind, Result};
use crate::files::{Access, private, write_bytes};
use crate::passphrase;

pub(crate) use known::Role;
pub(crate) use place::default_path;
#[cfg(feature = "data-party")]
pub(crate) use place::folder as home;
pub(crate) use public_key::{PublicKey, public_path};
pub(crate) use trust::Trust;

/// First line of the file of an identity.
const FORMAT: &str = "train-head identity 1";
/// A key that signs.
pub(crate) struct Identity(SigningKey);

impl Identity {
    /// A new identity.
    ///
    /// # Errors
    /// The operating system gives no randomness.
    pub(crate) fn generate() -> Result<Self> {
        let mut seed = Zeroizing::new([0; 32]);
        getrandom::fill(&mut *seed)
            .map_err(|error| Failure::unexpected("no randomness for an identity").because(error))?;
        Ok(Self(SigningKey::from_bytes(&seed)))
    }

    /// The identity of a seed that anybody may know: for readers that are fuzzed.
    pub(crate) fn of_seed(seed: &[u8; 32]) -> Self {
        Self(SigningKey::from_bytes(seed))
    }

    /// The identity that the flags name, or that of this user, which is made where there is none.
    ///
    /// # Errors
    /// A file that is damaged, or cannot be read or written; a wrong passphrase; no folder for it.
    pub(crate) fn mine(arguments: &SignerArgs, console: &Console) -> Result<Self> {
        if let Some(path) = &arguments.identity {
            return Self::read(path);
        }
        let path = default_path()?;
        if path.exists() {
            return Self::read(&path);
        }
        // of two commands one makes it
        let folder = place::folder()?;
        std::fs::create_dir_all(&folder)
            .map_err(|error| Failure::io("create", &folder, Kind::Unexpected, error))?;
        let _lock = std::fs::File::open(&folder).and_then(|folder| folder.lock().map(|()| folder)).ok();
        if path.exists() {
            return Self::read(&path);
        }
        let new = Self::generate()?;
        new.write(&path, None)?;
        console.note(format!(
            "files that travel are signed: made {} for {}; the other party may pin it (--peer)",
            new.public(),
            path.display()
        ));
        Ok(new)
    }

    /// The key that checks its signatures.
    pub(crate) fn public(&self) -> PublicKey {
        PublicKey::of(self.0.verifying_key())
    }

    /// Signs a digest.
    pub(crate) fn sign(&self, digest: &Digest) -> Tag<64> {
        Tag(self.0.sign(&digest.0).to_bytes())
    }

    /// Writes it, for its owner alone, and its public key beside it.
    ///
    /// # Errors
    /// A failure of the operating system.
    pub(crate) fn write(&self, path: &Path, passphrase: Option<SecretString>) -> Result<()> {
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            std::fs::create_dir_all(folder)
                .map_err(|error| Failure::io("create", folder, Kind::Unexpected, error))?;
        }
        let secret = Zeroizing::new(self.0.to_bytes());
        let text = Zeroizing::new(format!("{FORMAT}\n{}\n", Zeroizing::new(Tag(*secret).to_hex()).as_str()));
        private::write(path, passphrase, |out| {
            out.write_all(text.as_bytes())
                .map_err(|error| Failure::io("write", path, Kind::Unexpected, error))
        })?;
        write_bytes(&public_path(path), Access::Shared, format!("{}\n", self.public()).as_bytes())
    }

    /// Reads it.
    ///
    /// # Errors
    /// A file that is missing or damaged; a wrong passphrase.
    pub(crate) fn read(path: &Path) -> Result<Self> {
        let mut text = Zeroizing::new(String::new());
        private::read(path, passphrase::of_identity, |input| {
            input
                .read_to_string(&mut text)
                .map(|_| ())
                .map_err(|error| Failure::file(format!("{} is no identity", path.display())).because(error))
        })?;
        let seed = text.strip_prefix(FORMAT).and_then(|rest| Tag::<32>::from_hex(rest.trim()));
        let Some(Tag(seed)) = seed.filter(|_| text.len() < 200) else {
            return Err(Failure::file(format!("{} is no identity, or damaged", path.display()))
                .help("`train-head identity create` makes one"));
        };
        let identity = Self(SigningKey::from_bytes(&Zeroizing::new(seed)));
        // any 32 bytes are a key: one that is damaged would sign as somebody else
        if PublicKey::beside(path).is_some_and(|public| public != identity.public()) {
            return Err(Failure::file(format!(
                "{} is damaged, or belongs to another identity than {}",
                path.display(),
                public_path(path).display()
            ))
            .help("put both files back from a copy, or remove the latter if the former is right"));
        }
        Ok(identity)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn an_identity_survives_its_file_and_signs_as_before() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("me.key");
        let identity = Identity::generate().unwrap();
        identity.write(&path, None).unwrap();
        let read = Identity::read(&path).unwrap();
        let (digest, other) = (Tag([1; 32]), Tag([2; 32]));
        assert_eq!(read.sign(&digest), identity.sign(&digest));
        let key = PublicKey::beside(&path).unwrap();
        assert_eq!(key, identity.public());
        assert!(key.signed(&digest, &read.sign(&digest)) && !key.signed(&other, &read.sign(&digest)));
        assert!(!Identity::generate().unwrap().public().signed(&digest, &read.sign(&digest)));
        let other = folder.path().join("other.key");
        Identity::generate().unwrap().write(&other, None).unwrap();
        std::fs::copy(public_path(&other), public_path(&path)).unwrap();
        let refused = Identity::read(&path).err().unwrap();
        assert!(refused.kind() == Kind::File && refused.to_string().contains("another identity"));
        std::fs::write(&path, "train-head identity 1\nzz\n").unwrap();
        assert_eq!(Identity::read(&path).err().unwrap().kind(), Kind::File);
        // a key of small order, under which anything is signed
        assert!(
            "ed25519:0100000000000000000000000000000000000000000000000000000000000000"
                .parse::<PublicKey>()
                .is_err()
        );
    }
}
