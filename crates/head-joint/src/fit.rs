//! All parties in one process.

use std::sync::Arc;

use ckks_threshold::{CommonRandomness, SecretShare};
use fhe_head::server;
use head_fit::{Data, Model};
use ndarray::Array1;

use crate::error::{Error, Result};
use crate::keys::keys_in_memory;
use crate::notes::InMemory;
use crate::party::{DataParty, Joining};
use crate::terms::Terms;

/// What came of a joint training.
#[derive(Clone, Debug)]
pub struct Fitted {
    /// The weights in the encrypted space, as they were decrypted.
    pub weights: Vec<Array1<f64>>,
    /// The head for features as they came.
    pub model: Model,
}

/// Trains one head on the data of several parties, all of whom, and the compute party, are in this process. Where a threshold of the parties
/// decrypts, the first ones do.
///
/// Parties in one process have nothing to fear from each other: first shares of keys are added without commitments to them.
///
/// # Errors
/// [`Error::Data`] if the terms do not hold for a party's data; those of keys, training and decryption.
pub fn fit(terms: &Terms, data: &[Data<'_>]) -> Result<Fitted> {
    let session = terms.session(&[0; 32], 0)?;
    let count = session.parties();
    if data.len() != count {
        return Err(Error::Terms(format!("data of {} parties, where there are {count}", data.len())));
    }
    let new = |index| DataParty::new(terms, &session, index, InMemory);
    let mut parties = (0..count).map(new).collect::<Result<Vec<_>>>()?;

    // keys
    let common = agree(&mut parties)?;
    let secrets: Vec<&SecretShare> = parties.iter().map(DataParty::secret).collect();
    let (public, keys) = keys_in_memory(terms, &session, &common, &secrets)?;
    if session.threshold() < count {
        deal(&mut parties, &common)?;
    }

    // data
    let mut blocks = Vec::new();
    for (party, data) in parties.iter().zip(data) {
        let samples = party.samples(data)?;
        blocks.extend(party.encryptor(&public, &samples)?.blocks()?);
    }

    // the compute party
    let head = server::train(Arc::new(keys), &terms.plan().job, &blocks)?;

    // decryption
    let set: Vec<usize> = (0..session.threshold()).collect();
    let release = terms.release(&session, &set, &[0; 32], &head)?;
    let shares = parties.iter_mut().take(set.len()).map(|party| party.decryption_share(&release));
    let weights = terms.open(&release, &shares.collect::<Result<Vec<_>>>()?)?;
    let model = terms.model(&weights)?;
    Ok(Fitted { weights, model })
}

fn agree(parties: &mut [DataParty<'_, InMemory>]) -> Result<CommonRandomness> {
    let joined: Vec<Joining> = parties.iter().map(|party| party.joining(String::new())).collect();
    let reveals = parties.iter_mut().map(|party| party.reveal(&joined).cloned());
    let contributions = reveals.collect::<Result<Vec<_>>>()?;
    match parties.first() {
        Some(party) => party.common(&joined, &contributions),
        None => Err(Error::Terms("a session without parties".into())),
    }
}

fn deal(parties: &mut [DataParty<'_, InMemory>], common: &CommonRandomness) -> Result<()> {
    for receiver in 0..parties.len() {
        let others = parties.iter().filter(|party| party.index() != receiver);
        let deals = others.map(|party| party.deal(common, receiver)).collect::<Result<Vec<_>>>()?;
        parties[receiver].collect(common, &deals)?;
    }
    Ok(())
}
