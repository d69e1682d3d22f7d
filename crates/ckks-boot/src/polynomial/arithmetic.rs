//! What an evaluation plan asks of the numbers that it is run on.

use ckks::Scale;

use super::Coefficient;

/// Vectors of slots with a level and an exact scale.
pub trait Arithmetic {
    /// A vector of slots, ready to be multiplied.
    type Value;
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

    /// The sum, relinearised if it has products, and rescaled: one level less, the scale divided by the prime.
    fn sum(&self, sum: &Sum<'_, Self::Value>) -> Result<Self::Value, Self::Error>;
}

/// Products and multiples with one relinearisation and one rescaling at the end, so that a node of a plan costs one key
/// switch however many products it has.
#[derive(Clone, Debug)]
pub struct Sum<'a, V> {
    /// At most the level of every operand.
    pub level: usize,
    /// The scale of the sum before it is rescaled.
    pub scale: Scale,
    /// Pairs of factors, the product of whose scales is the sum's.
    pub products: Vec<(&'a V, &'a V)>,
    /// Whether the products count twice.
    pub doubled: bool,
    /// Multiples `c a`, with `c` encoded at the exact scale that makes up the difference.
    pub multiples: Vec<(&'a Coefficient, &'a V)>,
    /// A constant.
    pub constant: Option<&'a Coefficient>,
}
