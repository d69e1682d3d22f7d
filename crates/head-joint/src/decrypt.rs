//! Opening the trained head.

use ckks_threshold::{DecryptionShare, DecryptionSum, Release, Session};
use fhe_head::ckks::Encoder;
use fhe_head::client::{joint_release, joint_weights};
use fhe_head::server::EncryptedHead;
use ndarray::Array1;

use crate::error::{Error, Result};
use crate::terms::Terms;

impl Terms {
    /// The decryption of a head by the parties of `set`. `transcript` stands for what was computed, from what and by whom.
    ///
    /// # Errors
    /// [`Error::Threshold`] if the set or the head is not that of the terms; [`Error::Head`] if a vector is not encrypted;
    /// [`Error::Terms`] for a head before the last iteration.
    pub fn release(
        &self,
        session: &Session,
        set: &[usize],
        transcript: &[u8; 32],
        head: &EncryptedHead,
    ) -> Result<Release> {
        let iterations = self.plan().job.iterations();
        if head.iteration != iterations {
            return Err(Error::Terms(format!(
                "a head after {} iterations, where {iterations} were agreed on",
                head.iteration
            )));
        }
        let ciphertexts = joint_release(&self.plan().job, head)?;
        Ok(Release::new(session, self.budget(), set, transcript, ciphertexts)?)
    }

    /// The weights in the encrypted space, from the shares of a release.
    ///
    /// # Errors
    /// [`Error::Threshold`] for a share that is refused or missing; [`Error::Head`] if the training left its intervals.
    pub fn open(&self, release: &Release, shares: &[DecryptionShare]) -> Result<Vec<Array1<f64>>> {
        let mut sum = DecryptionSum::new(release);
        shares.iter().try_for_each(|share| sum.add(share))?;
        let slots = sum.finish(&Encoder::new(self.parameters()).private())?;
        Ok(joint_weights(&self.plan().job, &slots)?)
    }
}
