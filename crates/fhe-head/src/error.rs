//! The errors of this crate. Each says what was expected and what was found.

use ckks::Scale;

/// Errors of this crate.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A parameter is outside its range.
    #[error("{name} = {got}: {expected}")]
    Parameter {
        /// The parameter as the user names it.
        name: &'static str,
        /// Its value.
        got: String,
        /// What it must be.
        expected: String,
    },
    /// Two sizes that must be equal differ.
    #[error("{what}: expected {expected}, got {got}")]
    Shape {
        /// What was counted.
        what: &'static str,
        /// The expected count.
        expected: usize,
        /// The actual count.
        got: usize,
    },
    /// The data are unusable for training.
    #[error("{0}")]
    Data(String),
    /// What shall be decrypted is not encrypted.
    #[error("a ciphertext that encrypts nothing: one of its polynomials is constant")]
    Transparent,
    /// The terms of a sum have different scales.
    #[error("{operation}: the scales differ, {left} and {right}")]
    Scale {
        /// The operation.
        operation: &'static str,
        /// Scale of the first term.
        left: Scale,
        /// Scale of the second term.
        right: Scale,
    },
    /// An operation needs more levels than the value has left.
    #[error("{operation} needs level {needed}, but the value is at level {level}")]
    Level {
        /// The operation.
        operation: &'static str,
        /// The lowest level at which the operation works.
        needed: usize,
        /// The level of the value.
        level: usize,
    },
    /// A value is too large for the modulus of its level.
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
    /// A scale is so small that rounding destroys the value.
    #[error("{operation}: scale {scale} is too small, rounding takes the value")]
    Precision {
        /// The operation.
        operation: &'static str,
        /// The scale of its result, or of its constant.
        scale: Scale,
    },
    /// The Galois key of a rotation is missing.
    #[error("no Galois key for a rotation by {step} at level {level}")]
    MissingRotation {
        /// The rotation: slots to the left.
        step: usize,
        /// Level of the value.
        level: usize,
    },
    /// The relinearisation key of a product is missing.
    #[error("no relinearisation key at level {level}")]
    MissingRelinearisation {
        /// Level of the product.
        level: usize,
    },
    /// The conjugation key is missing, which separates two samples in one slot.
    #[error("no conjugation key at level {level}")]
    MissingConjugation {
        /// Level of the value.
        level: usize,
    },
    /// The training takes more levels than the parameters have, and they cannot bootstrap.
    #[error(
        "{iterations} iterations need {needed} levels, {preset} has {levels}: this needs bootstrapping (without it, {fit} \
         iterations fit)"
    )]
    NeedsBootstrapping {
        /// The parameter set.
        preset: String,
        /// Requested iterations.
        iterations: usize,
        /// Levels that these iterations take.
        needed: usize,
        /// Levels of the parameter set.
        levels: usize,
        /// Iterations that fit into the levels.
        fit: usize,
    },
    /// A refresh was asked of an engine without a bootstrap.
    #[error("the parameters have no bootstrapping, and the weights are at level {level}")]
    NoBootstrapping {
        /// Level of the weights.
        level: usize,
    },
    /// The weights are larger, or their copies further apart, than any training inside its interval leaves them.
    #[error(
        "the training diverged {when}: weights up to {largest:.3e}, tiles that differ by {spread:.3e}. Lower the learning \
         rate, widen the interval, or raise alpha"
    )]
    Diverged {
        /// The iterations in which it happened, as far as the snapshots tell.
        when: String,
        /// Largest absolute weight.
        largest: f64,
        /// Largest difference between the copies of one weight.
        spread: f64,
    },
    /// The scores are larger than any head trained inside its interval gives.
    #[error(
        "scores reach {largest:.3e}, the interval of the training is [-{half_width}, {half_width}]: the training diverged, or the \
         samples are unlike those that it saw. Lower the learning rate, widen the interval, or raise alpha"
    )]
    ScoresDiverged {
        /// Largest absolute score.
        largest: f64,
        /// Half-width of the interval of the head's logits.
        half_width: f64,
    },
    /// Logits left the interval on which the polynomial approximates the logistic function.
    #[error(
        "logits reach {logit:.1} {when}, but the sigmoid's interval is [-{half_width}, {half_width}]. Lower the learning \
         rate, widen the interval, or raise alpha"
    )]
    OutsideInterval {
        /// Largest absolute logit.
        logit: f64,
        /// Half-width of the interval.
        half_width: f64,
        /// The point of the training at which it happened.
        when: String,
    },
    /// The process was asked to stop ([`crate::stop`]).
    #[error("stopped")]
    Stopped,
    /// A file is unusable.
    #[error(transparent)]
    File(#[from] ckks::serial::FileError),
    /// An error of the encryption.
    #[error(transparent)]
    Ckks(#[from] ckks::Error),
    /// An error of the bootstrap.
    #[error(transparent)]
    Boot(#[from] ckks_boot::Error),
}

/// `Result` with this crate's error.
pub type Result<T, E = Error> = std::result::Result<T, E>;
