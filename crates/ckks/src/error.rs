//! Errors. Each names the operation, what it expected and what it got.

use crate::scale::Scale;

/// An error of this crate.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A parameter literal that cannot be used, with the reason.
    #[error("invalid parameters: {0}")]
    InvalidParameters(String),
    /// A modulus beyond the security table.
    #[error(
        "{object}: log2(QP) = {log_qp:.1} exceeds {limit:.0}, the most that leaves 128 bits of security at N = 2^{log_n}"
    )]
    Insecure {
        /// The object whose modulus is too large.
        object: String,
        /// `log2` of its modulus.
        log_qp: f64,
        /// The table's limit on `log2(QP)`.
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
    /// An operation needs more levels than its operand has left.
    #[error("{operation}: needs level {needed}, got {got}")]
    LevelTooLow {
        /// The operation.
        operation: &'static str,
        /// The lowest level that suffices.
        needed: usize,
        /// The operand's level.
        got: usize,
    },
    /// The evaluation keys lack a key that the operation needs.
    #[error("{operation}: no {key} (at level {level} or above) among the evaluation keys")]
    MissingKey {
        /// The operation.
        operation: &'static str,
        /// The missing key.
        key: String,
        /// Level of the ciphertext.
        level: usize,
    },
    /// Operands or keys under different secrets.
    #[error("{operation}: key id {got} where {expected} is expected: made under another secret key")]
    WrongKey {
        /// The operation.
        operation: &'static str,
        /// Expected key id.
        expected: String,
        /// Key id of the operand.
        got: String,
    },
    /// Operands of different parameter sets.
    #[error("{operation}: parameter set {got} where {expected} is expected")]
    WrongParameters {
        /// The operation.
        operation: &'static str,
        /// Expected parameter set.
        expected: String,
        /// Parameter set of the operand.
        got: String,
    },
    /// A vector that cannot be encoded, with the reason.
    #[error("encode: {0}")]
    Encode(String),
    /// A release of decrypted values that flooding does not cover, with the reason.
    #[error("flooding: {0}")]
    Flooding(String),
    /// An error of the ring arithmetic.
    #[error(transparent)]
    Math(#[from] ckks_math::Error),
}
