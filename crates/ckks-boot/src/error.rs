//! What this crate refuses.

use ckks::KeyShape;

use crate::packing::Packing;

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
    /// A ciphertext whose scale is so far from the default that SlotsToCoeffs would lose its precision.
    #[error("bootstrap: scale {got}, expected within a factor 2^{within} of {expected}")]
    Scale {
        /// The default scale.
        expected: ckks::Scale,
        /// `log2` of the largest ratio.
        within: u32,
        /// The ciphertext's scale.
        got: ckks::Scale,
    },
    /// Values beyond those that a refresh covers.
    #[error("bootstrap: a value of magnitude {largest}, expected at most 1")]
    MessageTooLarge {
        /// The largest real or imaginary part.
        largest: f64,
    },
    /// An operation that another packing allows.
    #[error("bootstrap: cannot {operation}, the plan is for {packing:?}")]
    Packing {
        /// The operation.
        operation: &'static str,
        /// The plan's packing.
        packing: Packing,
    },
    /// From the encrypted arithmetic.
    #[error(transparent)]
    Ckks(#[from] ckks::Error),
}
