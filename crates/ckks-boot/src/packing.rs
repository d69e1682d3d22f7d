//! The messages of a bootstrap: how many values, and of which kind.

/// The kind of values in the slots.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Values {
    /// Real numbers. The refresh drops imaginary parts.
    Real,
    /// Complex numbers: twice as many values. If they fill all slots, EvalMod runs twice.
    Complex,
    /// Two real vectors in one refresh, as real and imaginary parts
    /// ([`refresh_parts`](crate::bootstrap::RealBootstrapper::refresh_parts)).
    Pair,
}

impl Values {
    /// Whether imaginary parts are used.
    pub fn is_complex(self) -> bool {
        self != Self::Real
    }
}

/// A message of `2^log_slots` values that repeat over all slots.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Packing {
    /// `log2` of the period, 4 to `log2(N/2)`.
    pub log_slots: usize,
    /// The kind of values.
    pub values: Values,
}
