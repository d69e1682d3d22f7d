//! Polynomial arithmetic for CKKS: exact, fast, and without any notion of keys, scales or slots.
//!
//! A [`Ring`] is Z\[X\]/(X^N + 1), N from 2^10 to 2^16, with the primes of a parameter set: those of the ciphertext modulus
//! Q, and the special primes P of key switching, each below 2^50. A [`Poly`] is an element of it by its residues modulo the
//! primes of a [`Basis`], as coefficients ([`Coeff`]) or as evaluations ([`Ntt`]).
//!
//! A negacyclic product by number-theoretic transforms, against the schoolbook's:
//!
//! ```
//! use ckks_math::{Basis, Poly, Ring, naive, primes};
//!
//! let q = primes::ntt_primes(11, 40, 1, &[])?; // one prime near 2^40, congruent to 1 modulo 2N = 2^11
//! let ring = Ring::new(10, &q, &[])?;
//! let (a, b): (Vec<i64>, Vec<i64>) = (0..1024).map(|i| (i, 7 - 3 * i)).unzip();
//! let ntt = |f: &[i64]| Poly::from_signed(&ring, Basis::of_q(1), f).into_ntt();
//! let product = ntt(&a).mul(&ntt(&b)).into_coeff();
//!
//! let modulus = &ring.q()[0];
//! let residues = |f: &[i64]| f.iter().map(|&c| modulus.reduce_i64(c)).collect::<Vec<_>>();
//! let schoolbook = naive::negacyclic_product(modulus, &residues(&a), &residues(&b));
//! assert!(product.rows(0).flatten().eq(&schoolbook));
//! # Ok::<(), ckks_math::Error>(())
//! ```
//!
//! - Rings and polynomials: [`Ring`], [`Poly`], [`Basis`], [`Modulus`], [`primes`], [`AutomorphismTable`].
//! - From the modulus of one ring to that of another: [`ModulusSwitch`].
//! - Sums in one pass, the work of key switches and linear maps: [`KeySwitch`], [`Summands`], [`Rotation`],
//!   [`FoldedRotation`], [`WeightedSum`]; keys in memory are [`PackedPair`]s.
//! - Randomness: [`sample`], secrets from the operating system's entropy and public polynomials from seeds.
//! - Machine: [`Backend`], the kernels, chosen once at run time, all with identical results; [`threads`], tasks for all cores.
//! - [`naive`]: the definitions, for tests.

mod automorphism;
mod buffer;
mod conversion;
mod error;
mod kernels;
mod layout;
mod modulus;
pub mod naive;
mod poly;
mod primality;
pub mod primes;
mod ring;
mod rns;
pub mod sample;
pub mod threads;

pub use automorphism::AutomorphismTable;
pub use error::Error;
pub use kernels::Backend;
pub use modulus::Modulus;
pub use poly::{
    Coeff, FoldedRotation, Multiplier, Ntt, PackedPair, PeriodicPoly, Poly, Rotation, Summands, Summed,
    Weight, WeightedSum,
};
pub use ring::{Basis, Ring};
pub use rns::{KeySwitch, ModulusSwitch, Switched};
