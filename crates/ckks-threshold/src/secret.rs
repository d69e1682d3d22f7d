//! A party's share of the secret, and its shares of the keys.
//!
//! Errors and ephemeral secrets are functions of the share, of the step and of its public polynomials. A party that was killed before a
//! message was sent makes the very same one again: a second message with other errors would tell more than one does.

use ckks::{SecretKey, SecureRng, SwitchingKey, inverse_element};
use ckks_math::sample;
use ckks_math::{Ntt, Poly};
use zeroize::Zeroizing;

use crate::common::CommonRandomness;
use crate::error::{Error, Result};
use crate::keys::RelinearisationSum;
use crate::protocol::{Protocol, Share};
use crate::session::{Sender, Session};

/// One party's share of the secret: uniform ternary. The secret is the sum of all, which nobody has.
pub struct SecretShare {
    pub(crate) session: Session,
    pub(crate) party: usize,
    pub(crate) key: SecretKey,
}

impl SecretShare {
    /// Draws the share of `party`, counted from 0.
    ///
    /// # Errors
    /// [`Error::Refused`] if there is no such party; [`Error::Ckks`] if the operating system provides no randomness.
    pub fn generate(session: &Session, party: usize) -> Result<Self> {
        Self::from_key(session, party, SecretKey::generate_share(session.parameters())?)
    }

    /// A share that was kept, such as in a file.
    ///
    /// # Errors
    /// [`Error::Refused`] if there is no such party, or the key is of another parameter set.
    pub fn from_key(session: &Session, party: usize, key: SecretKey) -> Result<Self> {
        let what = "share of the secret";
        session.expect_party(party, what)?;
        if key.parameters() != session.parameters() {
            let reason = format!("it is of {}", key.parameters().name());
            return Err(Error::Refused { what: what.into(), party, reason });
        }
        Ok(Self { session: session.clone(), party, key })
    }

    /// The share as a key, to keep it. It decrypts nothing.
    #[must_use]
    pub fn key(&self) -> &SecretKey {
        &self.key
    }

    /// The party, counted from 0.
    #[must_use]
    pub fn party(&self) -> usize {
        self.party
    }

    /// 32 bytes that nobody else has: a function of the share of the secret, the session and `purpose`. For a key that belongs to this party,
    /// such as the one that messages to it are sealed to.
    #[must_use]
    pub fn seed(&self, purpose: &[u8]) -> Zeroizing<[u8; 32]> {
        let label = [self.session.tag(), &b"ckks-threshold seed "[..], purpose].concat();
        let mut seed = Zeroizing::new([0; 32]);
        self.key.function_of(&label, &[0; 32]).fill(seed.as_mut());
        seed
    }

    /// The share of the public key, `-a s_i + e`.
    #[must_use]
    pub fn public_key(&self, common: &CommonRandomness) -> Share {
        let protocol = Protocol::PublicKey;
        let a = ckks::PublicKey::public_half(self.session.parameters(), &common.seed(&protocol));
        let mut rng = self.rng(&protocol, &common.seed(&protocol));
        self.share(protocol, vec![masked(&mut rng, &a, self.key.poly())])
    }

    /// The share of a Galois key from `s` to the preimage of `s` under `X -> X^g`: `-a_j s'_i + e + P g_j s_i` for each digit.
    ///
    /// # Errors
    /// [`Error::Ckks`] if the shape lies outside the security table.
    pub fn galois_key(&self, common: &CommonRandomness, g: usize, shape: ckks::KeyShape) -> Result<Share> {
        let protocol = Protocol::Galois { g, shape };
        protocol.check(self.session.parameters())?;
        let parameters = self.session.parameters();
        let seed = common.seed(&protocol);
        let mut rng = self.rng(&protocol, &seed);
        let inverse = inverse_element(parameters.literal().log_n, g);
        let to =
            self.key.poly().truncated(shape.basis()).automorphism(&parameters.ring().automorphism(inverse));
        let polys = shape.digits.ranges(shape.level).enumerate().map(|(j, digit)| {
            let a = SwitchingKey::public_half(parameters, ckks::KeyPurpose::Galois(g), shape, &seed, j);
            let mut b = masked(&mut rng, &a, &to);
            let gadget = shape.gadget(parameters, &digit, shape.special);
            b.add_assign(&self.key.poly().scaled(shape.basis(), &gadget));
            b
        });
        let polys = polys.collect();
        Ok(self.share(protocol, polys))
    }

