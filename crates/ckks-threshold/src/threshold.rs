//! Decryption by some of the parties: shares of shares (Shamir), dealt when keys are made.
//!
//! Mouchet, Bertrand, Hubaux, *An Efficient Threshold Access-Structure for RLWE-Based Multiparty Homomorphic Encryption* (ePrint 2022/780),
//! section 3: each party shares its share of the secret by a polynomial of degree `t - 1` over the ring, and the sum of what a party
//! receives is its share of the whole. The set that decrypts is fixed first; its Lagrange factors come before the noise.

use ckks_math::{Modulus, Ntt, Poly, sample};
use zeroize::Zeroizing;

use crate::common::CommonRandomness;
use crate::decrypting::Mask;
use crate::decryption::DecryptionShare;
use crate::error::{Error, Result};
use crate::release::{Ledger, Release};
use crate::secret::SecretShare;
use crate::session::{Sender, Session};

/// What one party deals to another. It is as secret as a share of the secret, and travels sealed to its receiver.
#[derive(Clone)]
pub struct Deal {
    /// Who dealt it.
    pub sender: Sender,
    /// For whom, counted from 0.
    pub receiver: usize,
    /// The sharing polynomial at the receiver's point, over the primes up to the level of decryptions.
    pub value: Poly<Ntt>,
    /// The sender's half of the key of the masks between the two.
    pub mask: Zeroizing<[u8; 32]>,
}

impl Deal {
    /// What travels of it, sealed: the half of the key of masks, then the residues, 8 bytes each (little endian), prime after prime.
    #[must_use]
    pub fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        let limbs = self.value.basis().limbs();
        let mut bytes = Zeroizing::new(Vec::with_capacity(32 + 8 * limbs * self.value.ring().degree()));
        bytes.extend_from_slice(self.mask.as_ref());
        for i in 0..limbs {
            self.value.rows(i).flatten().for_each(|word| bytes.extend_from_slice(&word.to_le_bytes()));
        }
        bytes
    }

    /// What `from` dealt to `receiver` for decryptions at `level`, from what travelled.
    ///
    /// # Errors
    /// [`Error::Refused`] if there is no such party, or the bytes are not a polynomial at this level; [`Error::Budget`] if there is no such level.
    pub fn from_bytes(
        session: &Session,
        level: usize,
        (from, receiver): (usize, usize),
        bytes: &[u8],
    ) -> Result<Self> {
        session.expect_party(from, WHAT)?;
        session.expect_party(receiver, WHAT)?;
        let parameters = session.parameters();
        if level > parameters.max_level() {
            return Err(Error::Budget(format!(
                "level {level}, where the highest is {}",
                parameters.max_level()
            )));
        }
        let basis = parameters.basis(level);
        let expected = 32 + 8 * basis.limbs() * parameters.degree();
        let refuse = |reason: String| Error::Refused { what: WHAT.into(), party: from, reason };
        if bytes.len() != expected {
            return Err(refuse(format!("{} bytes, where {expected} are expected", bytes.len())));
        }
        let (half, words) = bytes.split_at(32);
        let mut mask = Zeroizing::new([0; 32]);
        mask.copy_from_slice(half);
        let mut value = Poly::<Ntt>::zero(parameters.ring(), basis).into_secret();
        let (mut words, _) = words.as_chunks::<8>();
        for i in 0..basis.limbs() {
            let (limb, rest) = words.split_at(parameters.degree());
            value
                .rows_mut(i)
                .flatten()
                .zip(limb)
                .for_each(|(word, bytes)| *word = u64::from_le_bytes(*bytes));
            words = rest;
        }
        if !crate::protocol::is_reduced(&value) {
            return Err(refuse("a residue is not below its prime".into()));
        }
        Ok(Self { sender: Sender { session: *session.tag(), party: from }, receiver, value, mask })
    }

    /// A digest that tells nothing of the deal: it is keyed by the half of a mask in it.
    #[must_use]
    pub fn digest(&self) -> [u8; 32] {
        let mut hasher = blake3::Hasher::new_keyed(&self.mask);
        hasher.update(b"ckks-threshold deal").update(&self.sender.session);
        hasher.update(&(self.sender.party as u64).to_le_bytes());
        hasher.update(&(self.receiver as u64).to_le_bytes());
        hasher.update(&self.value.keyed_digest(&self.mask));
        *hasher.finalize().as_bytes()
    }
}

/// A party's share of the whole secret, with which a threshold of parties decrypts.
pub struct ThresholdShare {
    value: Poly<Ntt>,
    /// The key of the masks between this party and each other.
    masks: Vec<Option<Zeroizing<[u8; 32]>>>,
}

const WHAT: &str = "dealt share";

