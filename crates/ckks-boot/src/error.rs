//! What this crate refuses.

/// An error of this crate: the operation, what it got, what it expected.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A polynomial without a variable has nothing to evaluate.
    #[error("polynomial evaluation: the polynomial is constant, expected degree at least 1")]
    ConstantPolynomial,
}
