//! The shared folder of a session.
//!
//! ```text
//! session.json          who takes part and what was agreed on, signed by its maker
//! plan.json, plan.safetensors    the plan on public samples: columns, labels, feature map
//! NAME/                 one folder a data party
//!     join.json         it agrees; its commitment to common randomness, and the key that its messages are sealed to
//!     reveal.json       its contribution to the common randomness
//!     committed.json    digests of its first shares of the keys
//!     first/            these shares
//!     second.share      its second share of the relinearisation key
//!     data.enc          its samples, encrypted
//!     decryption.age    its share of the decryption, sealed to the data parties
//! head.enc              the encrypted head, signed by the compute party
//! checks/               who computed it again
//! ```

use std::path::{Path, PathBuf};

use ckks_threshold::Protocol;

/// The shared folder.
#[derive(Clone, Debug)]
pub(crate) struct Place(PathBuf);

impl Place {
    /// The folder at a path.
    pub(crate) fn at(path: &Path) -> Self {
        Self(path.to_owned())
    }

    /// The folder.
    pub(crate) fn folder(&self) -> &Path {
        &self.0
    }

    /// What was agreed on.
    pub(crate) fn session(&self) -> PathBuf {
        self.0.join("session.json")
    }

    /// The plan on public samples.
    pub(crate) fn plan(&self) -> PathBuf {
        self.0.join("plan.json")
    }

    /// A small message of a data party.
    pub(crate) fn message(&self, name: &str, kind: &str) -> PathBuf {
        self.0.join(name).join(format!("{kind}.json"))
    }

    /// A party's share of the first round.
    pub(crate) fn first(&self, name: &str, protocol: &Protocol) -> PathBuf {
        self.0.join(name).join("first").join(share_name(protocol))
    }

    /// A party's share of the second round.
    pub(crate) fn second(&self, name: &str) -> PathBuf {
        self.0.join(name).join("second.share")
    }

    /// A party's encrypted samples.
    pub(crate) fn data(&self, name: &str) -> PathBuf {
        self.0.join(name).join("data.enc")
    }

    /// A party's share of the decryption.
    pub(crate) fn decryption(&self, name: &str) -> PathBuf {
        self.0.join(name).join("decryption.age")
    }

    /// The encrypted head.
    pub(crate) fn head(&self) -> PathBuf {
        self.0.join("head.enc")
    }

    /// The folder of those who computed it again.
    pub(crate) fn checks(&self) -> PathBuf {
        self.0.join("checks")
    }
}

/// The name of a share's file.
pub(crate) fn share_name(protocol: &Protocol) -> String {
    match protocol {
        Protocol::PublicKey => "public.share".into(),
        Protocol::Galois { g, shape } => format!("galois-{g}-{}.share", shape.level),
        Protocol::RelinearisationOne { shape } | Protocol::RelinearisationTwo { shape } => {
            format!("relinearisation-{}.share", shape.level)
        }
    }
}
