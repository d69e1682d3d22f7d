//! What ties files to a plan: the run's name, keyed digests of what is private, and the generations of evaluation keys.

use std::fmt;

use fhe_head::ckks::KeyId;
use fhe_head::files::{Digest, Origin, RunId, Tag};
use ndarray::Array2;
use serde::{Deserialize, Serialize};

use super::PlanFile;
use crate::exit::{Failure, Result};
use crate::files::evaluation_keys::Generation;
use crate::samples::Matrix;

/// What a plan is known by.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Binding {
    /// Names the run.
    run: RunId,
    /// The earlier run whose head the training goes on from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    continues: Option<RunId>,
    /// Makes digests that travel; never leaves the data party.
    salt: Salt,
    /// Keyed digest of the samples to train on.
    samples: Digest,
    /// The same of those that are held out for validation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    validation: Option<Digest>,
}

/// A secret of the plan. Digests are keyed with it: without it nobody can try out which data have a digest.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
struct Salt(Tag<32>);

impl fmt::Debug for Salt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Salt")
    }
}

impl Salt {
    /// A keyed digest; `context` says of what.
    fn hasher(&self, context: &str) -> blake3::Hasher {
        blake3::Hasher::new_keyed(&blake3::derive_key(context, &self.0.0))
    }

    fn of_numbers<'a>(&self, context: &str, arrays: impl IntoIterator<Item = &'a Array2<f64>>) -> Digest {
        let mut hasher = self.hasher(context);
        for array in arrays {
            for length in array.shape() {
                hasher.update(&(*length as u64).to_le_bytes());
            }
            // -0 is 0
            let bytes: Vec<u8> = array.iter().flat_map(|number| (number + 0.0).to_le_bytes()).collect();
            hasher.update(&bytes);
        }
        finish(&hasher)
    }

    fn of_training(&self, matrix: &Matrix, y: &Array2<f64>) -> Digest {
        let weights = matrix.sample_weight().insert_axis(ndarray::Axis(1));
        self.of_numbers("train-head 2026-11 training samples", [&matrix.x, y, &weights])
    }

    fn of_features(&self, matrix: &Matrix) -> Digest {
        self.of_numbers("train-head 2026-11 samples to score", [&matrix.x])
    }
}

fn finish(hasher: &blake3::Hasher) -> Digest {
    Tag(*hasher.finalize().as_bytes())
}

fn random<const N: usize>() -> Result<Tag<N>> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes)
        .map_err(|error| Failure::unexpected("no randomness for the name of a run").because(error))?;
    Ok(Tag(bytes))
}

impl Binding {
    /// That of a new run on these samples, with their encoded labels.
    ///
    /// # Errors
    /// The operating system gives no randomness.
    pub(super) fn new(training: &Matrix, y: &Array2<f64>) -> Result<Self> {
        let salt = Salt(random()?);
        let samples = salt.of_training(training, y);
        Ok(Self { run: random()?, continues: None, salt, samples, validation: None })
    }

    /// That of a new run which goes on from the head of this one.
    ///
    /// # Errors
    /// The operating system gives no randomness.
    pub(super) fn continued(&self, training: &Matrix, y: &Array2<f64>) -> Result<Self> {
        Ok(Self { continues: Some(self.run), ..Self::new(training, y)? })
    }

    /// The same with samples held out for validation.
    pub(super) fn with_validation(self, validation: Option<&Matrix>) -> Self {
        let validation = validation.map(|matrix| self.salt.of_features(matrix));
        Self { validation, ..self }
    }
}

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
    pub(crate) fn origin_of_samples(&self, matrix: &Matrix) -> Result<Origin> {
        let samples = Some(self.contents.binding.salt.of_features(matrix));
        Ok(Origin { samples, validation: None, ..self.origin()? })
    }

    /// Refuses training samples that the plan was not made from. `y` are their encoded labels.
    ///
    /// # Errors
    /// They differ in a feature, a label, a weight or their order.
    pub(crate) fn expect_training(&self, matrix: &Matrix, y: &Array2<f64>) -> Result<()> {
        let Binding { salt, samples, .. } = &self.contents.binding;
        if salt.of_training(matrix, y) == *samples {
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
