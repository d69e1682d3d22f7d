//! Where samples become ciphertexts.

use std::path::Path;

use fhe_head::SampleView;
use fhe_head::client::{DataEncryptor, encrypt_for_scoring};

use super::DataParty;
use crate::console::Console;
use crate::exit::{Failure, Result};
use crate::files::ciphertexts;
use crate::identity::{Identity, PublicKey};
use crate::samples::Matrix;

/// Encrypted samples that were written.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Encrypted {
    /// Number of ciphertexts.
    pub(crate) ciphertexts: usize,
    /// Size of the file in bytes.
    pub(crate) bytes: u64,
}

impl DataParty {
    /// Encrypts samples to train on, and the start weights if the plan has any, and writes them to a file.
    ///
    /// # Errors
    /// A failed encryption or write; ^C.
    pub(crate) fn encrypt_training<'a>(
        &'a self,
        samples: SampleView<'a>,
        path: &Path,
        identity: &Identity,
        console: &Console,
    ) -> Result<Encrypted> {
        let plan = self.plan();
        let encryptor = DataEncryptor::new(&self.secret, plan, samples).with_start(self.file.start());
        let origin = self.file.origin()?;
        let bytes = ciphertexts::write_data(path, plan, &encryptor, &origin, identity, console)?;
        Ok(Encrypted { ciphertexts: plan.sizes.ciphertexts, bytes })
    }

    /// Encrypts samples to score and writes them to a file.
    ///
    /// # Errors
    /// Samples of other features than the plan's; a failed encryption or write.
    pub(crate) fn encrypt_for_scoring(
        &self,
        matrix: &Matrix,
        path: &Path,
        identity: &Identity,
        console: &Console,
    ) -> Result<Encrypted> {
        let phase = console.phase("encrypt", 1);
        let (x, origin) = (self.file.features(matrix)?, self.file.origin_of_samples(matrix)?);
        let blocks = encrypt_for_scoring(&self.secret, self.file.job(), &x.view())?;
        let of = (self.file.job(), &origin);
        let bytes = ciphertexts::write_samples(path, &self.secret, of, &blocks, identity)?;
        phase.done();
        Ok(Encrypted { ciphertexts: blocks.iter().map(Vec::len).sum(), bytes })
    }

    /// Whether a file holds these samples, encrypted by this plan and signed by `signer`: those of a run that was interrupted.
    ///
    /// # Errors
    /// Samples of other features than the plan's; a file that cannot be read; ^C.
    pub(crate) fn has_encrypted_for_scoring(
        &self,
        matrix: &Matrix,
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
