//! Bootstrapping: a ciphertext with no levels left becomes one with many, under the same key, without any secret.
//!
//! SlotsToCoeffs first: the slot values become the coefficients of a message modulo `q_0`; switched to a sparse ephemeral secret,
//! its residues are read modulo the whole chain (ModRaise), where it is `m + q_0 I` with small integers `I`; CoeffsToSlots brings the
//! coefficients to slots and EvalMod takes `q_0 I` away. `docs/notes/bootstrap.md` has the reasons and the figures.
//!
//! Cheon et al., EUROCRYPT 2018; Bossuat et al., EUROCRYPT 2021 (depth, hoisting) and ACNS 2022 (sparse-secret encapsulation).

mod contract;
mod layout;
mod literal;
#[cfg(feature = "test-utils")]
mod oracle;
mod plan;
mod raise;
mod real;
mod shapes;
mod simulated;

#[cfg(feature = "client")]
mod keygen;

pub use contract::{Bootstrapper, Contract};
pub use literal::BootstrapLiteral;
#[cfg(feature = "test-utils")]
pub use oracle::SecretKeyBootstrapper;
pub use plan::{BootstrapPlan, KeyRequest, StageCosts};
pub use real::RealBootstrapper;
pub use simulated::SimulatedBootstrapper;

pub use crate::packing::{Packing, Values};

#[cfg(feature = "client")]
pub use keygen::generate_keys;
