//! Encryption: with the secret key, where a seed replaces half of the ciphertext, or with the public key.

use ckks_math::sample::{self, SecureRng};
use ckks_math::{Basis, Ntt, Poly};

use crate::ciphertext::Ciphertext;
use crate::error::Error;
use crate::keys::{KeyId, PublicKey};
use crate::params::Parameters;
use crate::plaintext::Plaintext;
use crate::scale::Scale;

/// A fresh symmetric ciphertext with a seed in place of its second half, so it takes half the bytes to store and
/// send.
#[derive(Clone)]
pub struct SeededCiphertext {
    parameters: Parameters,
    key_id: KeyId,
    c0: Poly<Ntt>,
    seed: [u8; 32],
    scale: Scale,
}

impl SeededCiphertext {
    /// Rebuilds a seeded ciphertext from the parts that a file holds.
    #[must_use]
    pub fn from_parts(
        parameters: &Parameters,
        key_id: KeyId,
        c0: Poly<Ntt>,
        seed: [u8; 32],
        scale: Scale,
    ) -> Self {
        Self { parameters: parameters.clone(), key_id, c0, seed, scale }
    }

    /// The first half, `c0`.
    #[must_use]
    pub fn c0(&self) -> &Poly<Ntt> {
        &self.c0
    }

    /// The seed of the second half, `c1`.
    #[must_use]
    pub fn seed(&self) -> &[u8; 32] {
        &self.seed
    }

    /// The scale.
    #[must_use]
    pub fn scale(&self) -> &Scale {
        &self.scale
    }

    /// The parameter set.
    #[must_use]
    pub fn parameters(&self) -> &Parameters {
        &self.parameters
    }

    /// The id of the secret key that this is encrypted under.
    #[must_use]
    pub fn key_id(&self) -> KeyId {
        self.key_id
    }

    /// Level: number of ciphertext primes less one.
    #[must_use]
    pub fn level(&self) -> usize {
        self.c0.basis().q - 1
    }

    /// Expands the second half from the seed.
    #[must_use]
    pub fn expand(self) -> Ciphertext {
        let c1 = seeded_half(&self.parameters, self.level(), &self.seed);
        Ciphertext { parameters: self.parameters, key_id: self.key_id, c: [self.c0, c1], scale: self.scale }
    }
}

/// A ciphertext as it comes from an encryption: under a secret key with a seed for its second half, under a public key whole.
#[derive(Clone)]
pub enum FreshCiphertext {
    /// Under a secret key.
    Seeded(SeededCiphertext),
    /// Under a public key.
    Full(Ciphertext),
}

impl FreshCiphertext {
    /// The ciphertext, as the compute party works on it.
    #[must_use]
    pub fn expand(self) -> Ciphertext {
        match self {
            Self::Seeded(seeded) => seeded.expand(),
            Self::Full(full) => full,
        }
    }
}

fn seeded_half(parameters: &Parameters, level: usize, seed: &[u8; 32]) -> Poly<Ntt> {
    sample::uniform(parameters.ring(), parameters.basis(level), seed, b"ciphertext a")
}

/// Encrypts under the secret key, with error variance `sigma^2` and half the bytes.
///
/// Seed and error are an extendable output of the caller's randomness, a key of its own that the secret key determines, the
/// message, and a label. A fork of the process or a virtual machine restored from a snapshot may repeat the randomness. Seed
/// and error then repeat only together, and only for the same message with the same label: the same ciphertext again.
#[cfg(feature = "client")]
#[derive(Clone, Copy)]
pub struct SecretEncryptor<'a> {
    secret: &'a crate::keys::SecretKey,
    label: Label<'a>,
}

/// What a ciphertext is for. Ciphertexts with different labels share no randomness.
#[cfg(feature = "client")]
#[derive(Clone, Copy, Debug, Default)]
struct Label<'a> {
    kind: &'a str,
    position: u64,
}

#[cfg(feature = "client")]
impl Label<'_> {
    fn bytes(self, level: usize) -> Vec<u8> {
        let numbers = [self.position, level as u64].map(u64::to_le_bytes);
        [b"ciphertext", numbers.as_flattened(), self.kind.as_bytes()].concat()
    }
}

