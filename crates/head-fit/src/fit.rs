//! Both parties in one process.

use std::sync::Arc;

use fhe_head::client::{DataEncryptor, decrypt_head, evaluation_keys_in_memory};
use fhe_head::server::{self, EncryptedState};
use fhe_head::trainer::unobserved;
use fhe_head::{Result, ckks};
use ndarray::{Array1, Array2, ArrayView2};
use std::ops::ControlFlow;

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
    let plan = &training.plan;
    // the data party
    let secret = ckks::SecretKey::generate(training.scheme.parameters())?;
    let keys = Arc::new(evaluation_keys_in_memory(&secret, &plan.keys)?);
    let encryptor = DataEncryptor::new(&secret, plan, &training.samples);
    let blocks = encryptor.blocks()?;
    let start = match &training.start {
        Some(weights) => encryptor.initial_state(weights)?,
        None => EncryptedState::default(),
    };
    // the compute party
    let engine = server::engine(keys, &plan.job)?;
    let ControlFlow::Continue(head) = server::resume(&engine, &plan.job, &blocks, start, unobserved)?;
    // the data party
    decrypt_head(&secret, &plan.job, &head)
}
