//! The generator that secrets come from.

use rand_chacha::{
    ChaCha20Rng,
    rand_core::{Rng, SeedableRng},
};
use zeroize::Zeroizing;

use crate::Error;

/// ChaCha20, keyed by 32 bytes of the operating system's entropy. Not `Clone`: two copies would repeat secrets.
pub struct SecureRng(ChaCha20Rng);

impl SecureRng {
    /// Keyed by the operating system.
    ///
    /// # Errors
    /// [`Error::Randomness`] if it has no entropy to give.
    pub fn from_os() -> Result<Self, Error> {
        let mut seed = Zeroizing::new([0; 32]);
        getrandom::fill(seed.as_mut()).map_err(|e| Error::Randomness { reason: e.to_string() })?;
        Ok(Self(ChaCha20Rng::from_seed(*seed)))
    }

    /// Keyed by the caller: reproducible, so for tests alone.
    #[doc(hidden)]
    pub fn from_seed(seed: [u8; 32]) -> Self {
        Self(ChaCha20Rng::from_seed(seed))
    }

    /// 64 random bits.
    pub fn next_u64(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// Random bytes.
    pub fn fill(&mut self, bytes: &mut [u8]) {
        self.0.fill_bytes(bytes);
    }
}

impl Drop for SecureRng {
    fn drop(&mut self) {
        // The generator has no wiping of its own: another key overwrites this one's state.
        self.0 = ChaCha20Rng::from_seed([0; 32]);
        std::hint::black_box(&mut self.0);
    }
}

impl std::fmt::Debug for SecureRng {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SecureRng(..)")
    }
}
