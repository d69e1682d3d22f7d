//! Polynomials, linear maps and bootstrapping on CKKS ciphertexts.
//!
//! A bootstrap is planned for a parameter set and a packing. The plan says which keys it needs and what it promises:
//!
//! ```
//! use ckks_boot::{BootstrapLiteral, BootstrapPlan, Packing, Values};
//!
//! let parameters = ckks::presets::by_name("n15-boot-l6")?;
//! let literal = BootstrapLiteral::of_preset(parameters.name()).ok_or("a preset without bootstrap")?;
//! let plan = BootstrapPlan::new(&parameters, literal, Packing { log_slots: 9, values: Values::Real })?;
//! let contract = plan.contract();
//! println!("level {} to level {}: {} keys", contract.level_before, contract.level_after, contract.keys);
//! assert_eq!(contract.levels(), 6);
//! assert!(contract.log2_failure < -128.0);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! The data party generates the plan's keys (`generate_keys`, feature `client`). With them the compute party makes a
//! [`RealBootstrapper`] and [refreshes](RealBootstrapper::refresh) ciphertexts.
//!
//! From the bottom up:
//!
//! - [`polynomial`]: Chebyshev and monomial polynomials, their evaluation plans of least depth, with exact scales;
//! - [`linear`]: linear maps by diagonals, the special Fourier transform in sparse factors, baby-step giant-step plans;
//! - [`EvalMod`]: the homomorphic reduction modulo 1;
//! - [`BootstrapPlan`], [`RealBootstrapper`]: all of it together.
//!
//! The same plans run on ciphertexts ([`CiphertextArithmetic`]) and on plain slots with noise ([`Simulation`]).

mod bootstrap;
mod ciphertext;
mod error;
mod eval_mod;
pub mod linear;
mod packing;
pub mod polynomial;
mod raised;
mod simulation;

#[cfg(feature = "test-utils")]
pub use bootstrap::SecretKeyBootstrapper;
#[cfg(feature = "client")]
pub use bootstrap::generate_keys;
pub use bootstrap::{
    BootstrapLiteral, BootstrapPlan, Bootstrapper, Contract, KeyRequest, RealBootstrapper,
    SimulatedBootstrapper, StageCosts,
};
pub use ciphertext::CiphertextArithmetic;
pub use error::Error;
pub use eval_mod::{EvalMod, EvalModLiteral, log2_overflow_probability};
pub use packing::{Packing, Values};
pub use polynomial::{Coefficient, Polynomial};
pub use simulation::{SimulatedSlots, Simulation};
