//! Keys from sums of shares. Whoever adds needs no secret.

use ckks::{KeyPurpose, PublicKey, SwitchingKey};
use ckks_math::{Ntt, Poly};

use crate::common::CommonRandomness;
use crate::error::{Error, Result};
use crate::protocol::{Protocol, Sum, digest_polys};
use crate::session::Session;

/// The sum of the shares of a relinearisation key's first round: what the second round works on.
#[derive(Clone)]
pub struct RelinearisationSum {
    pub(crate) protocol: Protocol,
    /// `h_0` and `h_1` of each digit.
    pub(crate) halves: Vec<[Poly<Ntt>; 2]>,
}

impl RelinearisationSum {
    /// From the sum of all first shares.
    ///
    /// # Errors
    /// [`Error::Missing`] if one has not come; [`Error::Session`] for shares of something else.
    pub fn finish(sum: Sum) -> Result<Self> {
        let protocol = sum.protocol();
        if !matches!(protocol, Protocol::RelinearisationOne { .. }) {
            return Err(Error::Session(format!(
                "got a {protocol} for the second round of a relinearisation key"
            )));
        }
        let mut polys = sum.finish()?.into_iter();
        let mut halves = Vec::new();
        while let (Some(first), Some(second)) = (polys.next(), polys.next()) {
            halves.push([first, second]);
        }
        Ok(Self { protocol, halves })
    }

    /// Its digest. The second round's noise is a function of it, and a party that has answered one sum answers no other.
    #[must_use]
    pub fn digest(&self) -> [u8; 32] {
        let mut hasher = blake3::Hasher::new_derive_key("ckks-threshold 1 sum of first shares");
        self.halves.iter().for_each(|halves| digest_polys(&mut hasher, halves));
        *hasher.finalize().as_bytes()
    }
}

/// The public encryption key.
///
/// # Errors
/// [`Error::Missing`] if a share has not come; [`Error::Session`] for shares of something else.
pub fn public_key(session: &Session, common: &CommonRandomness, sum: Sum) -> Result<PublicKey> {
    let protocol = sum.protocol();
    let mut polys = sum.finish()?;
    match (protocol, polys.pop()) {
        (Protocol::PublicKey, Some(b)) => {
            Ok(PublicKey::from_parts(session.parameters(), common.key_id(), common.seed(&protocol), b))
        }
        _ => Err(Error::Session(format!("got a {protocol} for the public key"))),
    }
}

/// A Galois key.
///
/// # Errors
/// As [`public_key`].
pub fn galois_key(session: &Session, common: &CommonRandomness, sum: Sum) -> Result<SwitchingKey> {
    let protocol = sum.protocol();
    let Protocol::Galois { g, shape } = protocol else {
        return Err(Error::Session(format!("got a {protocol} for a Galois key")));
    };
    let (parameters, purpose) = (session.parameters(), KeyPurpose::Galois(g));
    let seed = common.seed(&protocol);
    Ok(SwitchingKey::from_parts(parameters, common.key_id(), purpose, shape, seed, sum.finish()?))
}

/// The relinearisation key, from the sums of both rounds.
///
/// # Errors
/// As [`public_key`]; [`Error::Ckks`] if the rounds are of different shapes.
pub fn relinearisation_key(
    session: &Session,
    common: &CommonRandomness,
    first: RelinearisationSum,
    second: Sum,
) -> Result<SwitchingKey> {
    let protocol = second.protocol();
    let Protocol::RelinearisationTwo { shape } = protocol else {
        return Err(Error::Session(format!("got a {protocol} for a relinearisation key")));
    };
    let halves: Vec<_> = second.finish()?.into_iter().zip(first.halves).map(|(b, [_, a])| [b, a]).collect();
    let (parameters, purpose) = (session.parameters(), KeyPurpose::Relinearisation);
    Ok(SwitchingKey::from_halves(parameters, common.key_id(), purpose, shape, &halves)?)
}
