//! Operations between residue systems: base conversion, division by primes of the basis, digits of key switches.

mod convert;
mod decompose;
mod divide;
mod switch;

pub use switch::{KeySwitch, Switched};
