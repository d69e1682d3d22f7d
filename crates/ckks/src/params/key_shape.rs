//! Shapes of switching keys: the possible ones for a level, and the cheapest.

use std::ops::Range;

use ckks_math::Basis;

use super::{Parameters, SecurityLevel};
use crate::digits::Digits;
use crate::security;

/// Time of a base conversion's multiply-add of a limb, in transforms, by measurement.
const CONVERSION: f64 = 0.06;
/// Time of a product with a limb of a key, which is read from memory, in transforms.
const PRODUCT: f64 = 0.23;

/// Bits by which digits stay below the special primes. The noise of a digit as large as the special primes equals
/// that of about 15 roundings; below this margin it equals that of two.
const MARGIN: f64 = 1.5;
/// Bits by which a digit may exceed the special primes where the noise of a switch stays. Primes are only near powers
/// of two.
const QUIET_SLACK: f64 = 0.5;

/// The shape of a switching key. Every key has its own, since security and noise allow different shapes at different
/// levels and uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct KeyShape {
    /// The highest level that the key serves.
    pub level: usize,
    /// How many of the ring's special primes the key uses, counted from the first.
    pub special: usize,
    /// How the ciphertext primes are cut into digits.
    pub digits: Digits,
}

impl KeyShape {
    /// The primes of the key.
    #[must_use]
    pub fn basis(&self) -> Basis {
        Basis { q: self.level + 1, p: self.special }
    }

    /// `P g_j` modulo each prime of the key: `P` is the product of the first `gadget` special primes, and `g_j` is 1 modulo the primes
    /// of the digit and 0 modulo the other ciphertext primes. `P` vanishes modulo its own primes.
    #[must_use]
    pub fn gadget(&self, parameters: &Parameters, digit: &Range<usize>, gadget: usize) -> Vec<u64> {
        let (ring, basis) = (parameters.ring(), self.basis());
        let residue = |i: usize| {
            // Special primes beyond the gadget belong to the modulus only. Every digit has its share there.
            if i < basis.q && !digit.contains(&i) {
                return 0;
            }
            let modulus = ring.modulus(basis, i);
            ring.p()[..gadget].iter().fold(1, |product, p| modulus.mul(product, modulus.reduce(p.value())))
        };
        (0..basis.limbs()).map(residue).collect()
    }

    /// Number of digits of the key.
    #[must_use]
    pub fn digits(&self) -> usize {
        self.digits_at(self.level)
    }

    /// Number-theoretic transforms of a switch at the key's level: the digits to coefficients and, over all primes,
    /// back to evaluations, and two divisions by the special primes.
    #[must_use]
    pub fn transforms(&self) -> usize {
        let limbs = self.level + 1;
        self.digits() * (limbs + self.special) + 2 * (self.special + limbs)
    }

    /// Time of one decomposition and two switches at the key's level, in transforms. A decomposed ciphertext is
    /// rotated a few times or relinearised once.
    fn cost(&self) -> f64 {
        let (limbs, special) = (self.level + 1, self.special);
        let raised = limbs + special;
        let convert = |from: usize, to: usize| CONVERSION * ((from + 1) * to) as f64;
        let ranges = self.digits.ranges(self.level);
        let digits: f64 =
            ranges.map(|digit| raised as f64 + convert(digit.len(), raised - digit.len())).sum();
        let products = PRODUCT * (2 * self.digits() * raised) as f64;
        digits + 2.0 * (products + 2.0 * (raised as f64 + convert(special, limbs)))
    }

    /// Number of digits of a ciphertext at `level`, at most that of the key.
    #[must_use]
    pub fn digits_at(&self, level: usize) -> usize {
        self.digits.count(level)
    }

    /// Whether the noise of a switch may stay in the result: no digit exceeds the special primes, so a switch adds no
    /// more than a few roundings. A coarser key is right only where a rescale follows, which divides its noise by one
    /// more prime; without the rescale the noise can drown the message.
    #[must_use]
    pub fn is_quiet(&self, parameters: &Parameters) -> bool {
        let most = parameters.log2_basis(Basis { q: 0, p: self.special }) + QUIET_SLACK;
        let bits = |i: usize| (parameters.q(i).value() as f64).log2();
        self.digits.ranges(self.level).all(|digit| digit.map(bits).sum::<f64>() <= most)
    }

    /// Whether keys of both shapes use the same raised digits of a ciphertext. The levels of the keys do not matter.
    #[must_use]
    pub fn shares_digits(&self, other: &Self) -> bool {
        let level = self.level.min(other.level);
        self.special == other.special && self.digits.up_to(level) == other.digits.up_to(level)
    }
}

impl Parameters {
    /// The default shape of a key for ciphertexts up to `level`. Candidates lie within the security table and their
    /// digits stay below the special primes. The one with the least time for transforms, conversions and products is
    /// taken.
    ///
    /// At a low level, the absent ciphertext primes leave room for more special primes and so for larger digits.
    /// Small digits need fewer special primes.
    #[must_use]
    pub fn key_shape(&self, level: usize) -> KeyShape {
        let literal = &self.0.literal;
        let top = KeyShape {
            level,
            special: literal.special,
            digits: Digits::uniform(literal.digit_limbs).up_to(level),
        };
        let shapes = (1..=self.ring().p().len()).filter_map(|special| self.fewest_digits(level, special));
        shapes.min_by(|a, b| a.cost().total_cmp(&b.cost())).unwrap_or(top)
    }

    /// The shape with the fewest digits for this number of special primes. `None` outside the security table.
    fn fewest_digits(&self, level: usize, special: usize) -> Option<KeyShape> {
        let limit = security::max_log_qp(self.literal().log_n, self.literal().secret)
            .filter(|_| self.literal().security == SecurityLevel::Bits128)
            .unwrap_or_else(|| self.log_qp());
        let basis = Basis { q: level + 1, p: special };
        if self.log2_basis(basis) > limit {
            return None;
        }
        let digits = self.digits_below(level, self.log2_basis(Basis { q: 0, p: special }) - MARGIN)?;
        Some(KeyShape { level, special, digits })
    }

    /// Cuts a ciphertext at `level` into the fewest digits of at most `log2` bits each. With that number of digits,
    /// the largest is as small as possible. `None` if a single prime is larger.
    #[must_use]
    pub fn digits_below(&self, level: usize, log2: f64) -> Option<Digits> {
        let bits: Vec<f64> = self.ring().q()[..=level].iter().map(|m| (m.value() as f64).log2()).collect();
        Digits::balanced(&bits, log2)
    }

    /// The shape of the bootstrap's encapsulation key: `q_0` and one special prime. The modulus is as small as
    /// possible because the ephemeral secret is sparse.
    #[must_use]
    pub fn encapsulation_shape(&self) -> KeyShape {
        KeyShape { level: 0, special: 1, digits: Digits::one() }
    }

    /// The shape of the bootstrap's raising keys: one digit and two special primes. The first is the gadget factor.
    /// The second absorbs the scale of a plaintext product before the division by the special primes.
    #[must_use]
    pub fn raise_shape(&self, level: usize) -> KeyShape {
        KeyShape { level, special: 2, digits: Digits::one() }
    }
}
