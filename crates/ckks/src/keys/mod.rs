//! Keys. Everything that needs the secret key is behind the feature `client`.

mod evaluation;
#[cfg(feature = "client")]
mod generator;
#[cfg(feature = "client")]
mod guard;
mod public;
#[cfg(feature = "client")]
mod secret;
mod switching;

pub use evaluation::EvaluationKeys;
#[cfg(feature = "client")]
pub use generator::KeyGenerator;
pub use public::PublicKey;
#[cfg(feature = "client")]
pub use secret::SecretKey;
pub use switching::{KeyPurpose, SwitchingKey};

use std::fmt;

/// Identifies a secret key: random bytes drawn beside it, which reveal nothing about it.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct KeyId(pub [u8; 16]);

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0[..8].iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyId({self})")
    }
}

/// The Galois element of a rotation by `steps` slots, `5^steps mod 2N`: `rot(v, k)[s] = v[s + k]`.
#[must_use]
pub fn galois_element(log_n: u32, steps: i64) -> usize {
    let order = 1u64 << (log_n + 1);
    let slots = 1i64 << (log_n - 1);
    let (mut exponent, mut base, mut result) = (steps.rem_euclid(slots) as u64, 5u64, 1u64);
    while exponent > 0 {
        if exponent & 1 == 1 {
            result = result * base % order;
        }
        base = base * base % order;
        exponent >>= 1;
    }
    result as usize
}

/// The Galois element of complex conjugation, `2N - 1`.
#[must_use]
pub fn conjugation_element(log_n: u32) -> usize {
    (1 << (log_n + 1)) - 1
}

/// The inverse of an odd `g` modulo `2N`.
#[must_use]
pub fn inverse_element(log_n: u32, g: usize) -> usize {
    // Newton's iteration doubles the correct low bits: 3, 6, 12, 24 >= 17.
    let mut inverse = g;
    for _ in 0..4 {
        inverse = inverse.wrapping_mul(2usize.wrapping_sub(g.wrapping_mul(inverse)));
    }
    inverse & ((1 << (log_n + 1)) - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn galois_elements_form_the_group_of_rotations() {
        let log_n = 10;
        let order = 1 << (log_n + 1);
        assert_eq!(galois_element(log_n, 0), 1);
        assert_eq!(galois_element(log_n, 1), 5);
        for k in [1i64, 2, 7, 100, 511] {
            let (g, inverse) = (galois_element(log_n, k), galois_element(log_n, -k));
            assert_eq!(g * inverse % order, 1);
        }
        assert_eq!(conjugation_element(log_n).pow(2) % order, 1);
    }

    #[test]
    fn inverse_elements_undo_rotations() {
        let log_n = 10;
        for k in [1i64, 2, 7, 100, 511] {
            assert_eq!(inverse_element(log_n, galois_element(log_n, k)), galois_element(log_n, -k));
        }
        let conjugation = conjugation_element(log_n);
        assert_eq!(inverse_element(log_n, conjugation), conjugation);
    }
}
