//! Randomness that no party can choose: each commits to a contribution, then all reveal.

use ckks::{KeyId, KeyPurpose, KeyShape};

use crate::error::{Error, Result};
use crate::protocol::Protocol;
use crate::session::Session;

/// One party's contribution: 32 random bytes, unknown to the others until all have committed to theirs.
#[derive(Clone, PartialEq, Eq)]
pub struct Contribution(pub [u8; 32]);

/// What a party sends before it reveals its contribution. It tells nothing, and leaves no choice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Commitment(pub [u8; 32]);

impl Contribution {
    /// Draws one.
    ///
    /// # Errors
    /// [`Error::Ckks`] if the operating system provides no randomness.
    pub fn generate() -> Result<Self> {
        let mut bytes = [0; 32];
        ckks::SecureRng::from_os().map_err(ckks::Error::from)?.fill(&mut bytes);
        Ok(Self(bytes))
    }

    /// The commitment to it by `party` in this session.
    #[must_use]
    pub fn commitment(&self, session: &Session, party: usize) -> Commitment {
        let mut hasher = blake3::Hasher::new_derive_key("ckks-threshold 1 commitment");
        hasher.update(session.tag()).update(&(party as u64).to_le_bytes()).update(&self.0);
        Commitment(*hasher.finalize().as_bytes())
    }
}

/// Unknown until everybody has committed, so that nobody can choose public polynomials.
impl std::fmt::Debug for Contribution {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Contribution(..)")
    }
}

/// The common randomness of a session: all public polynomials are an extendable output of it.
///
/// Each key has a seed of its own, a function of session, attempt, purpose, level, special primes and digits. Two keys that shared a
/// polynomial `a` would give a share away: the difference of their halves is `(P_1 - P_2) s_i + e`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommonRandomness([u8; 32]);

impl CommonRandomness {
    /// Puts the contributions of all parties together, each of which must be the one that the party committed to.
    ///
    /// # Errors
    /// [`Error::Missing`] if there is not one of each party; [`Error::Refused`] if one is not what was committed to.
    pub fn finish(
        session: &Session,
        commitments: &[Commitment],
        contributions: &[Contribution],
    ) -> Result<Self> {
        let what = "contribution to the common randomness";
        let parties = session.parties();
        for party in 0..parties {
            let (Some(commitment), Some(contribution)) = (commitments.get(party), contributions.get(party))
            else {
                return Err(Error::Missing { what: what.into(), party });
            };
            if contribution.commitment(session, party) != *commitment {
                let reason = "it is not the one that the party committed to".into();
                return Err(Error::Refused { what: what.into(), party, reason });
            }
        }
        let mut hasher = blake3::Hasher::new_derive_key("ckks-threshold 1 common randomness");
        hasher.update(session.tag());
        contributions[..parties].iter().for_each(|contribution| {
            hasher.update(&contribution.0);
        });
        Ok(Self(*hasher.finalize().as_bytes()))
    }

    /// The id of the key that nobody has: the sum of the shares.
    #[must_use]
    pub fn key_id(&self) -> KeyId {
        let mut id = [0; 16];
        id.copy_from_slice(&self.derive(b"key id")[..16]);
        KeyId(id)
    }

    /// The seed of the public halves of a key.
    #[must_use]
    pub fn seed(&self, protocol: &Protocol) -> [u8; 32] {
        match protocol {
            Protocol::PublicKey => self.derive(b"public key"),
            Protocol::Galois { g, shape } => self.key_seed(KeyPurpose::Galois(*g), *shape),
            // both rounds make one key
            Protocol::RelinearisationOne { shape } | Protocol::RelinearisationTwo { shape } => {
                self.key_seed(KeyPurpose::Relinearisation, *shape)
            }
        }
    }

    fn key_seed(&self, purpose: KeyPurpose, shape: KeyShape) -> [u8; 32] {
        self.derive(&purpose.label(shape, shape.special))
    }

    fn derive(&self, label: &[u8]) -> [u8; 32] {
        *blake3::Hasher::new_keyed(&self.0).update(label).finalize().as_bytes()
    }
}
