//! The operations that an evaluation plan needs.

use ckks::Scale;

use super::Coefficient;

/// Vectors of slots with a level and an exact scale.
pub trait Arithmetic {
    /// A vector of slots, ready to be multiplied.
    type Value;
    /// The arithmetic's error: a level too low, a missing key.
    type Error;

    /// Level of a value: the number of rescalings that it has left.
    fn level(&self, value: &Self::Value) -> usize;
    /// Exact scale of a value.
    fn scale(&self, value: &Self::Value) -> Scale;
    /// The prime by which a rescaling at `level` divides, as a scale.
    fn prime(&self, level: usize) -> Scale;

    /// Adds the real number `c` to every slot.
    fn shift(&self, value: &mut Self::Value, c: f64) -> Result<(), Self::Error>;

    /// Computes a sum, relinearises it if it has products, and rescales: one level lower, the scale divided by the
    /// prime.
    fn sum(&self, sum: &Sum<'_, Self::Value>) -> Result<Self::Value, Self::Error>;
}

/// A sum of products and multiples. It costs at most one relinearisation and one rescaling, however many products it
/// has.
#[derive(Clone, Debug)]
pub struct Sum<'a, V> {
    /// Level of the sum before rescaling, at most that of every operand.
    pub level: usize,
    /// Scale of the sum before rescaling.
    pub scale: Scale,
    /// Pairs of factors. The product of their scales is the scale of the sum.
    pub products: Vec<(&'a V, &'a V)>,
    /// Whether the products count twice.
    pub doubled: bool,
    /// Multiples `c a`. Each `c` is encoded at the exact scale that the multiple lacks.
    pub multiples: Vec<(&'a Coefficient, &'a V)>,
    /// A constant to be added.
    pub constant: Option<&'a Coefficient>,
}
