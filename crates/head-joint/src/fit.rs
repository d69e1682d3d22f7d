//! All parties in one process.

use std::sync::Arc;

use ckks_threshold::{CommonRandomness, Contribution, Ledger, SecretShare};
use fhe_head::client::DataEncryptor;
use fhe_head::server;
use head_fit::{Data, Model};
use ndarray::Array1;

use crate::error::{Error, Result};
use crate::keys::keys_in_memory;
use crate::terms::Terms;

/// What came of a joint training.
#[derive(Clone, Debug)]
pub struct Fitted {
    /// The weights in the encrypted space, as they were decrypted.
    pub weights: Vec<Array1<f64>>,
    /// The head for features as they came.
    pub model: Model,
}

/// Trains one head on the data of several parties, all of whom, and the compute party, are in this process. A threshold of the parties
/// is not used: all decrypt.
///
/// # Errors
/// [`Error::Data`] if the terms do not hold for a party's data; those of keys, training and decryption.
pub fn fit(terms: &Terms, data: &[Data<'_>]) -> Result<Fitted> {
    // all agree
    let session = terms.session(&[0; 32], 0)?;
    let parties = session.parties();
    if session.threshold() != parties {
        return Err(Error::Terms("in one process all parties decrypt".into()));
    }
    if data.len() != parties {
        return Err(Error::Terms(format!("data of {} parties, where there are {parties}", data.len())));
    }
    let contributions = (0..parties).map(|_| Contribution::generate()).collect::<Result<Vec<_>, _>>()?;
    let commitments: Vec<_> =
        contributions.iter().enumerate().map(|(party, one)| one.commitment(&session, party)).collect();
    let common = CommonRandomness::finish(&session, &commitments, &contributions)?;

    // each makes its shares of the keys, and encrypts
    let secrets =
        (0..parties).map(|party| SecretShare::generate(&session, party)).collect::<Result<Vec<_>, _>>()?;
    let (public, keys) = keys_in_memory(terms, &session, &common, &secrets)?;
    let mut blocks = Vec::new();
    for (party, data) in data.iter().enumerate() {
        let samples = terms.samples(party, data)?;
        let encryptor = DataEncryptor::new(&public, terms.plan(), &samples).of_part(terms.part(party)?)?;
        blocks.extend(encryptor.blocks()?);
    }

    // the compute party trains
    let head = server::train(Arc::new(keys), &terms.plan().job, &blocks)?;

    // all decrypt
    let set: Vec<usize> = (0..parties).collect();
    let release = terms.release(&session, &set, &[0; 32], &head)?;
    let share = |secret: &SecretShare| secret.decryption_share(&release, &mut Ledger::default());
    let shares = secrets.iter().map(share).collect::<Result<Vec<_>, _>>()?;
    let weights = terms.open(&release, &shares)?;
    let model = terms.model(&weights)?;
    Ok(Fitted { weights, model })
}
