//! Who signs files that travel, and whose signatures are accepted.
//!
//! - this file: identities, which are Ed25519 key pairs;
//! - [`trust`]: whose signature a file must have;
//! - [`known`]: the parties that were met before.

mod known;
mod trust;

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use age::secrecy::SecretString;
use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
use fhe_head::files::{Digest, Tag};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::args::SignerArgs;
use crate::console::Console;
use crate::data_party::passphrase;
use crate::exit::{Failure, Kind, Result};
use crate::files::{Access, private, write_bytes};

pub(crate) use trust::{Role, Trust};

/// First line of the file of an identity.
const FORMAT: &str = "train-head identity 1";
/// The folder of identity and known parties, where the environment names one.
const FOLDER: &str = "TRAIN_HEAD_HOME";

/// A key that checks signatures.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub(crate) struct PublicKey(VerifyingKey);

/// A key that signs.
pub(crate) struct Identity(SigningKey);

impl PublicKey {
    /// As bytes.
    pub(crate) fn to_bytes(self) -> [u8; 32] {
        self.0.to_bytes()
    }

    /// From bytes; `None` if they are no point of the curve, or one of small order.
    pub(crate) fn from_bytes(bytes: &[u8; 32]) -> Option<Self> {
        VerifyingKey::from_bytes(bytes).ok().filter(|key| !key.is_weak()).map(Self)
    }

    /// Whether this is the key's signature of a digest.
    pub(crate) fn signed(self, digest: &Digest, signature: &Tag<64>) -> bool {
        self.0.verify_strict(&digest.0, &Signature::from_bytes(&signature.0)).is_ok()
    }

    /// The key of the identity in a file, from the file beside it; `None` if there is none.
    fn beside(identity: &Path) -> Option<Self> {
        std::fs::read_to_string(public_path(identity)).ok()?.trim().parse().ok()
    }
}

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
        let folder = folder()?;
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
        PublicKey(self.0.verifying_key())
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
        Ok(Self(SigningKey::from_bytes(&Zeroizing::new(seed))))
    }
}

/// Where this user's identity is.
///
/// # Errors
/// The environment names no folder.
pub(crate) fn default_path() -> Result<PathBuf> {
    Ok(folder()?.join("identity.key"))
}

/// The folder of this user's identity and known parties.
fn folder() -> Result<PathBuf> {
    let named = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    named(FOLDER)
        .or_else(|| named("XDG_CONFIG_HOME").map(|folder| folder.join("train-head")))
        .or_else(|| named("HOME").map(|folder| folder.join(".config").join("train-head")))
        .ok_or_else(|| {
            Failure::usage("there is no folder for the identity that signs files: neither HOME nor TRAIN_HEAD_HOME is set")
                .help("set TRAIN_HEAD_HOME, or give --identity")
        })
}

/// Where the public key of the identity in a file is.
pub(crate) fn public_path(identity: &Path) -> PathBuf {
    identity.with_extension("pub")
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ed25519:{}", Tag(self.to_bytes()).to_hex())
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl FromStr for PublicKey {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let hex = text.strip_prefix("ed25519:").unwrap_or(text);
        Tag::from_hex(hex)
            .and_then(|Tag(bytes)| Self::from_bytes(&bytes))
            .ok_or_else(|| "a public key is expected, as `train-head identity show` prints it".to_owned())
    }
}

impl From<PublicKey> for String {
    fn from(key: PublicKey) -> Self {
        key.to_string()
    }
}

impl TryFrom<String> for PublicKey {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
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
