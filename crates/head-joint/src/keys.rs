//! Keys that all parties make together: shares at each party, sums at whoever adds.

use std::collections::BTreeMap;

use ckks_threshold::{
    CommonRandomness, Protocol, RelinearisationSum, SecretShare, Session, Share, Sum, galois_key, public_key,
    relinearisation_key,
};
use fhe_head::ckks::{EvaluationKeys, KeyPurpose, PublicKey, SwitchingKey};

use crate::error::{Error, Result};
use crate::terms::Terms;

impl Terms {
    /// What the parties make in the first round: the public key, the Galois keys, and the first shares of the relinearisation key.
    pub fn first_round(&self) -> Vec<Protocol> {
        let keys = self.keys().into_iter().map(|(purpose, shape)| match purpose {
            KeyPurpose::Galois(g) => Protocol::Galois { g, shape },
            _ => Protocol::RelinearisationOne { shape },
        });
        std::iter::once(Protocol::PublicKey).chain(keys).collect()
    }

    /// What they make in the second round, with the sum of the first shares.
    pub fn second_round(&self) -> Option<Protocol> {
        self.first_round().into_iter().find_map(|protocol| match protocol {
            Protocol::RelinearisationOne { shape } => Some(Protocol::RelinearisationTwo { shape }),
            _ => None,
        })
    }
}

/// A party's share of the first round.
///
/// # Errors
/// [`Error::Threshold`] if the key lies outside the security table, or belongs to the second round.
pub fn first_share(secret: &SecretShare, common: &CommonRandomness, protocol: Protocol) -> Result<Share> {
    Ok(match protocol {
        Protocol::PublicKey => secret.public_key(common),
        Protocol::Galois { g, shape } => secret.galois_key(common, g, shape)?,
        Protocol::RelinearisationOne { shape } => secret.relinearisation_one(common, shape)?,
        Protocol::RelinearisationTwo { .. } => {
            return Err(Error::Terms("the second round needs the sum of the first".into()));
        }
    })
}

/// The sum of the shares of all parties. `share` gives that of each, one at a time, so that memory holds one.
///
/// # Errors
/// Those of `share`; [`ckks_threshold::Error`] for a share that is refused.
pub fn sum<X: From<Error>>(
    session: &Session,
    protocol: Protocol,
    mut share: impl FnMut(usize) -> Result<Share, X>,
) -> Result<Sum, X> {
    let mut sum = Sum::new(session, protocol).map_err(Error::from)?;
    for party in 0..session.parties() {
        let share = share(party)?;
        expect_sender(&share, party)?;
        sum.add(&share).map_err(Error::from)?;
    }
    Ok(sum)
}

/// Refuses a share that one party sends in another's name.
fn expect_sender(share: &Share, party: usize) -> Result<()> {
    if share.sender.party == party {
        return Ok(());
    }
    let reason = format!("it says that party {} made it", share.sender.party);
    Err(ckks_threshold::Error::Refused { what: share.protocol.to_string(), party, reason }.into())
}

/// A finished key of the first round, or what the second round needs.
pub enum Finished {
    /// The public key.
    Public(PublicKey),
    /// An evaluation key.
    Evaluation(SwitchingKey),
    /// The sum of the first shares of the relinearisation key.
    Relinearisation(RelinearisationSum),
}

/// Finishes a sum of the first round.
///
/// # Errors
/// [`Error::Threshold`] if a share has not come, or the sum is of the second round.
pub fn finish(session: &Session, common: &CommonRandomness, sum: Sum) -> Result<Finished> {
    Ok(match sum.protocol() {
        Protocol::PublicKey => Finished::Public(public_key(session, common, sum)?),
        Protocol::Galois { .. } => Finished::Evaluation(galois_key(session, common, sum)?),
        Protocol::RelinearisationOne { .. } | Protocol::RelinearisationTwo { .. } => {
            Finished::Relinearisation(RelinearisationSum::finish(sum)?)
        }
    })
}

/// All keys in memory, of parties in this process.
///
/// # Errors
/// [`Error::Threshold`] from the protocols.
pub fn keys_in_memory(
    terms: &Terms,
    session: &Session,
    common: &CommonRandomness,
    secrets: &[&SecretShare],
) -> Result<(PublicKey, EvaluationKeys)> {
    let of = |party: usize| {
        secrets.get(party).copied().ok_or_else(|| {
            Error::from(ckks_threshold::Error::Missing { what: "share of the secret".into(), party })
        })
    };
    let mut keys = EvaluationKeys::new(terms.parameters(), common.key_id());
    let (mut public, mut first) = (None, BTreeMap::new());
    for protocol in terms.first_round() {
        let sum = sum(session, protocol, |party| first_share(of(party)?, common, protocol))?;
        match finish(session, common, sum)? {
            Finished::Public(key) => public = Some(key),
            Finished::Evaluation(key) => keys.insert(key)?,
            Finished::Relinearisation(sum) => {
                first.insert(protocol, sum);
            }
        }
    }
    for (protocol, first) in first {
        let Protocol::RelinearisationOne { shape } = protocol else { continue };
        let second = Protocol::RelinearisationTwo { shape };
        let second =
            sum(session, second, |party| Ok::<_, Error>(of(party)?.relinearisation_two(common, &first)?))?;
        keys.insert(relinearisation_key(session, common, first, second)?)?;
    }
    match public {
        Some(public) => Ok((public, keys)),
        None => Err(Error::Terms("no public key among the keys".into())),
    }
}