#[cfg(feature = "client")]
impl<'a> SecretEncryptor<'a> {
    /// An encryptor with this key.
    #[must_use]
    pub fn new(secret: &'a crate::keys::SecretKey) -> Self {
        Self { secret, label: Label::default() }
    }

    /// The same encryptor for ciphertexts of some kind, of which this one is at `position`.
    #[must_use]
    pub fn labelled(self, kind: &'a str, position: u64) -> Self {
        Self { label: Label { kind, position }, ..self }
    }

    /// Encrypts a plaintext at its level.
    ///
    /// # Errors
    /// [`Error::WrongParameters`] if the plaintext spans special primes.
    pub fn encrypt(&self, plaintext: &Plaintext, rng: &mut SecureRng) -> Result<SeededCiphertext, Error> {
        check_plaintext(plaintext)?;
        let parameters = self.secret.parameters();
        let (ring, basis) = (parameters.ring(), plaintext.poly.basis());
        let key = self.secret.randomness();
        let message = plaintext.poly.keyed_digest(key);
        let mut rng = rng.derive(key, &self.label.bytes(plaintext.level()), &message);
        let mut seed = [0; 32];
        rng.fill(&mut seed);
        let a = seeded_half(parameters, plaintext.level(), &seed);
        let error = sample::gaussian(&mut rng, ring.degree());
        let mut c0 = Poly::from_signed(ring, basis, &error).into_ntt();
        let mut product = self.secret.poly().truncated(basis);
        product.mul_assign(&a);
        c0.sub_assign(&product);
        c0.add_assign(&plaintext.poly);
        let (parameters, key_id) = (parameters.clone(), self.secret.key_id());
        Ok(SeededCiphertext { parameters, key_id, c0, seed, scale: plaintext.scale.clone() })
    }
}

/// Encrypts under the public key. All that is drawn is an extendable output of the caller's randomness and the message.
#[derive(Clone, Copy)]
pub struct PublicEncryptor<'a> {
    public: &'a PublicKey,
}

impl<'a> PublicEncryptor<'a> {
    /// An encryptor with this key.
    #[must_use]
    pub fn new(public: &'a PublicKey) -> Self {
        Self { public }
    }

    /// Encrypts a plaintext at its level: `((v b + e0) / p + m, (v a + e1) / p)` with ternary `v`, computed over one special
    /// prime `p` more, so that the rounding of the division is the noise that stays.
    ///
    /// # Errors
    /// [`Error::WrongParameters`] if the plaintext spans special primes.
    pub fn encrypt(&self, plaintext: &Plaintext, rng: &mut SecureRng) -> Result<Ciphertext, Error> {
        check_plaintext(plaintext)?;
        let parameters = &self.public.parameters;
        let (ring, basis) = (parameters.ring(), Basis { p: 1, ..plaintext.poly.basis() });
        let key = blake3::derive_key("ckks 1 randomness under a public key", self.public.seed());
        let mut rng = rng.derive(&key, b"ciphertext", &plaintext.poly.keyed_digest(&key));
        let v = Poly::from_signed(ring, basis, &sample::ternary(&mut rng, ring.degree()));
        let v = v.into_secret().into_ntt();
        let mut masked = |half: &Poly<Ntt>| {
            let mut c = Poly::from_signed(ring, basis, &sample::gaussian(&mut rng, ring.degree())).into_ntt();
            c.mul_add_assign(&v, &half.truncated(basis));
            c
        };
        let halves = [masked(&self.public.b), masked(&self.public.a)];
        let [mut c0, c1] = Poly::mod_down_all(halves.each_ref());
        c0.add_assign(&plaintext.poly);
        let (parameters, key_id) = (parameters.clone(), self.public.key_id());
        Ok(Ciphertext { parameters, key_id, c: [c0, c1], scale: plaintext.scale.clone() })
    }
}

fn check_plaintext(plaintext: &Plaintext) -> Result<(), Error> {
    let basis = plaintext.poly.basis();
    if basis.p != 0 {
        return Err(Error::WrongParameters {
            operation: "encrypt",
            expected: "a plaintext over ciphertext primes".into(),
            got: format!("{basis:?}"),
        });
    }
    Ok(())
}
