//! What can go wrong, with what was wanted and what was found.

use ckks::Scale;

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
    /// A scale so small that rounding takes what it holds.
    #[error("{operation}: scale {scale} is too small, rounding takes the value")]
    Precision {
        /// The operation.
        operation: &'static str,
        /// The scale of its result, or of its constant.
        scale: Scale,
    },
    /// A rotation without a Galois key.
    #[error("no Galois key for a rotation by {step} at level {level}")]
    MissingRotation {
        /// Slots to the left.
        step: usize,
        /// Level of the value.
        level: usize,
    },
    /// A product without a relinearisation key.
    #[error("no relinearisation key at level {level}")]
    MissingRelinearisation {
        /// Level of the product.
        level: usize,
    },
    /// Samples that share slots in pairs, without a key to take them apart.
    #[error("no conjugation key at level {level}")]
    MissingConjugation {
        /// Level of the value.
        level: usize,
    },
    /// A training that is deeper than the parameters.
    #[error(
        "{iterations} iterations need {needed} levels, {preset} has {levels}: this needs bootstrapping (without it, {fit} \
         iterations fit)"
    )]
    NeedsBootstrapping {
        /// The parameter set.
        preset: String,
        /// Iterations asked for.
        iterations: usize,
        /// Levels that they take.
        needed: usize,
        /// Levels of the parameter set.
        levels: usize,
        /// Iterations that the levels suffice for.
        fit: usize,
    },
    /// The engine cannot refresh ciphertexts.
    #[error("the parameters have no bootstrapping, and the weights are at level {level}")]
    NoBootstrapping {
        /// Level of the weights.
        level: usize,
    },
    /// Weights that no training within its interval leaves.
    #[error(
        "the training diverged {when}: weights up to {largest:.3e}, tiles that differ by {spread:.3e}. Lower the learning \
         rate, widen the interval, or raise alpha"
    )]
    Diverged {
        /// In which iterations, as far as the snapshots tell.
        when: String,
        /// Largest absolute weight.
        largest: f64,
        /// Largest difference between the copies of one weight.
        spread: f64,
    },
    /// Scores that no head within its intervals gives.
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
    /// Logits outside the interval on which the polynomial stands for the logistic function.
    #[error(
        "logits reach {logit:.1} {when}, but the sigmoid's interval is [-{half_width}, {half_width}]. Lower the learning \
         rate, widen the interval, or raise alpha"
    )]
    OutsideInterval {
        /// Largest absolute logit.
        logit: f64,
        /// Half-width of the interval.
        half_width: f64,
        /// At which point of the training.
        when: String,
    },
    /// A file that cannot be used.
    #[error(transparent)]
    File(#[from] ckks::serial::FileError),
    /// From the encryption.
    #[error(transparent)]
    Ckks(#[from] ckks::Error),
    /// From the bootstrap.
    #[error(transparent)]
    Boot(#[from] ckks_boot::Error),
}

/// `Result` with this crate's error.
pub type Result<T, E = Error> = std::result::Result<T, E>;
