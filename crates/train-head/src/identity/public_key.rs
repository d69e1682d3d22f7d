//! Keys that check signatures, and their form in files, flags and messages.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use ed25519_dalek::{Signature, VerifyingKey};
use fhe_head::files::{Digest, Tag};
use serde::{Deserialize, Serialize};

/// A key that checks signatures.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub(crate) struct PublicKey(VerifyingKey);

impl PublicKey {
    /// The public half of a key that signs.
    pub(super) fn of(key: VerifyingKey) -> Self {
        Self(key)
    }

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
    pub(crate) fn beside(identity: &Path) -> Option<Self> {
        std::fs::read_to_string(public_path(identity)).ok()?.trim().parse().ok()
    }
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
