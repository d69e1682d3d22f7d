//! CKKS keys that several parties share: they encrypt under one public key, one compute party computes, and nobody holds the secret.
//!
//! Mouchet, Troncoso-Pastoriza, Bossuat, Hubaux, *Multiparty Homomorphic Encryption from Ring-Learning-With-Errors* (PETS 2021). Every
//! step is local: a party makes a share, somebody adds the shares, and the sum is finished into a key or a message. How messages travel,
//! who signed them, and who is online when is for the layer above.
//!
//! Three parties make a public key, and decrypt what was encrypted with it:
//!
#![cfg_attr(feature = "client", doc = "```")]
#![cfg_attr(not(feature = "client"), doc = "```ignore")]
//! use ckks::{Encoder, FloodingLiteral, PublicEncryptor, SecureRng, presets};
//! use ckks_threshold::{
//!     Budget, CommonRandomness, Contribution, DecryptionSum, Ledger, Protocol, Release, SecretShare, Session, Sum, public_key,
//! };
//!
//! let parameters = presets::insecure_joint_for_tests(11, 3, 3)?;
//! let session = Session::new(&parameters, &[7; 32], 0, 3)?;
//!
//! // Each party commits to a contribution; when all have, they reveal them.
//! let contributions = (0..3).map(|_| Contribution::generate()).collect::<Result<Vec<_>, _>>()?;
//! let commitments: Vec<_> = (0..3).map(|party| contributions[party].commitment(&session, party)).collect();
//! let common = CommonRandomness::finish(&session, &commitments, &contributions)?;
//!
//! // Each party draws its share of the secret. Their shares of the public key add up to the key.
//! let shares = (0..3).map(|party| SecretShare::generate(&session, party)).collect::<Result<Vec<_>, _>>()?;
//! let mut sum = Sum::new(&session, Protocol::PublicKey)?;
//! for share in &shares {
//!     sum.add(&share.public_key(&common))?;
//! }
//! let public = public_key(&session, &common, sum)?;
//!
//! // Anyone encrypts.
//! let encoder = Encoder::new(&parameters);
//! let plaintext = encoder.encode(&[0.5, -0.25], 1, &parameters.default_scale())?;
//! let a = PublicEncryptor::new(&public).encrypt(&plaintext, &mut SecureRng::from_os().map_err(ckks::Error::from)?)?;
//!
//! // All parties decrypt, flooded.
//! let flooding = FloodingLiteral { numbers: 4, error_bound: 2f64.powi(12), releases: 1, bits: 30 };
//! let release = Release::new(&session, Budget { flooding, level: 1 }, &[0, 1, 2], &[0; 32], vec![(a, 2)])?;
//! let mut sum = DecryptionSum::new(&release);
//! for share in &shares {
//!     sum.add(&share.decryption_share(&release, &mut Ledger::default())?)?;
//! }
//! let message = &sum.finish(&encoder)?[0];
//! assert!((message[0].re - 0.5).abs() < 1e-4 && (message[1].re + 0.25).abs() < 1e-4);
//! # Ok::<(), ckks_threshold::Error>(())
//! ```
//!
//! - What all agree on: [`Session`], [`CommonRandomness`].
//! - Keys: `SecretShare` (feature `client`) makes [`Share`]s of a [`Protocol`]; a [`Sum`] of them becomes a [`public_key`], a
//!   [`galois_key`] or, after two rounds, a [`relinearisation_key`].
//! - Decryption: a [`Release`] within a [`Budget`]; `SecretShare::decryption_share`, [`DecryptionSum`]. Where a threshold of the parties
//!   decrypts, parties [deal](Deal) shares of their shares.
//! - Noise: the formulas of [`ckks::noise`] take the number of parties from the parameter set.
//!
//! The parties follow the protocol; all but one may pool what they see. `docs/security.md` says what stands against more.

mod common;
#[cfg(feature = "client")]
mod decrypting;
#[cfg(feature = "client")]
mod decryption;
mod error;
mod keys;
mod protocol;
#[cfg(feature = "client")]
mod release;
#[cfg(feature = "client")]
mod secret;
mod session;
#[cfg(feature = "client")]
mod threshold;

pub use common::{Commitment, CommonRandomness, Contribution};
#[cfg(feature = "client")]
pub use decryption::{DecryptionShare, DecryptionSum};
pub use error::{Error, Result};
pub use keys::{RelinearisationSum, galois_key, public_key, relinearisation_key};
pub use protocol::{Protocol, Share, Sum};
#[cfg(feature = "client")]
pub use release::{Budget, Entry, Ledger, Release};
#[cfg(feature = "client")]
pub use secret::SecretShare;
pub use session::{Sender, Session};
#[cfg(feature = "client")]
pub use threshold::{Deal, ThresholdShare};