impl SecretShare {
    /// What this party deals to `receiver`, for decryptions at `level`. The same each time.
    ///
    /// # Errors
    /// [`Error::Refused`] if there is no such party.
    pub fn deal(&self, common: &CommonRandomness, level: usize, receiver: usize) -> Result<Deal> {
        self.session.expect_party(receiver, WHAT)?;
        let parameters = self.session.parameters();
        let (ring, basis) = (parameters.ring(), parameters.basis(level));
        let message = common.key_id().0;
        let bytes = |label: &[u8]| {
            let label = [self.session.tag(), &b"ckks-threshold "[..], label].concat();
            let mut bytes = Zeroizing::new([0; 32]);
            let mut padded = [0; 32];
            padded[..16].copy_from_slice(&message);
            self.key.function_of(&label, &padded).fill(bytes.as_mut());
            bytes
        };
        // Horner's scheme, from the coefficient of degree t - 1 down to the secret
        let seed = bytes(b"sharing polynomial");
        let point = point(receiver);
        let mut value = Poly::zero(ring, basis).into_secret();
        let residues: Vec<u64> = ring.q()[..basis.q].iter().map(|prime| prime.reduce(point)).collect();
        for degree in (1..self.session.threshold()).rev() {
            value.add_assign(
                &sample::uniform(ring, basis, &seed, &(degree as u64).to_le_bytes()).into_secret(),
            );
            value.mul_scalar_assign(&residues);
        }
        value.add_assign(&self.key.poly().truncated(basis));
        let mask = bytes(&[b"mask".as_slice(), &(receiver as u64).to_le_bytes()].concat());
        Ok(Deal { sender: self.sender(), receiver, value, mask })
    }

    /// This party's share of the whole secret, from what all parties dealt to it; its own deal is one of them.
    ///
    /// # Errors
    /// [`Error::OtherSession`], [`Error::Refused`] if something was dealt to another party or at another level, or twice, or has a residue
    /// that is not below its prime;
    /// [`Error::Missing`] if something has not come.
    pub fn collect(&self, common: &CommonRandomness, level: usize, deals: &[Deal]) -> Result<ThresholdShare> {
        let parameters = self.session.parameters();
        let basis = parameters.basis(level);
        let mut value = Poly::zero(parameters.ring(), basis).into_secret();
        let mut masks: Vec<Option<Zeroizing<[u8; 32]>>> = vec![None; self.session.parties()];
        let mut has = vec![false; self.session.parties()];
        for deal in deals {
            self.session.expect(&deal.sender, WHAT)?;
            let party = deal.sender.party;
            let refuse = |reason: String| Err(Error::Refused { what: WHAT.into(), party, reason });
            if deal.receiver != self.party {
                return refuse(format!("it is for party {}", deal.receiver));
            }
            if deal.value.basis() != basis || !std::sync::Arc::ptr_eq(deal.value.ring(), parameters.ring()) {
                return refuse(format!("expected a polynomial over {basis:?}"));
            }
            if !crate::protocol::is_reduced(&deal.value) {
                return refuse("a residue is not below its prime".into());
            }
            if std::mem::replace(&mut has[party], true) {
                return refuse("it has come already".into());
            }
            value.add_assign(&deal.value);
            if party != self.party {
                let ours = self.deal(common, level, party)?.mask;
                let halves = if party < self.party { [&deal.mask, &ours] } else { [&ours, &deal.mask] };
                let mut hasher = blake3::Hasher::new_derive_key("ckks-threshold 1 mask");
                halves.iter().for_each(|half| {
                    hasher.update(half.as_ref());
                });
                masks[party] = Some(Zeroizing::new(*hasher.finalize().as_bytes()));
            }
        }
        match has.iter().position(|has| !has) {
            Some(party) => Err(Error::Missing { what: WHAT.into(), party }),
            None => Ok(ThresholdShare { value, masks }),
        }
    }
}

impl ThresholdShare {
    /// The share of `secret`'s party of a release by a threshold of parties: its Lagrange factor times its share times `c_1`, noise, and
    /// the masks of this set.
    ///
    /// # Errors
    /// [`Error::Budget`] if the budget is used up or the party is not of the set; [`Error::OtherSession`].
    pub fn decryption_share(
        &self,
        secret: &SecretShare,
        release: &Release,
        ledger: &mut Ledger,
    ) -> Result<DecryptionShare> {
        let (party, set) = (secret.party(), release.set());
        if !set.contains(&party) {
            return Err(Error::Budget(format!(
                "parties {set:?} decrypt, and party {party} is not one of them"
            )));
        }
        let parameters = release.session().parameters();
        let basis = parameters.basis(release.budget().level);
        if self.value.basis() != basis {
            return Err(Error::Budget(format!(
                "shares were dealt over {:?}, not over {basis:?}",
                self.value.basis()
            )));
        }
        let primes = &parameters.ring().q()[..basis.q];
        let factors: Vec<u64> = primes.iter().map(|prime| lagrange(prime, set, party)).collect();
        let scaled = self.value.scaled(basis, &factors);
        let others = set.iter().filter(|&&other| other != party);
        let masks = others.filter_map(|&other| {
            let key = self.masks.get(other)?.clone()?;
            Some(Mask { key, subtract: other < party })
        });
        secret.flooded(release, ledger, &scaled, &masks.collect::<Vec<_>>())
    }
}

/// The point at which a party's share is the sharing polynomial's value. 0 is the secret's.
fn point(party: usize) -> u64 {
    party as u64 + 1
}

/// The factor with which the value at this party's point counts for the value at 0: the product of `x_m / (x_m - x_j)` over the others.
fn lagrange(prime: &Modulus, set: &[usize], party: usize) -> u64 {
    let x = |party: usize| prime.reduce(point(party));
    set.iter().filter(|&&other| other != party).fold(1, |product, &other| {
        let fraction = prime.mul(x(other), prime.inv(prime.sub(x(other), x(party))));
        prime.mul(product, fraction)
    })
}
