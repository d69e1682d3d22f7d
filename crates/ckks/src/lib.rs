//! RNS-CKKS: parameters, keys, encryption, evaluation, noise formulas, costs, files.
//!
//! Approximate arithmetic on encrypted vectors of `N/2` complex numbers (Cheon, Kim, Kim, Song, ASIACRYPT 2017), in the
//! residue number system (Cheon et al., SAC 2018) with hybrid key switching (Han, Ki, CT-RSA 2020).
//!
//! ```
//! # #[cfg(feature = "client")]
//! # fn main() -> Result<(), ckks::Error> {
//! use ckks::{
//!     Decryptor, Encoder, EvaluationKeys, Evaluator, KeyGenerator, SecretEncryptor, SecretKey, SecureRng, presets,
//! };
//!
//! let parameters = presets::by_name("n13-l3")?;
//! let (level, scale) = (parameters.max_level(), parameters.default_scale());
//! let encoder = Encoder::new(&parameters);
//!
//! // data party: keys and a ciphertext
//! let secret = SecretKey::generate(&parameters)?;
//! let mut keys = EvaluationKeys::new(&parameters, secret.key_id());
//! keys.insert(KeyGenerator::new(&secret)?.relinearisation_key(parameters.key_shape(level))?)?;
//! let plaintext = encoder.encode(&[0.5, -0.25], level, &scale)?;
//! let a = SecretEncryptor::new(&secret).encrypt(&plaintext, &mut SecureRng::from_os()?)?.expand();
//!
//! // compute party: a product, one level lower
//! let square = Evaluator::new(keys.into()).mul(&a, &a)?;
//!
//! // data party
//! let values = encoder.decode(&Decryptor::new(&secret).decrypt(&square)?, 2)?;
//! assert!((values[0] - 0.25).abs() < 1e-5 && (values[1] - 0.0625).abs() < 1e-5);
//! # Ok(())
//! # }
//! # #[cfg(not(feature = "client"))]
//! # fn main() {}
//! ```
//!
//! - [`Parameters`] come checked from a [`ParametersLiteral`] or a [preset](presets); each lies within the
//!   [security table](security). A [`KeyShape`] says which primes and [`Digits`] a switching key has.
//! - [`Encoder`] turns vectors into [`Plaintext`]s at a level and an exact [`Scale`].
//! - The data party holds a `SecretKey` (feature `client`), makes [`EvaluationKeys`], encrypts and decrypts. Without the
//!   feature no code can name a secret key.
//! - The compute party runs an [`Evaluator`] on [`Ciphertext`]s.
//! - Estimates: [`noise`] has variances, [`Cost`] and [`Pace`] give the work and the seconds of key switches.
//! - Files: [`serial`].

mod ciphertext;
mod cost;
#[cfg(feature = "client")]
mod decrypt;
mod digits;
mod encoding;
mod encrypt;
mod error;
mod evaluator;
#[cfg(feature = "client")]
mod flood;
mod keys;
pub mod noise;
mod params;
mod plaintext;
pub mod presets;
mod residues;
mod scale;
pub mod security;
pub mod serial;

pub use ciphertext::{Ciphertext, Tensor};
pub use ckks_math::sample::SecureRng;
pub use ckks_math::threads;
pub use cost::{Cost, Pace};
#[cfg(feature = "client")]
pub use decrypt::Decryptor;
pub use digits::Digits;
pub use encoding::{Complex64, Encoder};
#[cfg(feature = "client")]
pub use encrypt::SecretEncryptor;
pub use encrypt::{FreshCiphertext, PublicEncryptor, SeededCiphertext};
pub use error::Error;
pub use evaluator::Evaluator;
#[cfg(feature = "client")]
pub use flood::{Flooding, FloodingLiteral};
pub use keys::{
    EvaluationKeys, KeyId, KeyPurpose, PublicKey, SwitchingKey, conjugation_element, galois_element,
    inverse_element,
};
#[cfg(feature = "client")]
pub use keys::{KeyGenerator, SecretKey};
pub use params::{
    ERROR_STD, KeyShape, ObjectSecurity, Parameters, ParametersLiteral, RaisedLiteral, SecurityLevel,
};
pub use plaintext::Plaintext;
pub use residues::{ResidueShape, Residues};
pub use scale::Scale;
pub use security::SecretDistribution;
