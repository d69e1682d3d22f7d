//! Coefficients: one number for all slots, or one for each slot.

use std::sync::Arc;

use num_complex::Complex64;

/// A constant that multiplies a vector of slots.
#[derive(Clone, Debug, PartialEq)]
pub enum Coefficient {
    /// The same number in every slot.
    Scalar(Complex64),
    /// Slot `s` has entry `s mod len`. The length is a power of two.
    Slots(Arc<[Complex64]>),
}

impl Coefficient {
    /// The real number `c` in every slot.
    pub fn real(c: f64) -> Self {
        Self::Scalar(Complex64::new(c, 0.0))
    }

    /// A number for each slot, repeated with period `values.len()`.
    ///
    /// # Panics
    /// If the length is not a power of two.
    pub fn slots(values: Vec<Complex64>) -> Self {
        assert!(values.len().is_power_of_two(), "period {} is not a power of two", values.len());
        Self::Slots(values.into())
    }

    /// Whether it is zero in every slot.
    pub(crate) fn is_zero(&self) -> bool {
        match self {
            Self::Scalar(c) => *c == Complex64::ZERO,
            Self::Slots(values) => values.iter().all(|c| *c == Complex64::ZERO),
        }
    }

    /// The number in slot `s`.
    pub fn at(&self, s: usize) -> Complex64 {
        match self {
            Self::Scalar(c) => *c,
            Self::Slots(values) => values[s % values.len()],
        }
    }

    /// Slot-wise sum.
    #[must_use]
    pub fn plus(&self, other: &Self) -> Self {
        self.zip(other, |a, b| a + b)
    }

    /// Slot-wise difference.
    #[must_use]
    pub fn minus(&self, other: &Self) -> Self {
        self.zip(other, |a, b| a - b)
    }

    /// Slot-wise product.
    #[must_use]
    pub fn times(&self, other: &Self) -> Self {
        self.zip(other, |a, b| a * b)
    }

    fn zip(&self, other: &Self, f: impl Fn(Complex64, Complex64) -> Complex64) -> Self {
        match (self, other) {
            (Self::Scalar(a), Self::Scalar(b)) => Self::Scalar(f(*a, *b)),
            (a, b) => {
                let period = a.period().max(b.period());
                Self::Slots((0..period).map(|s| f(a.at(s), b.at(s))).collect())
            }
        }
    }

    fn period(&self) -> usize {
        match self {
            Self::Scalar(_) => 1,
            Self::Slots(values) => values.len(),
        }
    }
}
