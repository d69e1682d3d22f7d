//! Decryption.

use crate::ciphertext::Ciphertext;
use crate::error::Error;
use crate::keys::SecretKey;
use crate::plaintext::Plaintext;

/// Decrypts ciphertexts.
///
/// The result contains the noise of the computation. Shared with others, it can reveal the secret key (Li,
/// Micciancio, EUROCRYPT 2021), and rounding does not prevent that. What is shown to others is [flooded](crate::Flooding).
#[derive(Clone, Copy)]
pub struct Decryptor<'a> {
    secret: &'a SecretKey,
}

impl<'a> Decryptor<'a> {
    /// A decryptor with this key.
    #[must_use]
    pub fn new(secret: &'a SecretKey) -> Self {
        Self { secret }
    }

    pub(crate) fn secret(&self) -> &'a SecretKey {
        self.secret
    }

    /// Decrypts to a plaintext of the same level and scale. It is wiped when dropped.
    ///
    /// # Errors
    /// [`Error::WrongKey`] or [`Error::WrongParameters`] if the ciphertext is not under this key.
    pub fn decrypt(&self, ciphertext: &Ciphertext) -> Result<Plaintext, Error> {
        const OPERATION: &str = "decrypt";
        let (parameters, key_id) = (&ciphertext.parameters, ciphertext.key_id);
        if parameters != self.secret.parameters() {
            return Err(Error::WrongParameters {
                operation: OPERATION,
                expected: self.secret.parameters().name().into(),
                got: parameters.name().into(),
            });
        }
        if key_id != self.secret.key_id() {
            return Err(Error::WrongKey {
                operation: OPERATION,
                expected: self.secret.key_id().to_string(),
                got: key_id.to_string(),
            });
        }
        let [c0, c1] = &ciphertext.c;
        let s = self.secret.poly().truncated(c0.basis());
        let mut poly = c0.clone().into_secret();
        poly.mul_add_assign(c1, &s);
        Ok(Plaintext { poly, scale: ciphertext.scale.clone() })
    }
}
