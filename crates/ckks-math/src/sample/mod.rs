//! Randomness: secrets from the entropy of the operating system, public polynomials from seeds.

mod rng;
mod secret;
mod uniform;
mod wide;

pub use rng::SecureRng;
pub use secret::{gaussian, ternary, ternary_with_weight};
pub use uniform::{Seed, uniform};
pub use wide::WideGaussian;
