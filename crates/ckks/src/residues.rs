//! Ciphertexts and products as plain words, for processes that exchange or add them without any file.

use ckks_math::{Basis, Ntt, Poly};

use crate::ciphertext::{Ciphertext, Tensor};
use crate::error::Error;
use crate::keys::KeyId;
use crate::params::Parameters;
use crate::scale::Scale;

/// What residues belong to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResidueShape {
    /// Number of ciphertext primes: the level plus one.
    pub primes: usize,
    /// The scale.
    pub scale: Scale,
}

/// What has a [`ResidueShape`] and residues: [`Ciphertext`] and [`Tensor`].
///
/// Words are the residues of all polynomials prime by prime, each below its prime. Sums of the words of up to 2^13 values are those of
/// the sum of the values, before they are reduced.
pub trait Residues: Sized {
    /// Number of polynomials.
    const POLYS: usize;

    /// Primes and scale.
    fn shape(&self) -> ResidueShape;

    /// The residues.
    fn to_words(&self) -> Vec<u64>;

    /// The value with these residues, which are reduced.
    ///
    /// # Errors
    /// [`Error::WrongParameters`] if the parameters have fewer primes, or there are more or fewer words.
    fn from_words(
        parameters: &Parameters,
        key_id: KeyId,
        shape: &ResidueShape,
        words: &[u64],
    ) -> Result<Self, Error>;
}

impl Residues for Ciphertext {
    const POLYS: usize = 2;

    fn shape(&self) -> ResidueShape {
        ResidueShape { primes: self.level() + 1, scale: self.scale.clone() }
    }

    fn to_words(&self) -> Vec<u64> {
        words_of(&self.c)
    }

    fn from_words(
        parameters: &Parameters,
        key_id: KeyId,
        shape: &ResidueShape,
        words: &[u64],
    ) -> Result<Self, Error> {
        Self::from_parts(parameters, key_id, polys_of(parameters, shape, words)?, shape.scale.clone())
    }
}

impl Residues for Tensor {
    const POLYS: usize = 3;

    fn shape(&self) -> ResidueShape {
        ResidueShape { primes: self.level() + 1, scale: self.scale.clone() }
    }

    fn to_words(&self) -> Vec<u64> {
        words_of(&self.c)
    }

    fn from_words(
        parameters: &Parameters,
        key_id: KeyId,
        shape: &ResidueShape,
        words: &[u64],
    ) -> Result<Self, Error> {
        Self::from_parts(parameters, key_id, polys_of(parameters, shape, words)?, shape.scale.clone())
    }
}

impl ResidueShape {
    /// Words of the residues of `T`.
    #[must_use]
    pub fn words<T: Residues>(&self, parameters: &Parameters) -> usize {
        T::POLYS.saturating_mul(self.primes).saturating_mul(parameters.ring().degree())
    }

    /// The shape itself as words: the number of primes, the exponent of two, then each prime of the scale with its exponent.
    #[must_use]
    pub fn to_words(&self) -> Vec<u64> {
        let word = |exponent: i32| i64::from(exponent) as u64;
        let (exponent, factors) = self.scale.parts();
        let factors = factors.iter().flat_map(|&(prime, exponent)| [prime, word(exponent)]);
        [self.primes as u64, word(exponent)].into_iter().chain(factors).collect()
    }

    /// The inverse of [`Self::to_words`]; `None` on words that are none of a shape.
    #[must_use]
    pub fn from_words(words: &[u64]) -> Option<Self> {
        let exponent = |word: u64| i32::try_from(word as i64).ok();
        let [primes, two, factors @ ..] = words else { return None };
        let pairs = factors.chunks_exact(2);
        if !pairs.remainder().is_empty() {
            return None;
        }
        let factors: Vec<_> = pairs.map(|pair| Some((pair[0], exponent(pair[1])?))).collect::<Option<_>>()?;
        let scale = Scale::from_parts(exponent(*two)?, &factors);
        Some(Self { primes: usize::try_from(*primes).ok()?, scale })
    }
}

fn words_of(polys: &[Poly<Ntt>]) -> Vec<u64> {
    let mut words = Vec::new();
    for poly in polys {
        for limb in 0..poly.basis().limbs() {
            poly.rows(limb).for_each(|row| words.extend_from_slice(row));
        }
    }
    words
}

