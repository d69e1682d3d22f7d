//! The generator of secrets.
//!
//! A process may go on twice from one state: a fork, a virtual machine restored from a snapshot. Everything that is drawn
//! for a message therefore comes from a generator [derived](SecureRng::derive) for that message. The two differ in all of
//! it, or in nothing.

use rand_chacha::{
    ChaCha20Rng,
    rand_core::{Rng, SeedableRng},
};
use zeroize::{Zeroize, Zeroizing};

use crate::Error;

/// Separates derived generators from all other uses of BLAKE3.
const DOMAIN: &[u8] = b"ckks-math 1 derived generator";

/// ChaCha20, keyed by 32 bytes of entropy from the operating system. Not `Clone`, since two copies would repeat
/// secrets.
pub struct SecureRng(ChaCha20Rng);

impl SecureRng {
    /// A generator keyed by the operating system.
    ///
    /// # Errors
    /// [`Error::Randomness`] if it provides no entropy.
    pub fn from_os() -> Result<Self, Error> {
        let mut seed = Zeroizing::new([0; 32]);
        getrandom::fill(seed.as_mut()).map_err(|e| Error::Randomness { reason: e.to_string() })?;
        Ok(Self(ChaCha20Rng::from_seed(*seed)))
    }

    /// A generator for one purpose: BLAKE3 keyed with `key`, over 32 bytes of this generator, a label for the purpose and a
    /// digest of the message, is the key of its ChaCha20. If this generator repeats itself, the derived one repeats only if
    /// key, label and message do as well.
    #[must_use]
    pub fn derive(&mut self, key: &[u8; 32], label: &[u8], message: &[u8; 32]) -> Self {
        let mut entropy = Zeroizing::new([0; 32]);
        self.fill(entropy.as_mut());
        Self::keyed(key, entropy.as_ref(), label, message)
    }

    /// The generator that is a function of a secret key, a label and a message, without fresh entropy.
    #[must_use]
    pub fn function_of(key: &[u8; 32], label: &[u8], message: &[u8; 32]) -> Self {
        Self::keyed(key, &[], label, message)
    }

    fn keyed(key: &[u8; 32], entropy: &[u8], label: &[u8], message: &[u8; 32]) -> Self {
        let mut hasher = blake3::Hasher::new_keyed(key);
        hasher.update(DOMAIN).update(&(entropy.len() as u64).to_le_bytes()).update(entropy);
        hasher.update(&(label.len() as u64).to_le_bytes()).update(label).update(message);
        let mut derived = hasher.finalize();
        let rng = Self(ChaCha20Rng::from_seed(*derived.as_bytes()));
        hasher.zeroize();
        derived.zeroize();
        rng
    }

    /// A generator keyed by the caller. It is reproducible, so for tests only (feature `test-utils`).
    #[cfg(any(test, feature = "test-utils"))]
    pub fn from_seed(seed: [u8; 32]) -> Self {
        Self(ChaCha20Rng::from_seed(seed))
    }

    /// 64 random bits.
    pub fn next_u64(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// Fills `bytes` with random bytes.
    pub fn fill(&mut self, bytes: &mut [u8]) {
        self.0.fill_bytes(bytes);
    }
}

impl Drop for SecureRng {
    fn drop(&mut self) {
        // The generator does not wipe its state. Another key overwrites it.
        self.0 = ChaCha20Rng::from_seed([0; 32]);
        std::hint::black_box(&mut self.0);
    }
}

impl std::fmt::Debug for SecureRng {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SecureRng(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn derived_generators_repeat_only_together() {
        let first = |seed: u8, key: u8, label: &[u8], message: u8| {
            SecureRng::from_seed([seed; 32]).derive(&[key; 32], label, &[message; 32]).next_u64()
        };
        let draws = [
            first(1, 1, b"a", 1),
            first(2, 1, b"a", 1),
            first(1, 2, b"a", 1),
            first(1, 1, b"b", 1),
            first(1, 1, b"a", 2),
        ];
        assert_eq!(draws[0], first(1, 1, b"a", 1));
        assert!(draws[1..].iter().all(|draw| *draw != draws[0]));
        let mut rng = SecureRng::from_seed([1; 32]);
        let mut derive = || rng.derive(&[1; 32], b"a", &[1; 32]).next_u64();
        assert_ne!(derive(), derive());
    }
}
