//! What the parties make together, one share each; and the sum of the shares.

use ckks::{KeyShape, Parameters, PublicKey};
use ckks_math::{Basis, Ntt, Poly};

use crate::error::{Error, Result};
use crate::session::{Sender, Session};

/// A step in which each party sends a share, and the shares are added.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Protocol {
    /// The public encryption key.
    PublicKey,
    /// A Galois key.
    Galois {
        /// The Galois element.
        g: usize,
        /// The shape of the key.
        shape: KeyShape,
    },
    /// The first round of a relinearisation key.
    RelinearisationOne {
        /// The shape of the key.
        shape: KeyShape,
    },
    /// The second round, with the sum of the first.
    RelinearisationTwo {
        /// The shape of the key.
        shape: KeyShape,
    },
}

impl Protocol {
    /// The primes of a share's polynomials.
    #[must_use]
    pub fn basis(&self, parameters: &Parameters) -> Basis {
        match self {
            Self::PublicKey => PublicKey::basis(parameters),
            Self::Galois { shape, .. }
            | Self::RelinearisationOne { shape }
            | Self::RelinearisationTwo { shape } => shape.basis(),
        }
    }

    /// Number of polynomials of a share: one for each digit of a key, two of a relinearisation key's first round.
    ///
    /// In the second round a party sends `s_i h_0 + e` and `(u_i - s_i) h_1 + e'` as one sum, since the key is their sum.
    #[must_use]
    pub fn polys(&self) -> usize {
        match self {
            Self::PublicKey => 1,
            Self::Galois { shape, .. } | Self::RelinearisationTwo { shape } => shape.digits(),
            Self::RelinearisationOne { shape } => 2 * shape.digits(),
        }
    }

    /// Refuses a shape outside the security table, or one that the parameters do not have.
    pub(crate) fn check(&self, parameters: &Parameters) -> Result<()> {
        match self {
            Self::PublicKey => Ok(()),
            Self::Galois { shape, .. }
            | Self::RelinearisationOne { shape }
            | Self::RelinearisationTwo { shape } => {
                Ok(parameters.check_key(*shape, parameters.literal().secret)?)
            }
        }
    }

    /// Separates what is drawn for it.
    #[cfg(feature = "client")]
    pub(crate) fn label(&self) -> Vec<u8> {
        use ckks::KeyPurpose;
        let (round, key) = match self {
            Self::PublicKey => (0, Vec::new()),
            Self::Galois { g, shape } => (1, KeyPurpose::Galois(*g).label(*shape, shape.special)),
            Self::RelinearisationOne { shape } => {
                (1, KeyPurpose::Relinearisation.label(*shape, shape.special))
            }
            Self::RelinearisationTwo { shape } => {
                (2, KeyPurpose::Relinearisation.label(*shape, shape.special))
            }
        };
        [b"ckks-threshold share", &[round][..], &key].concat()
    }
}

impl std::fmt::Display for Protocol {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::PublicKey => f.write_str("share of the public key"),
            Self::Galois { g, shape } => {
                write!(f, "share of the Galois key of element {g}, level {}", shape.level)
            }
            Self::RelinearisationOne { shape } => {
                write!(f, "first share of the relinearisation key, level {}", shape.level)
            }
            Self::RelinearisationTwo { shape } => {
                write!(f, "second share of the relinearisation key, level {}", shape.level)
            }
        }
    }
}

/// One party's share.
#[derive(Clone)]
pub struct Share {
    /// Who sent it.
    pub sender: Sender,
    /// What it is a share of.
    pub protocol: Protocol,
    /// Its polynomials, over [`Protocol::basis`], [`Protocol::polys`] of them.
    pub polys: Vec<Poly<Ntt>>,
}

impl Share {
    /// The digest that a party sends before it reveals the share, so that nobody chooses a share after seeing the others'. A share
    /// chosen so could make the public key one whose secret the sender knows.
    #[must_use]
    pub fn digest(&self) -> [u8; 32] {
        let mut hasher = blake3::Hasher::new_derive_key("ckks-threshold 1 share");
        hasher.update(&self.sender.session).update(&(self.sender.party as u64).to_le_bytes());
        hasher.update(self.protocol.to_string().as_bytes());
        digest_polys(&mut hasher, &self.polys);
        *hasher.finalize().as_bytes()
    }
}

pub(crate) fn digest_polys(hasher: &mut blake3::Hasher, polys: &[Poly<Ntt>]) {
    const PUBLIC: [u8; 32] = [0; 32];
    for poly in polys {
        hasher.update(&poly.keyed_digest(&PUBLIC));
    }
}

/// Whether each residue is below its prime. Looks at all of them, whatever they are.
pub(crate) fn is_reduced(poly: &Poly<Ntt>) -> bool {
    (0..poly.basis().limbs()).fold(true, |all, i| {
        let prime = poly.modulus(i).value();
        all & poly.rows(i).flatten().fold(true, |all, word| all & (*word < prime))
    })
}

/// A sum of shares. Shares may come in any order; what is not a share of this session and protocol is refused by the party's number.
pub struct Sum {
    session: Session,
    protocol: Protocol,
    polys: Vec<Poly<Ntt>>,
    has: Vec<bool>,
}

impl Sum {
    /// An empty sum.
    ///
    /// # Errors
    /// [`Error::Ckks`] if the key lies outside the security table.
    pub fn new(session: &Session, protocol: Protocol) -> Result<Self> {
        protocol.check(session.parameters())?;
        let (ring, basis) = (session.parameters().ring(), protocol.basis(session.parameters()));
        let polys = (0..protocol.polys()).map(|_| Poly::zero(ring, basis)).collect();
        Ok(Self { session: session.clone(), protocol, polys, has: vec![false; session.parties()] })
    }

    /// What it is a sum of.
    #[must_use]
    pub fn protocol(&self) -> Protocol {
        self.protocol
    }

    /// Adds a share.
    ///
    /// # Errors
    /// [`Error::OtherSession`] and [`Error::Refused`] if it is not this party's share of this sum, or the party's share is in it.
    pub fn add(&mut self, share: &Share) -> Result<()> {
        let what = self.protocol.to_string();
        self.session.expect(&share.sender, &what)?;
        let party = share.sender.party;
        let refuse = |reason: String| Err(Error::Refused { what: what.clone(), party, reason });
        if share.protocol != self.protocol {
            return refuse(format!("got a {}", share.protocol));
        }
        if self.has[party] {
            return refuse("it has come already".into());
        }
        let basis = self.protocol.basis(self.session.parameters());
        let ring = self.session.parameters().ring();
        let fits = |poly: &Poly<Ntt>| poly.basis() == basis && std::sync::Arc::ptr_eq(poly.ring(), ring);
        if share.polys.len() != self.polys.len() || !share.polys.iter().all(fits) {
            return refuse(format!("expected {} polynomials over {basis:?}", self.polys.len()));
        }
        if !share.polys.iter().all(is_reduced) {
            return refuse("a residue is not below its prime".into());
        }
        self.polys.iter_mut().zip(&share.polys).for_each(|(sum, poly)| sum.add_assign(poly));
        self.has[party] = true;
        Ok(())
    }

    /// The sum of the shares of all parties.
    ///
    /// # Errors
    /// [`Error::Missing`] if one has not come.
    pub fn finish(self) -> Result<Vec<Poly<Ntt>>> {
        match self.has.iter().position(|has| !has) {
            Some(party) => Err(Error::Missing { what: self.protocol.to_string(), party }),
            None => Ok(self.polys),
        }
    }
}
