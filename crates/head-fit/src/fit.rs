//! Both parties in one process.

use std::convert::Infallible;
use std::ops::ControlFlow;
use std::sync::Arc;

use fhe_head::ckks::{EvaluationKeys, FreshCiphertext, SecretKey};
use fhe_head::client::{DataEncryptor, decrypt_head, evaluation_keys};
use fhe_head::server::{self, EncryptedState};
use fhe_head::{Error, Result};
use ndarray::{Array1, Array2, ArrayView2};
use rayon::prelude::*;

use crate::classifier::Classifier;
use crate::data::Data;
use crate::kind::HeadKind;
use crate::model::Model;
use crate::training::Training;

/// What came of an encrypted training.
#[derive(Clone, Debug)]
pub struct Fitted {
    /// The decrypted head, for features as they came.
    pub model: Model,
    /// The training.
    pub training: Training,
}

impl Classifier {
    /// Trains on encrypted samples, with both parties in this process: `x` is samples by features, `y` their class indices.
    ///
    /// # Errors
    /// As [`Self::prepare`]; [`fhe_head::Error::Diverged`] if the training left its intervals.
    pub fn fit_encrypted(&self, x: &Array2<f64>, y: &Array1<f64>) -> Result<Fitted> {
        self.fit_encrypted_on(&Data::new(x.view(), y.view())?)
    }

    /// As [`Self::fit_encrypted`], on labels of any kind.
    ///
    /// # Errors
    /// As [`Self::fit_encrypted`].
    pub fn fit_encrypted_on(&self, data: &Data<'_>) -> Result<Fitted> {
        let training = self.prepare(data, None)?;
        let model = training.model(&encrypt_and_train(&training)?)?;
        Ok(Fitted { model, training })
    }
}

impl Fitted {
    /// Predicted classes of samples (rows). [`Model`] has what is predicted of other labels.
    ///
    /// # Errors
    /// As [`Model::predict`].
    pub fn predict(&self, x: &ArrayView2<'_, f64>) -> Result<Vec<usize>> {
        self.model.predict(x)
    }
}

/// Makes keys, encrypts the samples, trains on the ciphertexts and decrypts the weights: one period of each vector.
///
/// # Errors
/// Those of keys, encryption and training; [`fhe_head::Error::Diverged`] if the training left its intervals.
pub fn encrypt_and_train<K: HeadKind>(training: &Training<K>) -> Result<Vec<Array1<f64>>> {
    let mut unwatched = |_| Ok(());
    Parties::new(training, &mut unwatched)?.train(training, &mut unwatched)
}

/// A part of the work of [`Parties`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The data party makes keys.
    Keys,
    /// The data party encrypts blocks of samples.
    Encryption,
    /// The compute party does iterations.
    Training,
}

/// How much of a part is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Which part.
    pub part: Part,
    /// Keys, blocks or iterations that are done,
    pub done: usize,
    /// of so many; 0 where nobody counted them beforehand.
    pub total: usize,
}

/// Gets the progress after each key, block and iteration. Its error ends the work.
pub type Watch<'a> = dyn FnMut(Progress) -> Result<()> + 'a;

/// Both parties in this process: the data party's secret key and the compute party's evaluation keys, for trainings of one plan.
pub struct Parties {
    secret: SecretKey,
    keys: Arc<EvaluationKeys>,
}

impl Parties {
    /// The data party makes the keys of a plan.
    ///
    /// # Errors
    /// Those of keys and of `watch`.
    pub fn new<K: HeadKind>(training: &Training<K>, watch: &mut Watch<'_>) -> Result<Self> {
        let secret = SecretKey::generate(training.scheme.parameters())?;
        let mut keys = EvaluationKeys::new(secret.parameters(), secret.key_id());
        let mut done = 0;
        evaluation_keys(&secret, &training.plan.keys, |key| {
            keys.insert(key)?;
            done += 1;
            watch(Progress { part: Part::Keys, done, total: 0 })
        })?;
        Ok(Self { secret, keys: Arc::new(keys) })
    }

    /// The data party encrypts the samples, the compute party trains on the ciphertexts, the data party decrypts the weights: one period
    /// of each vector.
    ///
    /// # Errors
    /// Those of encryption, training and `watch`; [`fhe_head::Error::Diverged`] if the training left its intervals.
    pub fn train<K: HeadKind>(
        &self,
        training: &Training<K>,
        watch: &mut Watch<'_>,
    ) -> Result<Vec<Array1<f64>>> {
        let (plan, job) = (&training.plan, &training.plan.job);
        // the data party
        let encryptor = DataEncryptor::new(&self.secret, plan, &training.samples);
        let total = job.packing().blocks();
        let mut blocks = Vec::with_capacity(total);
        for block in 0..total {
            let fresh = encryptor.ciphertexts(block, &encryptor.packed(block)?, &job.layout().items())?;
            blocks.push(job.layout().assemble(fresh.into_par_iter().map(FreshCiphertext::expand).collect())?);
            watch(Progress { part: Part::Encryption, done: block + 1, total })?;
        }
        let start = match &training.start {
            Some(weights) => encryptor.initial_state(weights)?,
            None => EncryptedState::default(),
        };
        // the compute party
        let engine = server::engine(self.keys.clone(), job)?;
        let ControlFlow::Continue(head) = server::resume(&engine, job, &blocks, start, |state| {
            watch(Progress { part: Part::Training, done: state.iteration, total: job.iterations() })?;
            Ok::<_, Error>(ControlFlow::<Infallible>::Continue(()))
        })?;
        // the data party
        decrypt_head(&self.secret, job, &head)
    }
}
