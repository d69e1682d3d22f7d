//! What files belong to: the origin of data, samples, heads and scores, and the generations of evaluation keys.

use fhe_head::ckks::KeyId;
use fhe_head::files::{Digest, Origin, RunId, Tag};
use ndarray::Array2;

use super::PlanFile;
use super::binding::{Binding, finish, random};
use crate::exit::{Failure, Result};
use crate::files::keys::Generation;
use crate::samples::{Matrix, Rows};

impl PlanFile {
    /// The run.
    pub(crate) fn run(&self) -> RunId {
        self.contents.binding.run
    }

    /// What the data to train on belong to, and with its keys the head that comes of them.
    ///
    /// # Errors
    /// None in practice: a plan can be written as JSON.
    pub(crate) fn origin(&self) -> Result<Origin> {
        let Binding { run, continues, samples, validation, salt } = &self.contents.binding;
        let text = serde_json::to_vec(&self.contents)
            .map_err(|error| Failure::unexpected("cannot write the plan as JSON").because(error))?;
        // the file of its arrays is in there as a digest
        let plan = finish(salt.hasher("train-head 2026-11 plan").update(&text));
        let (samples, validation) = (Some(*samples), *validation);
        Ok(Origin { run: *run, plan, continues: *continues, keys: None, samples, validation })
    }

    /// What samples to score belong to, and with its keys their scores.
    ///
    /// # Errors
    /// As [`Self::origin`].
    pub(crate) fn origin_of_samples<X: Rows>(&self, matrix: &Matrix<X>) -> Result<Origin> {
        let samples = Some(self.contents.binding.salt.of_features(matrix)?);
        Ok(Origin { samples, validation: None, ..self.origin()? })
    }

    /// Refuses training samples that the plan was not made from. `y` are their encoded labels.
    ///
    /// # Errors
    /// They differ in a feature, a label, a weight or their order.
    pub(crate) fn expect_training<X: Rows>(&self, matrix: &Matrix<X>, y: &Array2<f64>) -> Result<()> {
        let Binding { salt, samples, .. } = &self.contents.binding;
        if salt.of_training(matrix, y)? == *samples {
            return Ok(());
        }
        Err(Failure::data(
            "the plan was made from other data: features, labels, weights or their order differ",
        )
        .help("give the data that `estimate` got, or make a plan for these: `train-head estimate`"))
    }

    /// Names a new generation of evaluation keys of this run. The data party recognises it ([`Self::made`]); to others it is random.
    ///
    /// # Errors
    /// The operating system gives no randomness.
    pub(crate) fn new_generation(&self, key: KeyId) -> Result<Generation> {
        let nonce: Tag<16> = random()?;
        let mut generation = [0; 32];
        generation[..16].copy_from_slice(&nonce.0);
        generation[16..].copy_from_slice(&self.mark_of_keys(&nonce.0, key));
        Ok(Generation { run: self.run(), generation: Tag(generation) })
    }

    /// Whether evaluation keys of this generation were made by the plan, under this secret key.
    pub(crate) fn made(&self, generation: &Digest, key: KeyId) -> bool {
        let (nonce, mark) = generation.0.split_at(16);
        self.mark_of_keys(nonce, key) == *mark
    }

    fn mark_of_keys(&self, nonce: &[u8], key: KeyId) -> [u8; 16] {
        let mut hasher = self.contents.binding.salt.hasher("train-head 2026-11 evaluation keys");
        let mut mark = [0; 16];
        hasher.update(nonce).update(&key.0).finalize_xof().fill(&mut mark);
        mark
    }

    /// Whether two plans differ in nothing but the names of their runs.
    pub(crate) fn is_same_but_for_its_run(&self, other: &Self) -> bool {
        let mut renamed = other.clone();
        renamed.contents.binding = self.contents.binding.clone();
        *self == renamed
    }
}
