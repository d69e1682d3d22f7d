//! What can go wrong, with the operation, what was expected and what was found.

use crate::scale::Scale;

/// Errors of this crate.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A parameter literal that cannot be used.
    #[error("invalid parameters: {0}")]
    InvalidParameters(String),
    /// A parameter set beyond the security table.
    #[error(
        "{object}: log2(QP) = {log_qp:.1} exceeds {limit:.0}, the most that leaves 128 bits of security at N = 2^{log_n}"
    )]
    Insecure {
        /// What exceeds the limit.
        object: String,
        /// Its modulus.
        log_qp: f64,
        /// The table's limit.
        limit: f64,
        /// `log2` of the ring degree.
        log_n: u32,
    },
    /// Two operands whose scales differ.
    #[error("{operation}: scales differ: {left:?} and {right:?}")]
    ScaleMismatch {
        /// The operation.
        operation: &'static str,
        /// Scale of the left operand.
        left: Scale,
        /// Scale of the right operand.
        right: Scale,
    },
    /// An operation that needs more levels than are left.
    #[error("{operation}: needs level {needed}, got {got}")]
    LevelTooLow {
        /// The operation.
        operation: &'static str,
        /// The lowest level that would do.
        needed: usize,
        /// The level at hand.
        got: usize,
    },
    /// A key that the evaluation needs and does not have.
    #[error("{operation}: no {key} (at level {level} or above) among the evaluation keys")]
    MissingKey {
        /// The operation.
        operation: &'static str,
        /// Which key.
        key: String,
        /// The level of the ciphertext.
        level: usize,
    },
    /// Operands or keys that belong to different secrets.
    #[error("{operation}: key id {got} where {expected} is expected: made under another secret key")]
    WrongKey {
        /// The operation.
        operation: &'static str,
        /// Expected key id.
        expected: String,
        /// Found key id.
        got: String,
    },
    /// Operands of different parameter sets.
    #[error("{operation}: parameter set {got} where {expected} is expected")]
    WrongParameters {
        /// The operation.
        operation: &'static str,
        /// Expected parameter set.
        expected: String,
        /// Found parameter set.
        got: String,
    },
    /// A vector that cannot be encoded.
    #[error("encode: {0}")]
    Encode(String),
    /// From the ring arithmetic.
    #[error(transparent)]
    Math(#[from] ckks_math::Error),
}
