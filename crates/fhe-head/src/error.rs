//! What can go wrong, with what was wanted and what was found.

use crate::scale::Scale;

/// Errors of this crate.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A parameter outside its range.
    #[error("{name} = {got}: {expected}")]
    Parameter {
        /// The parameter as the user names it.
        name: &'static str,
        /// Its value.
        got: String,
        /// What it must be.
        expected: String,
    },
    /// Two sizes that must agree do not.
    #[error("{what}: expected {expected}, got {got}")]
    Shape {
        /// What was counted.
        what: &'static str,
        /// The count that was wanted.
        expected: usize,
        /// The count that was found.
        got: usize,
    },
    /// The data cannot be trained on.
    #[error("{0}")]
    Data(String),
    /// Terms of a sum whose scales differ.
    #[error("{operation}: the scales differ, {left} and {right}")]
    Scale {
        /// The operation.
        operation: &'static str,
        /// Scale of the first term.
        left: Scale,
        /// Scale of the second.
        right: Scale,
    },
    /// An operation that needs more levels than are left.
    #[error("{operation} needs level {needed}, but the value is at level {level}")]
    Level {
        /// The operation.
        operation: &'static str,
        /// The lowest level at which it works.
        needed: usize,
        /// The level found.
        level: usize,
    },
    /// A value that the modulus of its level cannot hold.
    #[error(
        "{operation}: |value| = {magnitude:.3e} at scale {scale} does not fit into a modulus of {modulus_bits:.1} bits"
    )]
    Overflow {
        /// The operation.
        operation: &'static str,
        /// Largest absolute slot.
        magnitude: f64,
        /// Its scale.
        scale: Scale,
        /// Bits of the modulus at that level.
        modulus_bits: f64,
    },
    /// A rotation without a Galois key.
    #[error("no Galois key for a rotation by {step} at level {level}")]
    MissingRotation {
        /// Slots to the left.
        step: usize,
        /// Level of the value.
        level: usize,
    },
    /// The engine cannot refresh ciphertexts.
    #[error("the parameters have no bootstrapping, and the weights are at level {level}")]
    NoBootstrapping {
        /// Level of the weights.
        level: usize,
    },
}

/// `Result` with this crate's error.
pub type Result<T, E = Error> = std::result::Result<T, E>;
