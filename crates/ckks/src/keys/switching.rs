//! Switching keys: hybrid key switching with several special primes.
//!
//! Digit `j` of a key from `s'` to `s` encrypts `P g_j s'`, where `g_j` is 1 modulo the primes of digit `j` and 0 modulo
//! the others (Han, Ki, *Better Bootstrapping for Approximate Homomorphic Encryption*, CT-RSA 2020, Section 3).

use ckks_math::{Ntt, PackedPair, Poly};

use super::KeyId;
use crate::error::Error;
use crate::params::{KeyShape, Parameters};

/// The purpose of a switching key. It is part of the key's file, and separates the domains of the keys' public
/// randomness.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum KeyPurpose {
    /// From `s^2` to `s`.
    Relinearisation,
    /// From `s` to the preimage of `s` under the automorphism `X -> X^g`. The automorphism is applied after the
    /// switch.
    Galois(usize),
    /// From the dense to the ephemeral sparse secret, at level 0.
    Encapsulation,
    /// From the ephemeral sparse secret to the preimage of the dense secret under `X -> X^g`, for a polynomial just
    /// raised from `q_0`: one digit, below `q_0`, over all primes. The gadget factor is the first special prime
    /// alone.
    Raise(usize),
}

impl KeyPurpose {
    /// Its number, and the Galois element or 0: as they stand in files and labels.
    pub(crate) fn tag(self) -> (u8, u64) {
        match self {
            Self::Relinearisation => (0, 0),
            Self::Galois(g) => (1, g as u64),
            Self::Encapsulation => (2, 0),
            Self::Raise(g) => (3, g as u64),
        }
    }

    /// All that tells a key of this purpose from others between the same secrets: purpose, level, special primes (of the key, and of
    /// its gadget factor) and digits.
    #[must_use]
    pub fn label(self, shape: KeyShape, gadget: usize) -> Vec<u8> {
        let (kind, element) = self.tag();
        let fields = [u64::from(kind), element, shape.level as u64, shape.special as u64, gadget as u64];
        let mut label: Vec<u8> = fields.into_iter().flat_map(u64::to_le_bytes).collect();
        label.extend_from_slice(&shape.digits.mask().to_le_bytes());
        label
    }
}

/// A public key that switches a polynomial from one secret to another.
#[derive(Clone)]
pub struct SwitchingKey {
    pub(crate) parameters: Parameters,
    pub(crate) key_id: KeyId,
    pub(crate) purpose: KeyPurpose,
    pub(crate) shape: KeyShape,
    pub(crate) seed: Option<[u8; 32]>,
    /// The two halves of each digit over the primes of the shape: `b`, and `a`, which the seed expands to if there is one.
    pub(crate) digits: Vec<PackedPair>,
}

impl SwitchingKey {
    /// Rebuilds a key from its `b` halves. The `a` halves are expanded from the seed.
    #[must_use]
    pub fn from_parts(
        parameters: &Parameters,
        key_id: KeyId,
        purpose: KeyPurpose,
        shape: KeyShape,
        seed: [u8; 32],
        b: Vec<Poly<Ntt>>,
    ) -> Self {
        let digits = b.into_iter().enumerate().map(|(digit, b)| {
            let a = Self::public_half(parameters, purpose, shape, &seed, digit);
            PackedPair::new([&b, &a])
        });
        let (digits, parameters) = (digits.collect(), parameters.clone());
        Self { parameters, key_id, purpose, shape, seed: Some(seed), digits }
    }

    /// Makes a key of both halves, `b` and `a`, of each digit: one that several parties made together, whose `a` halves no seed
    /// stands for.
    ///
    /// # Errors
    /// [`Error::WrongParameters`] if there is another number of digits than the shape has, or a half lacks primes of the shape.
    pub fn from_halves(
        parameters: &Parameters,
        key_id: KeyId,
        purpose: KeyPurpose,
        shape: KeyShape,
        halves: &[[Poly<Ntt>; 2]],
    ) -> Result<Self, Error> {
        let wrong = |expected: String, got: String| {
            Err(Error::WrongParameters { operation: "switching key from halves", expected, got })
        };
        if halves.len() != shape.digits() {
            return wrong(format!("{} digits", shape.digits()), format!("{}", halves.len()));
        }
        if let Some(half) = halves.iter().flatten().find(|half| half.basis() != shape.basis()) {
            return wrong(format!("{:?}", shape.basis()), format!("{:?}", half.basis()));
        }
        let digits = halves.iter().map(|[b, a]| PackedPair::new([b, a])).collect();
        let parameters = parameters.clone();
        Ok(Self { parameters, key_id, purpose, shape, seed: None, digits })
    }

    /// The `a` half of a digit that a seed stands for, over the primes of the shape.
    ///
    /// The label separates purposes and digits. [`ckks_math::sample::uniform`] itself separates the limbs. It has neither level nor
    /// shape, so keys of different shapes need different seeds.
    #[must_use]
    pub fn public_half(
        parameters: &Parameters,
        purpose: KeyPurpose,
        shape: KeyShape,
        seed: &[u8; 32],
        digit: usize,
    ) -> Poly<Ntt> {
        let (kind, element) = purpose.tag();
        let mut label = *b"switching key a ........ .. ....";
        label[16] = kind;
        label[17..25].copy_from_slice(&element.to_le_bytes());
        label[25..29].copy_from_slice(&(digit as u32).to_le_bytes());
        ckks_math::sample::uniform(parameters.ring(), shape.basis(), seed, &label)
    }

    /// The parameter set.
    #[must_use]
    pub fn parameters(&self) -> &Parameters {
        &self.parameters
    }

    /// The id of the secret key that this belongs to.
    #[must_use]
    pub fn key_id(&self) -> KeyId {
        self.key_id
    }

    /// The key's purpose.
    #[must_use]
    pub fn purpose(&self) -> KeyPurpose {
        self.purpose
    }

    /// The highest level that the key serves. Lower levels use its first digits and primes.
    #[must_use]
    pub fn level(&self) -> usize {
        self.shape.level
    }

    /// The key's shape.
    #[must_use]
    pub fn shape(&self) -> KeyShape {
        self.shape
    }

    /// The seed of the `a` halves; `None` for a key that several parties made together with halves that no seed stands for.
    #[must_use]
    pub fn seed(&self) -> Option<&[u8; 32]> {
        self.seed.as_ref()
    }

    /// The halves `b` and `a` of each digit.
    #[must_use]
    pub fn digits(&self) -> &[PackedPair] {
        &self.digits
    }

    /// Bytes of a key of this shape in memory.
    #[must_use]
    pub fn bytes_of(parameters: &Parameters, shape: KeyShape) -> usize {
        shape.digits() * PackedPair::bytes_over(parameters.ring(), shape.basis())
    }

    /// Bytes of the key in memory.
    #[must_use]
    pub fn memory_bytes(&self) -> usize {
        self.digits.iter().map(PackedPair::memory_bytes).sum()
    }
}

impl std::fmt::Debug for SwitchingKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SwitchingKey({:?}, {:?})", self.purpose, self.shape)
    }
}
