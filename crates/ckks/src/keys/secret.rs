//! The secret key.

use ckks_math::sample::{self, SecureRng};
use ckks_math::{Ntt, Poly};
use zerocopy::IntoBytes;
use zeroize::{Zeroize, Zeroizing};

use super::KeyId;
use super::guard::Guard;
use crate::error::Error;
use crate::params::Parameters;
use crate::security::SecretDistribution;

/// Derives the key of a secret's randomness.
const RANDOMNESS: &str = "ckks 1 randomness of a secret key";

/// A ternary secret. It is wiped from memory when dropped and has no `Debug`. While one is loaded, the process leaves no core
/// dump (Linux), and its memory is locked as far as the system allows.
pub struct SecretKey {
    pub(crate) parameters: Parameters,
    pub(crate) key_id: KeyId,
    pub(crate) distribution: SecretDistribution,
    pub(crate) coefficients: Zeroizing<Vec<i64>>,
    /// The secret over all primes, special primes included.
    pub(crate) ntt: Poly<Ntt>,
    /// The key of all randomness that is drawn under this secret, a function of it.
    randomness: Zeroizing<[u8; 32]>,
    /// Dropped before the memory that it covers is freed. Secrets that come and go within an operation have none.
    guard: Option<Guard>,
}

impl Drop for SecretKey {
    fn drop(&mut self) {
        self.coefficients.zeroize();
        self.guard = None;
    }
}

impl SecretKey {
    /// Draws a secret from the distribution of the parameter set, with randomness from the operating system.
    ///
    /// # Errors
    /// [`Error::Math`] if the operating system provides no randomness.
    pub fn generate(parameters: &Parameters) -> Result<Self, Error> {
        Ok(Self::generate_with(parameters, &mut SecureRng::from_os()?))
    }

    /// Draws a secret with the caller's randomness, for reproducible tests.
    #[doc(hidden)]
    #[must_use]
    pub fn generate_with(parameters: &Parameters, rng: &mut SecureRng) -> Self {
        let mut id = [0; 16];
        rng.fill(&mut id);
        let n = parameters.degree();
        let coefficients = match parameters.literal().secret {
            SecretDistribution::Ternary => sample::ternary(rng, n),
            SecretDistribution::SparseTernary(weight) => sample::ternary_with_weight(rng, n, weight as usize),
            SecretDistribution::TernarySum(parties) => sum_of_ternaries(rng, n, parties),
        };
        Self::with_guard(parameters, KeyId(id), coefficients, parameters.literal().secret)
    }

    /// Draws one party's share of a secret that several parties have the sum of: uniform ternary, with an id of its own.
    ///
    /// # Errors
    /// [`Error::Math`] if the operating system provides no randomness.
    pub fn generate_share(parameters: &Parameters) -> Result<Self, Error> {
        let mut rng = SecureRng::from_os()?;
        let mut id = [0; 16];
        rng.fill(&mut id);
        let coefficients = sample::ternary(&mut rng, parameters.degree());
        Ok(Self::with_guard(parameters, KeyId(id), coefficients, SecretDistribution::Ternary))
    }

    /// Draws the sparse ephemeral secret of the bootstrap. It carries the id of this key.
    ///
    /// # Errors
    /// [`Error::InvalidParameters`] if the parameter set has no ephemeral weight.
    pub fn generate_ephemeral(&self, rng: &mut SecureRng) -> Result<Self, Error> {
        let Some(weight) = self.parameters.literal().ephemeral_weight else {
            return Err(self.parameters.no_bootstrap());
        };
        let mut rng = rng.derive(&self.randomness, b"ephemeral secret", &[0; 32]);
        let coefficients = sample::ternary_with_weight(&mut rng, self.parameters.degree(), weight as usize);
        let distribution = SecretDistribution::SparseTernary(weight);
        Ok(Self::with_distribution(&self.parameters, self.key_id, coefficients, distribution))
    }

