//! A refresh with the secret key, by decryption and encryption. For tests of code that uses a bootstrap.

use std::sync::{Mutex, PoisonError};

use ckks::{Ciphertext, Decryptor, Encoder, SecretEncryptor, SecretKey, SecureRng};

use super::contract::{Bootstrapper, Contract, require_level};
use crate::Error;

/// Fulfils a contract with the secret key, without the error of a bootstrap.
pub struct SecretKeyBootstrapper<'a> {
    contract: Contract,
    secret: &'a SecretKey,
    encoder: Encoder,
    rng: Mutex<SecureRng>,
}

impl<'a> SecretKeyBootstrapper<'a> {
    /// A bootstrapper that fulfils `contract` with this secret.
    pub fn new(contract: Contract, secret: &'a SecretKey, rng: SecureRng) -> Self {
        Self { contract, encoder: Encoder::new(secret.parameters()), secret, rng: Mutex::new(rng) }
    }
}

impl Bootstrapper for SecretKeyBootstrapper<'_> {
    type Value = Ciphertext;

    fn contract(&self) -> &Contract {
        &self.contract
    }

    fn refresh(&self, a: &Ciphertext) -> Result<Ciphertext, Error> {
        require_level(self.contract.level_before, a.level())?;
        let slots = 1 << self.contract.packing.log_slots;
        let values = self.encoder.decode_complex(&Decryptor::new(self.secret).decrypt(a)?, slots)?;
        let (level, scale) = (self.contract.level_after, &self.contract.scale_after);
        let plaintext = self.encoder.encode_complex(&values, level, scale)?;
        let mut rng = self.rng.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(SecretEncryptor::new(self.secret).encrypt(&plaintext, &mut rng)?.expand())
    }
}
