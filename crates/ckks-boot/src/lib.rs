//! Homomorphic polynomials, linear transforms and bootstrapping.
//!
//! The main path, from the bottom up:
//!
//! - [`polynomial`]: Chebyshev and monomial polynomials, their depth-optimal evaluation plans, with exact scales;
//! - [`linear`]: linear maps by diagonals, the special Fourier transform in sparse factors, baby-step giant-step plans;
//! - [`eval_mod`]: the homomorphic reduction modulo 1;
//! - [`bootstrap`]: all of it together.

pub mod bootstrap;
mod ciphertext;
mod cost;
mod error;
pub mod eval_mod;
pub mod linear;
mod pace;
pub mod polynomial;
mod raised;
pub mod simulation;

pub use ciphertext::CiphertextArithmetic;
pub use cost::Cost;
pub use error::Error;
pub use pace::Pace;
