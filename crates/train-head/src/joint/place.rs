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
//!     deals/            where a threshold of the parties decrypts: a share of its share for each other party, sealed to it
//!     data.enc          its samples, encrypted
//!     data.json         which file these are
//!     set.json          where a threshold of the parties decrypts: which ones
//!     decryption.age    its share of the decryption, sealed to the data parties
//! head.enc              the encrypted head, signed by the compute party
//! checks/NAME.json      who computed it again, and with what result
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

    /// The name of a party that has joined a session in this folder, whichever that was.
    pub(crate) fn someone_joined(&self) -> Option<String> {
        let entries = std::fs::read_dir(&self.0).into_iter().flatten().flatten();
        let mut names: Vec<_> = entries
            .filter(|entry| entry.path().join("join.json").exists())
            .map(|entry| entry.file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names.into_iter().next()
    }

    /// A party's share of the first round.
    pub(crate) fn first(&self, name: &str, protocol: &Protocol) -> PathBuf {
        self.0.join(name).join("first").join(share_name(protocol))
    }

    /// A party's share of the second round.
    pub(crate) fn second(&self, name: &str) -> PathBuf {
        self.0.join(name).join("second.share")
    }

    /// What a party dealt to another.
    pub(crate) fn deal(&self, from: &str, to: &str) -> PathBuf {
        self.0.join(from).join("deals").join(format!("{to}.age"))
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

    /// The message of one who computed it again.
    pub(crate) fn check(&self, name: &str) -> PathBuf {
        self.0.join("checks").join(format!("{name}.json"))
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
