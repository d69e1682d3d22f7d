//! Operations between residue systems: base conversion, division by primes of the basis, digits of key switches.

mod convert;
mod decompose;
mod divide;
mod modulus_switch;
mod switch;

pub use modulus_switch::ModulusSwitch;
pub use switch::{KeySwitch, Switched};
