//! RNS-CKKS: parameters, keys, encryption, evaluation, files.
//!
//! Approximate arithmetic on encrypted vectors of `N/2` complex numbers (Cheon, Kim, Kim, Song, ASIACRYPT 2017), in the
//! residue number system (Cheon et al., SAC 2018) with hybrid key switching (Han, Ki, CT-RSA 2020).
//!
//! - [`Parameters`] come checked from a [`ParametersLiteral`] or a [preset](presets); each lies within the
//!   [security table](security).
//! - [`Encoder`] turns vectors into [`Plaintext`]s at a level and an exact [`Scale`].
//! - The data party holds a `SecretKey` (feature `client`), makes [`EvaluationKeys`], encrypts and decrypts.
//! - The compute party runs an [`Evaluator`]. Built without `client`, no code can name a secret key.

mod ciphertext;
#[cfg(feature = "client")]
mod decrypt;
mod digits;
mod encoding;
mod encrypt;
mod error;
mod evaluator;
pub mod keys;
pub mod noise;
mod params;
mod plaintext;
pub mod presets;
mod scale;
pub mod security;
pub mod serial;

pub use ciphertext::{Ciphertext, Tensor};
pub use ckks_math::sample::SecureRng;
pub use ckks_math::threads;
#[cfg(feature = "client")]
pub use decrypt::Decryptor;
pub use digits::Digits;
pub use encoding::{Complex64, Encoder};
#[cfg(feature = "client")]
pub use encrypt::SecretEncryptor;
pub use encrypt::{PublicEncryptor, SeededCiphertext};
pub use error::Error;
pub use evaluator::{Evaluator, Hoisted};
pub use keys::{EvaluationKeys, KeyId, PublicKey, SwitchingKey};
#[cfg(feature = "client")]
pub use keys::{KeyGenerator, SecretKey};
pub use params::{ERROR_STD, KeyShape, ObjectSecurity, Parameters, ParametersLiteral, SecurityLevel};
pub use plaintext::Plaintext;
pub use scale::Scale;
pub use security::SecretDistribution;