fn polys_of<const POLYS: usize>(
    parameters: &Parameters,
    shape: &ResidueShape,
    words: &[u64],
) -> Result<[Poly<Ntt>; POLYS], Error> {
    let (ring, basis) = (parameters.ring(), Basis { q: shape.primes, p: 0 });
    let wrong = || Error::WrongParameters {
        operation: "value from words",
        expected: format!("residues modulo up to {} primes", ring.full_basis().q),
        got: format!("{} words modulo {} primes", words.len(), shape.primes),
    };
    let expected = POLYS.saturating_mul(shape.primes).saturating_mul(ring.degree());
    if shape.primes == 0 || !ring.full_basis().contains(basis) || words.len() != expected {
        return Err(wrong());
    }
    let mut limbs = words.chunks_exact(ring.degree());
    let mut poly = || -> Result<_, Error> {
        Poly::try_written(ring, basis, |poly: &mut Poly<Ntt>, limb| {
            let prime = poly.modulus(limb).value();
            let mut words = limbs.next().ok_or_else(wrong)?.iter();
            for row in poly.rows_mut(limb) {
                row.iter_mut().zip(&mut words).for_each(|(residue, &word)| *residue = word % prime);
            }
            Ok(())
        })
    };
    let polys = (0..POLYS).map(|_| poly()).collect::<Result<Vec<_>, _>>()?;
    polys.try_into().map_err(|_| wrong())
}

#[cfg(all(test, feature = "client"))]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::{
        Decryptor, Encoder, EvaluationKeys, Evaluator, SecretEncryptor, SecretKey, SecureRng, presets,
    };

    fn added(values: &[Vec<u64>]) -> Vec<u64> {
        (0..values[0].len()).map(|i| values.iter().map(|words| words[i]).sum()).collect()
    }

    #[test]
    fn sums_of_words_are_words_of_sums() {
        let parameters = presets::by_name("n13-l3").unwrap();
        let mut rng = SecureRng::from_os().unwrap();
        let secret = SecretKey::generate(&parameters).unwrap();
        let (encoder, encryptor) = (Encoder::new(&parameters), SecretEncryptor::new(&secret));
        let mut encrypt = |value: f64| {
            let plaintext = encoder.encode(&[value], 2, &parameters.default_scale()).unwrap();
            encryptor.encrypt(&plaintext, &mut rng).unwrap().expand()
        };
        let encrypted = [encrypt(0.25), encrypt(1.25), encrypt(2.25)];
        let evaluator = Evaluator::new(EvaluationKeys::new(&parameters, secret.key_id()).into());
        let shape = encrypted[0].shape();
        assert_eq!(ResidueShape::from_words(&shape.to_words()), Some(shape.clone()));

        let sum =
            evaluator.add(&evaluator.add(&encrypted[0], &encrypted[1]).unwrap(), &encrypted[2]).unwrap();
        let words = added(&encrypted.iter().map(Residues::to_words).collect::<Vec<_>>());
        let from_words = Ciphertext::from_words(&parameters, secret.key_id(), &shape, &words).unwrap();
        assert_eq!(from_words.to_words(), sum.to_words());
        let slots = encoder.decode(&Decryptor::new(&secret).decrypt(&from_words).unwrap(), 1).unwrap();
        assert!((slots[0] - 3.75).abs() < 1e-6, "{slots:?}");

        let products: Vec<_> =
            encrypted.iter().map(|a| evaluator.tensor(a, &encrypted[0]).unwrap()).collect();
        let mut sum = products[0].clone();
        products[1..].iter().for_each(|product| evaluator.add_tensor_assign(&mut sum, product).unwrap());
        let words = added(&products.iter().map(Residues::to_words).collect::<Vec<_>>());
        assert_eq!(words.len(), sum.shape().words::<Tensor>(&parameters));
        let from_words = Tensor::from_words(&parameters, secret.key_id(), &sum.shape(), &words).unwrap();
        assert_eq!(from_words.to_words(), sum.to_words());

        assert!(Tensor::from_words(&parameters, secret.key_id(), &sum.shape(), &words[1..]).is_err());
        let many = ResidueShape { primes: 1 << 40, ..shape };
        assert!(Ciphertext::from_words(&parameters, secret.key_id(), &many, &words).is_err());
        assert_eq!(ResidueShape::from_words(&[3]), None);
        assert_eq!(ResidueShape::from_words(&[3, 1 << 40]), None);
    }
}
