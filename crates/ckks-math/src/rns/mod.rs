//! Between residue systems: base conversion, division by dropped primes, key-switching digits.

mod convert;
mod decompose;
mod divide;
mod switch;

pub use switch::{KeySwitch, Switched};
