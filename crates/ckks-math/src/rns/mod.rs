//! Between residue systems: base conversion, division by dropped primes, key-switching digits.

mod convert;
mod decompose;
mod divide;
mod switch;

pub(crate) use convert::{Conversion, FRACTION_BITS, Target, Times};
pub use switch::{KeySwitch, Switched};
