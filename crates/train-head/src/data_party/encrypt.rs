//! Where samples become ciphertexts.

use std::path::Path;

use fhe_head::SampleView;
use fhe_head::client::{DataEncryptor, SampleEncryptor};

use super::DataParty;
use crate::console::Console;
use crate::exit::{Failure, Result};
use crate::files::ciphertexts;
use crate::files::growing::{self, Grown, Growth};
use crate::identity::{Identity, PublicKey};
use crate::samples::{Matrix, Rows};

impl DataParty {
    /// Encrypts samples to train on, and the start weights if the plan has any, and writes them to a file, block by block.
    ///
    /// # Errors
    /// A failed encryption or write; ^C; what an interrupted command left, if it cannot be taken up.
    pub(crate) fn encrypt_training<'a>(
        &'a self,
        samples: SampleView<'a>,
        path: &Path,
        identity: &Identity,
        growth: Growth,
        console: &Console,
    ) -> Result<Grown> {
        let encryptor = DataEncryptor::new(&self.secret, self.plan(), samples).with_start(self.file.start());
        growing::write(path, &encryptor, &self.file.origin()?, identity, growth, console)
    }

    /// Encrypts samples to score and writes them to a file, block by block.
    ///
    /// # Errors
    /// Samples of other features than the plan's; those of [`Self::encrypt_training`].
    pub(crate) fn encrypt_for_scoring<X: Rows>(
        &self,
        matrix: &Matrix<X>,
        path: &Path,
        identity: &Identity,
        growth: Growth,
        console: &Console,
    ) -> Result<Grown> {
        let features = self.file.features_to_encrypt(matrix)?;
        let origin = self.file.origin_of_samples(matrix)?;
        let encryptor = SampleEncryptor::new(&self.secret, self.file.job(), &features)?;
        growing::write(path, &encryptor, &origin, identity, growth, console)
    }

    /// Whether a file holds these samples, encrypted by this plan and signed by `signer`: those of a run that was interrupted.
    ///
    /// # Errors
    /// Samples of other features than the plan's; a file that cannot be read; ^C.
    pub(crate) fn has_encrypted_for_scoring<X: Rows>(
        &self,
        matrix: &Matrix<X>,
        path: &Path,
        signer: PublicKey,
    ) -> Result<bool> {
        if !path.exists() {
            return Ok(false);
        }
        let origin = self.file.origin_of_samples(matrix)?;
        let of = (self.secret.parameters(), self.secret.key_id());
        ciphertexts::holds_samples(path, of, (self.file.job(), &origin), signer)
    }
}

/// Refuses a plan that leaves no levels for scoring.
///
/// # Errors
/// The plan leaves none.
pub(crate) fn expect_scoring(plan: &fhe_head::Plan) -> Result<()> {
    match plan.job.spec().score_level {
        Some(_) => Ok(()),
        None => Err(Failure::parameters("the plan leaves no levels for encrypted predictions")
            .help(
                "keep the features and the secret key: `estimate --scoring` makes a plan, `keygen --keys` its evaluation keys \
                 under that key; data and head are made anew. The decrypted head predicts without all that: `predict --head`",
            )),
    }
}
