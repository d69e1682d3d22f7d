//! What a bootstrap refreshes: how many values, and of which kind.

/// What the slots hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Values {
    /// Real numbers; imaginary parts are dropped by the refresh.
    Real,
    /// Complex numbers: twice as many values. With all slots in use EvalMod runs twice.
    Complex,
    /// Two real vectors in one refresh, as real and imaginary parts ([`refresh_pair`](crate::bootstrap::RealBootstrapper::refresh_pair)).
    Pair,
}

impl Values {
    /// Whether imaginary parts count.
    pub fn is_complex(self) -> bool {
        self != Self::Real
    }
}

/// A message: `2^log_slots` values, repeated over all slots.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Packing {
    /// `log2` of the period, 4 to `log2(N/2)`.
    pub log_slots: usize,
    /// Real or complex.
    pub values: Values,
}