    /// The first share of a relinearisation key: for each digit `-u_i a_j + P g_j s_i + e_0` and `s_i a_j + e_1`, with an ephemeral
    /// ternary `u_i`.
    ///
    /// # Errors
    /// [`Error::Ckks`] if the shape lies outside the security table.
    pub fn relinearisation_one(&self, common: &CommonRandomness, shape: ckks::KeyShape) -> Result<Share> {
        let protocol = Protocol::RelinearisationOne { shape };
        protocol.check(self.session.parameters())?;
        let parameters = self.session.parameters();
        let seed = common.seed(&protocol);
        let mut rng = self.rng(&protocol, &seed);
        let u = self.ephemeral(&seed, shape);
        let mut minus_s = self.key.poly().truncated(shape.basis());
        minus_s.neg_assign();
        let mut polys = Vec::with_capacity(protocol.polys());
        for (j, digit) in shape.digits.ranges(shape.level).enumerate() {
            let a = SwitchingKey::public_half(parameters, ckks::KeyPurpose::Relinearisation, shape, &seed, j);
            let mut h0 = masked(&mut rng, &a, &u);
            let gadget = shape.gadget(parameters, &digit, shape.special);
            h0.add_assign(&self.key.poly().scaled(shape.basis(), &gadget));
            polys.extend([h0, masked(&mut rng, &a, &minus_s)]);
        }
        Ok(self.share(protocol, polys))
    }

    /// The second share: for each digit `s_i h_0 + (u_i - s_i) h_1 + e_2 + e_3`, with the sums `h_0`, `h_1` of the first shares.
    ///
    /// Whoever can choose `h_0` learns the share of the secret from this. The layer above therefore adds the first shares itself,
    /// compares them with what was committed to, and answers one sum alone ([`RelinearisationSum::digest`]).
    ///
    /// # Errors
    /// [`Error::Ckks`] if the shape lies outside the security table.
    pub fn relinearisation_two(
        &self,
        common: &CommonRandomness,
        first: &RelinearisationSum,
    ) -> Result<Share> {
        let Protocol::RelinearisationOne { shape } = first.protocol else {
            return Err(Error::Session(format!("got a {}", first.protocol)));
        };
        let protocol = Protocol::RelinearisationTwo { shape };
        protocol.check(self.session.parameters())?;
        let ring = self.session.parameters().ring();
        let mut rng = self.rng(&protocol, &first.digest());
        let s = self.key.poly().truncated(shape.basis());
        let mut difference = self.ephemeral(&common.seed(&protocol), shape);
        difference.sub_assign(&s);
        let polys = first.halves.iter().map(|[h0, h1]| {
            let mut errors = sample::gaussian(&mut rng, ring.degree());
            let second = sample::gaussian(&mut rng, ring.degree());
            errors.iter_mut().zip(second.iter()).for_each(|(error, second)| *error += second);
            let mut b = Poly::from_signed(ring, shape.basis(), &errors).into_secret().into_ntt();
            b.mul_add_assign(&s, h0);
            b.mul_add_assign(&difference, h1);
            b
        });
        let polys = polys.collect();
        Ok(self.share(protocol, polys))
    }

    /// The ephemeral secret of both rounds of a relinearisation key.
    fn ephemeral(&self, seed: &[u8; 32], shape: ckks::KeyShape) -> Poly<Ntt> {
        let label = [self.session.tag(), &b"ckks-threshold ephemeral secret"[..]].concat();
        let mut rng = self.key.function_of(&label, seed);
        let ring = self.session.parameters().ring();
        let coefficients = sample::ternary(&mut rng, ring.degree());
        Poly::from_signed(ring, shape.basis(), &coefficients).into_secret().into_ntt()
    }

    pub(crate) fn rng(&self, protocol: &Protocol, message: &[u8; 32]) -> SecureRng {
        self.key.function_of(&[self.session.tag(), &protocol.label()[..]].concat(), message)
    }

    fn share(&self, protocol: Protocol, polys: Vec<Poly<Ntt>>) -> Share {
        Share { sender: self.sender(), protocol, polys }
    }

    pub(crate) fn sender(&self) -> Sender {
        Sender { session: *self.session.tag(), party: self.party }
    }
}

/// `-a s + e` over the basis of `a`.
fn masked(rng: &mut SecureRng, a: &Poly<Ntt>, s: &Poly<Ntt>) -> Poly<Ntt> {
    let (ring, basis) = (a.ring(), a.basis());
    let mut b =
        Poly::from_signed(ring, basis, &sample::gaussian(rng, ring.degree())).into_secret().into_ntt();
    let mut product = s.truncated(basis);
    product.mul_assign(a);
    b.sub_assign(&product);
    b
}
