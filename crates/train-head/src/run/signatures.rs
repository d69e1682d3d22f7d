//! The identities of both parties of a run. Each signs what it writes and accepts the other alone, as on two machines.

use super::folder::RunFolder;
use crate::args::{SignerArgs, TrustArgs};
use crate::console::Console;
use crate::exit::{Failure, Result};
use crate::files::{Access, write_bytes};
use crate::identity::{Identity, PublicKey, Trust, public_path};

/// The data party's signature, and whom each party trusts.
pub(crate) struct Signatures {
    /// Signs keys, data, samples and answers.
    pub(crate) identity: Identity,
    /// Accepts heads and scores of the compute party.
    pub(crate) trust: Trust,
    /// Flags of the compute party's commands.
    pub(crate) compute_signer: SignerArgs,
    /// Flags of the compute party's commands.
    pub(crate) compute_trust: TrustArgs,
}

impl Signatures {
    /// Makes both identities and keeps each among its party's files; of a `server`, its public key.
    ///
    /// # Errors
    /// A failed write.
    pub(crate) fn make(folder: &RunFolder, server: Option<PublicKey>, console: &Console) -> Result<Self> {
        Identity::generate()?.write(&folder.data_identity(), None)?;
        let theirs = folder.compute_identity();
        match server {
            None => Identity::generate()?.write(&theirs, None)?,
            Some(key) => write_bytes(&public_path(&theirs), Access::Shared, format!("{key}\n").as_bytes())?,
        }
        Self::of(folder, console)
    }

    /// Those of a run that was interrupted.
    ///
    /// # Errors
    /// A file that is missing or damaged.
    pub(crate) fn of(folder: &RunFolder, console: &Console) -> Result<Self> {
        let (ours, theirs) = (folder.data_identity(), folder.compute_identity());
        let identity = Identity::read(&ours)?;
        let peer = PublicKey::beside(&theirs).ok_or_else(|| {
            Failure::file(format!("{} is missing or damaged", public_path(&theirs).display()))
                .help("start anew without --resume")
        })?;
        let only = |key| TrustArgs { peer: Some(key), allow_unverified: false };
        Ok(Self {
            trust: Trust::open(&only(peer), Some(&ours), console)?,
            compute_trust: only(identity.public()),
            compute_signer: SignerArgs { identity: Some(theirs) },
            identity,
        })
    }
}
