//! Bootstrapping: turns a ciphertext with no levels left into one with many, under the same key and without the
//! secret.
//!
//! 1. SlotsToCoeffs moves the slot values into the coefficients of a message modulo `q_0`.
//! 2. The ciphertext is switched to a sparse ephemeral secret.
//! 3. ModRaise reads its residues modulo the whole chain. The message is then `m + q_0 I` with small integers `I`.
//! 4. CoeffsToSlots moves the coefficients into slots.
//! 5. EvalMod removes `q_0 I`.
//!
//! `docs/notes/bootstrap.md` has the reasons and the figures. Sources: Cheon et al., EUROCRYPT 2018; Bossuat et al.,
//! EUROCRYPT 2021 (depth, hoisting) and ACNS 2022 (sparse-secret encapsulation).

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
#[cfg(all(test, feature = "client"))]
mod noise_tests;

pub use contract::{Bootstrapper, Contract};
pub use literal::BootstrapLiteral;
#[cfg(feature = "test-utils")]
pub use oracle::SecretKeyBootstrapper;
pub use plan::{BootstrapPlan, KeyRequest, StageCosts};
pub use real::RealBootstrapper;
pub use simulated::SimulatedBootstrapper;

#[cfg(feature = "client")]
pub use keygen::generate_keys;
