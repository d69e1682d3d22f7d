//! Errors. Each names the operation, what it expected and what it got.

use ckks::KeyShape;

use crate::packing::Packing;

/// An error of this crate.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A constant polynomial, which has nothing to evaluate.
    #[error("polynomial evaluation: the polynomial is constant, expected degree at least 1")]
    ConstantPolynomial,
    /// A parameter set that cannot bootstrap as requested.
    #[error("bootstrapping with {name}: {reason}")]
    NotBootstrappable {
        /// Name of the parameter set.
        name: String,
        /// The reason.
        reason: String,
    },
    /// The keys of one linear map have different shapes. They must have one, since its rotations share a
    /// decomposition.
    #[error("linear transform: key of shape {got:?} where its neighbours have {expected:?}")]
    KeyShapes {
        /// Shape of the first key.
        expected: KeyShape,
        /// Shape of the key that differs.
        got: KeyShape,
    },
    /// A ciphertext whose scale is too far from the default: SlotsToCoeffs would lose precision.
    #[error("bootstrap: scale {got}, expected within a factor 2^{within} of {expected}")]
    Scale {
        /// The default scale.
        expected: ckks::Scale,
        /// `log2` of the largest allowed ratio.
        within: u32,
        /// The ciphertext's scale.
        got: ckks::Scale,
    },
    /// Values beyond the range of a refresh.
    #[error("bootstrap: a value of magnitude {largest}, expected at most 1")]
    MessageTooLarge {
        /// The largest real or imaginary part.
        largest: f64,
    },
    /// An operation that the plan's packing does not allow.
    #[error("bootstrap: cannot {operation}, the plan is for {packing:?}")]
    Packing {
        /// The operation.
        operation: &'static str,
        /// The plan's packing.
        packing: Packing,
    },
    /// An error of the encrypted arithmetic.
    #[error(transparent)]
    Ckks(#[from] ckks::Error),
}
