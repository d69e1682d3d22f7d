//! Between residue systems: base conversion, division by dropped primes, key-switching digits.

mod convert;
mod decompose;
mod divide;

pub(crate) use convert::{Conversion, FRACTION_BITS, Target};
