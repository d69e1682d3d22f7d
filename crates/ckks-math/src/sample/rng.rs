//! The generator of secrets.

use rand_chacha::{
    ChaCha20Rng,
    rand_core::{Rng, SeedableRng},
};
use zeroize::Zeroizing;

use crate::Error;

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

    /// A generator keyed by the caller. It is reproducible, so for tests only.
    #[doc(hidden)]
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