    /// The same secret over the primes of ciphertexts that a bootstrap has [raised](Parameters::raised). It is not kept in RAM: make the
    /// keys, and drop it.
    ///
    /// # Errors
    /// [`Error::InvalidParameters`] if the parameter set does not bootstrap.
    pub fn raised(&self) -> Result<Self, Error> {
        let Some(raised) = self.parameters.raised() else { return Err(self.parameters.no_bootstrap()) };
        Ok(Self::with_distribution(raised, self.key_id, self.coefficients.clone(), self.distribution))
    }

    /// Rebuilds the secret of a parameter set from its coefficients, each in {-1, 0, 1}. Of a secret that several parties have the sum of,
    /// they are one party's share.
    pub(crate) fn from_coefficients(
        parameters: &Parameters,
        key_id: KeyId,
        coefficients: Zeroizing<Vec<i64>>,
    ) -> Self {
        let distribution = match parameters.literal().secret {
            SecretDistribution::TernarySum(_) => SecretDistribution::Ternary,
            distribution => distribution,
        };
        Self::with_guard(parameters, key_id, coefficients, distribution)
    }

    fn with_guard(
        parameters: &Parameters,
        key_id: KeyId,
        coefficients: Zeroizing<Vec<i64>>,
        distribution: SecretDistribution,
    ) -> Self {
        let mut key = Self::with_distribution(parameters, key_id, coefficients, distribution);
        let limbs = (0..key.ntt.basis().limbs()).map(|i| key.ntt.limb(i).as_bytes());
        key.guard = Some(Guard::over(std::iter::once(key.coefficients.as_bytes()).chain(limbs)));
        key
    }

    pub(crate) fn with_distribution(
        parameters: &Parameters,
        key_id: KeyId,
        coefficients: Zeroizing<Vec<i64>>,
        distribution: SecretDistribution,
    ) -> Self {
        let ring = parameters.ring();
        let ntt = Poly::from_signed(ring, ring.full_basis(), &coefficients).into_secret().into_ntt();
        let bytes: Zeroizing<Vec<i8>> = Zeroizing::new(coefficients.iter().map(|&c| c as i8).collect());
        let mut hasher = blake3::Hasher::new_derive_key(RANDOMNESS);
        hasher.update(parameters.hash()).update(bytes.as_bytes());
        let mut derived = hasher.finalize();
        let randomness = Zeroizing::new(*derived.as_bytes());
        hasher.zeroize();
        derived.zeroize();
        let parameters = parameters.clone();
        Self { parameters, key_id, distribution, coefficients, ntt, randomness, guard: None }
    }

    /// The parameter set.
    #[must_use]
    pub fn parameters(&self) -> &Parameters {
        &self.parameters
    }

    /// The id of this key.
    #[must_use]
    pub fn key_id(&self) -> KeyId {
        self.key_id
    }

    /// The coefficients, for storing the key. Handle with care.
    #[must_use]
    pub fn coefficients(&self) -> &[i64] {
        &self.coefficients
    }

    /// The secret as evaluations over all primes. Handle with care.
    #[must_use]
    pub fn poly(&self) -> &Poly<Ntt> {
        &self.ntt
    }

    pub(crate) fn randomness(&self) -> &[u8; 32] {
        &self.randomness
    }

    /// The generator that is a function of this secret, a label and a message: what it draws is the same whenever it is asked for,
    /// and unknown to all who do not have the secret.
    #[must_use]
    pub fn function_of(&self, label: &[u8], message: &[u8; 32]) -> SecureRng {
        SecureRng::function_of(&self.randomness, label, message)
    }
}

/// As if one dealer held what several parties hold: for tests and for measurements.
fn sum_of_ternaries(rng: &mut SecureRng, n: usize, parties: u32) -> Zeroizing<Vec<i64>> {
    let mut sum = Zeroizing::new(vec![0; n]);
    for _ in 0..parties {
        sum.iter_mut().zip(sample::ternary(rng, n).iter()).for_each(|(sum, &one)| *sum += one);
    }
    sum
}
