//! Polynomial arithmetic for CKKS: primes, NTT, RNS bases, sampling.
//!
//! A [`Ring`] is Z\[X\]/(X^N + 1) together with the primes of a parameter set; a [`Poly`] is one of its elements
//! by residues, over a [`Basis`] of the first primes of Q and of P, as coefficients ([`Coeff`]) or evaluations
//! ([`Ntt`]). Kernels are chosen once at run time ([`Backend`]) and give identical words.
//!
//! ```
//! use ckks_math::{Basis, Poly, Ring, primes};
//!
//! let q = primes::ntt_primes(12, 40, 2, &[])?;
//! let ring = Ring::new(11, &q, &[])?;
//! let x = Poly::from_signed(&ring, Basis::of_q(2), &[0, 1]).into_ntt();
//! let square = x.mul(&x).into_coeff().to_centred_i128()?;
//! assert_eq!(square[..4], [0, 0, 1, 0]);
//! # Ok::<(), ckks_math::Error>(())
//! ```

mod automorphism;
mod backend;
mod buffer;
mod error;
mod kernels;
mod layout;
mod modulus;
pub mod naive;
mod poly;
pub mod primes;
mod ring;
mod rns;
pub mod sample;
pub mod threads;

pub use automorphism::AutomorphismTable;
pub use backend::{BACKEND_VARIABLE, Backend};
pub use error::Error;
pub use modulus::{MAX_MODULUS_BITS, Modulus};
pub use poly::{
    Coeff, FoldedRotation, Multiplier, Ntt, PackedPair, PeriodicPoly, Poly, Rotation, Summands, Summed,
    Weight, WeightedSum,
};
pub use ring::{Basis, MAX_LOG_DEGREE, MIN_LOG_DEGREE, Ring};
pub use rns::{KeySwitch, Switched};
