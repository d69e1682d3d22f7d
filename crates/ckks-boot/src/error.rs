//! What this crate refuses.

use ckks::KeyShape;

/// An error of this crate: the operation, what it got, what it expected.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A polynomial without a variable has nothing to evaluate.
    #[error("polynomial evaluation: the polynomial is constant, expected degree at least 1")]
    ConstantPolynomial,
    /// A parameter set that is not laid out for bootstrapping as asked.
    #[error("bootstrapping with {name}: {reason}")]
    NotBootstrappable {
        /// Name of the parameter set.
        name: String,
        /// What is wrong with it.
        reason: String,
    },
    /// Rotations of one linear map share a decomposition, so their keys must have one shape.
    #[error("linear transform: key of shape {got:?} where its neighbours have {expected:?}")]
    KeyShapes {
        /// Shape of the first key.
        expected: KeyShape,
        /// Shape of the key that differs.
        got: KeyShape,
    },
    /// A ciphertext whose scale makes messages too large for the modular reduction.
    #[error(
        "bootstrap: scale {got} where at most {expected} leaves messages within [-1, 1] below the first prime"
    )]
    ScaleTooLarge {
        /// The largest scale.
        expected: ckks::Scale,
        /// The ciphertext's scale.
        got: ckks::Scale,
    },
    /// From the encrypted arithmetic.
    #[error(transparent)]
    Ckks(#[from] ckks::Error),
}
