//! The data party's work with the secret key.
//!
//! - this file: plan and secret key together;
//! - [`keys`]: making the secret key and the evaluation keys;
//! - [`encrypt`]: samples become ciphertexts;
//! - [`decrypt`]: heads and scores become numbers;
//! - [`follow`]: a look at a training that runs, by the [`curve`] of its validation;
//! - [`passphrase`]: the passphrase of the secret key;
//! - [`predict`]: probabilities from a decrypted head.

pub(crate) mod curve;
mod decrypt;
mod encrypt;
pub(crate) mod follow;
pub(crate) mod keys;
pub(crate) mod passphrase;
pub(crate) mod predict;

use fhe_head::Plan;
use fhe_head::ckks::SecretKey;

use crate::args::{PassphraseArgs, PlanAndKeyArgs};
use crate::exit::{Failure, Result};
use crate::files::keys::KeyFolder;
use crate::plan::PlanFile;

pub(crate) use decrypt::{DecryptedHead, DecryptedScores};
pub(crate) use encrypt::{Encrypted, expect_scoring};

/// A data party: the plan of its training, and the secret key.
pub(crate) struct DataParty {
    /// The plan.
    pub(crate) file: PlanFile,
    /// The secret key, of the plan's parameter set.
    pub(crate) secret: SecretKey,
}

impl DataParty {
    /// Reads plan and secret key.
    ///
    /// # Errors
    /// As [`PlanFile::read`] and [`Self::unlock`].
    pub(crate) fn open(arguments: &PlanAndKeyArgs) -> Result<Self> {
        let file = PlanFile::read(&arguments.plan)?;
        Self::unlock(file, &KeyFolder::at(&arguments.keys), &arguments.passphrase)
    }

    /// Reads the secret key for a plan.
    ///
    /// # Errors
    /// A key file that is missing or damaged; a wrong passphrase; a key of another parameter set than the plan's.
    pub(crate) fn unlock(file: PlanFile, keys: &KeyFolder, passphrase: &PassphraseArgs) -> Result<Self> {
        let secret = keys.read_secret(|| passphrase::of_key(passphrase))?;
        let found = secret.parameters().name();
        let wanted = &file.plan().preset;
        if found != wanted {
            return Err(Failure::file(format!("the secret key is of preset {found}, the plan of {wanted}"))
                .help("`train-head keygen --plan` makes keys for a plan"));
        }
        Ok(Self { file, secret })
    }

    /// Job, levels, keys, sizes.
    pub(crate) fn plan(&self) -> &Plan {
        self.file.plan()
    }
}
