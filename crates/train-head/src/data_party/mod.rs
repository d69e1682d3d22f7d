//! The data party's work with the secret key.
//!
//! - this file: plan and secret key together;
//! - [`keys`]: making the secret key and the evaluation keys;
//! - [`encrypt`]: samples become ciphertexts;
//! - [`decrypt`]: heads and scores become numbers;
//! - [`follow`]: a look at a training that runs, by the [`curve`] of its validation;
//! - [`predict`]: probabilities from a decrypted head.

pub(crate) mod curve;
mod decrypt;
mod encrypt;
pub(crate) mod follow;
pub(crate) mod keys;
pub(crate) mod predict;

use std::path::Path;

use fhe_head::Plan;
use fhe_head::ckks::SecretKey;

use crate::args::{PassphraseArgs, PlanAndKeyArgs};
use crate::exit::{Failure, Result};
use crate::files::evaluation_keys::{self, LIST};
use crate::files::keys::KeyFolder;
use crate::passphrase;
use crate::plan::PlanFile;

pub(crate) use decrypt::{DecryptedHead, DecryptedScores};
pub(crate) use encrypt::expect_scoring;

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
        expect_secret(keys)?;
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

/// Refuses a folder without a secret key, with the one that may be meant.
///
/// # Errors
/// There is no secret key.
fn expect_secret(keys: &KeyFolder) -> Result<()> {
    let (folder, secret) = (keys.folder(), keys.secret());
    if secret.exists() {
        return Ok(());
    }
    let named = |folder: &Path, what: &str| {
        KeyFolder::at(folder).secret().exists().then(|| format!("name {what}: --keys {}", folder.display()))
    };
    let parent =
        folder.parent().map(|parent| if parent.as_os_str().is_empty() { Path::new(".") } else { parent });
    let (message, meant) = if folder.join(LIST).exists() {
        let meant = parent.and_then(|parent| named(parent, "the folder with the secret key"));
        (format!("{} holds evaluation keys; the data party's secret key is needed", folder.display()), meant)
    } else if folder.is_file() {
        let meant = parent.and_then(|parent| named(parent, "the folder that it lies in"));
        (format!("{} is a file; the folder of the keys is needed", folder.display()), meant)
    } else if folder.is_dir() {
        let meant = ["client", "keys"]
            .iter()
            .find_map(|name| named(&folder.join(name), "its folder with the secret key"));
        (format!("{} holds no secret key (secret.key)", folder.display()), meant)
    } else {
        (format!("{}: no such folder", folder.display()), None)
    };
    let help = meant
        .unwrap_or_else(|| "name the folder that `train-head keygen` made, or `client` of a run".to_owned());
    Err(Failure::file(message).help(help))
}

/// Refuses evaluation keys of another plan beside the secret key, before anything is encrypted that nobody could train on. Those of a
/// plan that continues from an earlier head lie elsewhere (`keygen --keys`).
///
/// # Errors
/// Keys that the plan needs and the folder lacks, by name.
pub(crate) fn expect_keys_of(file: &PlanFile, keys: &KeyFolder) -> Result<()> {
    let folder = keys.evaluation();
    if file.job().continues() || !folder.join(LIST).exists() {
        return Ok(());
    }
    evaluation_keys::expect_keys_for(&folder, file.plan())
}
