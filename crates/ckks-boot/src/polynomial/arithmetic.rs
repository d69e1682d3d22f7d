//! What an evaluation plan asks of the numbers that it is run on.

use ckks::Scale;

use super::Coefficient;

/// Vectors of slots with a level and an exact scale.
///
/// A [`Sum`](Self::Sum) collects products and multiples before the one relinearisation and the one rescaling that end it, so
/// that a node of a plan costs one key switch however many products it has.
pub trait Arithmetic {
    /// A vector of slots, ready to be multiplied.
    type Value;
    /// A sum in the making, at a level and a scale fixed when it is opened.
    type Sum;
    /// What can go wrong: a level too low, a key that is missing.
    type Error;

    /// Level of a value: rescalings that it can still take.
    fn level(&self, value: &Self::Value) -> usize;
    /// Exact scale of a value.
    fn scale(&self, value: &Self::Value) -> Scale;
    /// The prime by which a rescaling at `level` divides, as a scale.
    fn prime(&self, level: usize) -> Scale;

    /// Adds the real number `c` to every slot.
    fn shift(&self, value: &mut Self::Value, c: f64) -> Result<(), Self::Error>;

    /// Opens a sum at this level and scale.
    fn open(&self, level: usize, scale: Scale) -> Self::Sum;
    /// Adds `a b`. The operands' levels are at least the sum's and the product of their scales is the sum's.
    fn add_product(&self, sum: &mut Self::Sum, a: &Self::Value, b: &Self::Value) -> Result<(), Self::Error>;
    /// Doubles what has been added so far.
    fn double(&self, sum: &mut Self::Sum);
    /// Adds `c a`, with `c` encoded at the exact scale that makes up the difference.
    fn add_multiple(&self, sum: &mut Self::Sum, c: &Coefficient, a: &Self::Value) -> Result<(), Self::Error>;
    /// Adds the constant `c`.
    fn add_constant(&self, sum: &mut Self::Sum, c: &Coefficient) -> Result<(), Self::Error>;
    /// Relinearises if a product was added, and rescales: one level less, the scale divided by the prime.
    fn close(&self, sum: Self::Sum) -> Result<Self::Value, Self::Error>;
}
