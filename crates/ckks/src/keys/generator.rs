//! Generates public keys from the secret key.

use ckks_math::sample::{self, SecureRng};
use ckks_math::{Ntt, PackedPair, Poly};
use zeroize::Zeroizing;

use super::{KeyPurpose, PublicKey, SecretKey, SwitchingKey, galois_element, inverse_element};
use crate::error::Error;
use crate::params::{KeyShape, Parameters};

/// Generates the public keys of a secret key.
///
/// The seed and the errors of a key are an extendable output of system randomness, of the secrets between which it switches,
/// and of its purpose and shape.
pub struct KeyGenerator<'a> {
    secret: &'a SecretKey,
    rng: SecureRng,
}

impl<'a> KeyGenerator<'a> {
    /// A generator with randomness from the operating system.
    ///
    /// # Errors
    /// [`Error::Math`] if the operating system provides no randomness.
    pub fn new(secret: &'a SecretKey) -> Result<Self, Error> {
        Ok(Self { secret, rng: SecureRng::from_os()? })
    }

    /// A generator with the caller's randomness, for reproducible tests.
    #[doc(hidden)]
    #[must_use]
    pub fn with_rng(secret: &'a SecretKey, rng: SecureRng) -> Self {
        Self { secret, rng }
    }

    /// The public encryption key.
    pub fn public_key(&mut self) -> PublicKey {
        let parameters = self.parameters().clone();
        let mut rng = self.rng.derive(self.secret.randomness(), b"public key", &[0; 32]);
        let seed = seed(&mut rng);
        let a = PublicKey::public_half(&parameters, &seed);
        let b = zero_encryption(&mut rng, &a, self.secret.poly());
        PublicKey { key_id: self.secret.key_id, parameters, seed, b, a }
    }

    /// The relinearisation key of this shape.
    ///
    /// # Errors
    /// [`Error::Insecure`] if the shape lies outside the security table.
    pub fn relinearisation_key(&mut self, shape: KeyShape) -> Result<SwitchingKey, Error> {
        let squared = self.secret.poly().mul(self.secret.poly());
        self.switching_key(KeyPurpose::Relinearisation, &squared, self.secret, self.secret, shape)
    }

    /// The key of a rotation by `steps` slots.
    ///
    /// # Errors
    /// [`Error::Insecure`] if the shape lies outside the security table.
    pub fn rotation_key(&mut self, steps: i64, shape: KeyShape) -> Result<SwitchingKey, Error> {
        let g = galois_element(self.parameters().literal().log_n, steps);
        self.galois_key(g, shape)
    }

    /// The key of the automorphism `X -> X^g`, `g` odd.
    ///
    /// # Errors
    /// [`Error::Insecure`] if the shape lies outside the security table.
    pub fn galois_key(&mut self, g: usize, shape: KeyShape) -> Result<SwitchingKey, Error> {
        let inverse = inverse_element(self.parameters().literal().log_n, g);
        let preimage = self.preimage(inverse);
        self.switching_key(KeyPurpose::Galois(g), self.secret.poly(), &preimage, self.secret, shape)
    }

    /// The key from this secret to the ephemeral one of the bootstrap. Its shape is
    /// [`Parameters::encapsulation_shape`].
    ///
    /// # Errors
    /// [`Error::Insecure`] if the shape lies outside the security table.
    pub fn encapsulation_key(&mut self, ephemeral: &SecretKey) -> Result<SwitchingKey, Error> {
        let shape = self.parameters().encapsulation_shape();
        self.switching_key(KeyPurpose::Encapsulation, self.secret.poly(), ephemeral, ephemeral, shape)
    }

    /// The key from the ephemeral secret to the preimage of this secret under `X -> X^g`. Its shape is
    /// [`Parameters::raise_shape`].
    ///
    /// # Errors
    /// [`Error::Insecure`] if the shape lies outside the security table; [`Error::InvalidParameters`] if there are
    /// fewer than two special primes.
    pub fn raise_key(
        &mut self,
        g: usize,
        ephemeral: &SecretKey,
        level: usize,
    ) -> Result<SwitchingKey, Error> {
        let shape = self.parameters().raise_shape(level);
        let inverse = inverse_element(self.parameters().literal().log_n, g);
        let preimage = self.preimage(inverse);
        self.switching_key(KeyPurpose::Raise(g), ephemeral.poly(), &preimage, ephemeral, shape)
    }

    /// A key from any secret polynomial `from`, over at least the primes of the shape, to the secret `to`. The purpose, this
    /// secret and `other` determine both.
    ///
    /// # Errors
    /// [`Error::Insecure`] if the shape lies outside the security table for the distribution of `to`.
    fn switching_key(
        &mut self,
        purpose: KeyPurpose,
        from: &Poly<Ntt>,
        to: &SecretKey,
        other: &SecretKey,
        shape: KeyShape,
    ) -> Result<SwitchingKey, Error> {
        let parameters = self.parameters().clone();
        parameters.check_key(shape, to.distribution)?;
        let shape = KeyShape { digits: shape.digits.up_to(shape.level), ..shape };
        let gadget = if matches!(purpose, KeyPurpose::Raise(_)) { 1 } else { shape.special };
        let label = [b"switching key".as_slice(), &purpose.label(shape, gadget)].concat();
        let mut rng = self.rng.derive(self.secret.randomness(), &label, other.randomness());
        let seed = seed(&mut rng);
        let to = to.poly().truncated(shape.basis());
        let digits = shape.digits.ranges(shape.level).enumerate().map(|(j, digit)| {
            let a = SwitchingKey::public_half(&parameters, purpose, shape, &seed, j);
            let mut b = zero_encryption(&mut rng, &a, &to);
            let mut term = from.truncated(shape.basis());
            term.mul_scalar_assign(&shape.gadget(&parameters, &digit, gadget));
            b.add_assign(&term);
            PackedPair::new([&b, &a])
        });
        let digits = digits.collect();
        let key_id = self.secret.key_id;
        Ok(SwitchingKey { key_id, parameters, purpose, shape, seed: Some(seed), digits })
    }

    /// The image of the secret under the automorphism `X -> X^g`.
    fn preimage(&self, g: usize) -> SecretKey {
        let n = self.parameters().degree();
        let mut image = Zeroizing::new(vec![0i64; n]);
        for (i, &coefficient) in self.secret.coefficients.iter().enumerate() {
            let exponent = i * g % (2 * n);
            let sign = if exponent < n { 1 } else { -1 };
            image[exponent % n] = sign * coefficient;
        }
        SecretKey::with_distribution(self.parameters(), self.secret.key_id, image, self.secret.distribution)
    }

    fn parameters(&self) -> &Parameters {
        &self.secret.parameters
    }
}

/// `-a s + e` over the basis of `a`.
fn zero_encryption(rng: &mut SecureRng, a: &Poly<Ntt>, s: &Poly<Ntt>) -> Poly<Ntt> {
    let (ring, basis) = (a.ring(), a.basis());
    let error = sample::gaussian(rng, ring.degree());
    let mut b = Poly::from_signed(ring, basis, &error).into_ntt();
    let mut product = s.truncated(basis);
    product.mul_assign(a);
    b.sub_assign(&product);
    b
}

fn seed(rng: &mut SecureRng) -> [u8; 32] {
    let mut seed = [0; 32];
    rng.fill(&mut seed);
    seed
}
