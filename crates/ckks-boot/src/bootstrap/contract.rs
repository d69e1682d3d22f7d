//! What a refresh requires and what it guarantees.

use ckks::Scale;

use super::plan::BootstrapPlan;
use crate::Error;
use crate::eval_mod::log2_overflow_probability;
use crate::packing::Packing;

/// The guarantees of a preset for one packing. Tests check every bootstrapper against them.
#[derive(Clone, Debug, PartialEq)]
pub struct Contract {
    /// Name of the parameter set.
    pub preset: String,
    /// The packing of the messages. Real and imaginary parts are at most 1 in magnitude.
    pub packing: Packing,
    /// Lowest level at which a ciphertext can be refreshed.
    pub level_before: usize,
    /// Level of a refreshed ciphertext.
    pub level_after: usize,
    /// Scale of a refreshed ciphertext, whatever its scale was before.
    pub scale_after: Scale,
    /// Guaranteed `-log2` of the root mean square error over uniform values.
    pub rms_bits: f64,
    /// Guaranteed `-log2` of the largest error over 2^15 uniform values.
    pub worst_bits: f64,
    /// `log2` of the probability that a refresh fails because some coefficient exceeds the range of the modular
    /// reduction. Negative infinity if none can.
    pub log2_failure: f64,
    /// Number of keys.
    pub keys: usize,
    /// Bytes of all keys in memory. Files take about half as much, since half of each key is a seed there.
    pub key_bytes: usize,
    /// Bytes that a bootstrapper holds in memory: keys and encoded diagonals.
    pub memory_bytes: usize,
}

impl Contract {
    /// Levels for the application between two refreshes.
    pub fn levels(&self) -> usize {
        self.level_after - self.level_before
    }

    /// Guaranteed standard deviation of the error of one value.
    pub fn error_std(&self) -> f64 {
        (-self.rms_bits).exp2()
    }
}

impl BootstrapPlan {
    /// The contract of the planned bootstrap.
    pub fn contract(&self) -> Contract {
        let (parameters, literal) = (self.parameters(), self.literal());
        let weight = parameters.literal().ephemeral_weight.unwrap_or(0);
        let keys = self.keys();
        let key_bytes = keys.iter().map(|key| key.bytes(parameters)).sum();
        Contract {
            preset: parameters.name().to_owned(),
            packing: self.packing(),
            level_before: literal.input_level(),
            level_after: literal.output_level(),
            scale_after: parameters.default_scale(),
            rms_bits: -literal.log_error_std,
            worst_bits: literal.worst_bits,
            log2_failure: log2_overflow_probability(
                weight,
                literal.eval_mod.max_overflow,
                parameters.degree(),
            ),
            keys: keys.len(),
            key_bytes,
            memory_bytes: key_bytes + self.diagonal_bytes(),
        }
    }
}

/// Refreshes ciphertexts, or values that stand for them.
pub trait Bootstrapper {
    /// A ciphertext, or a value that stands for one.
    type Value;

    /// The guarantees.
    fn contract(&self) -> &Contract;

    /// The same values at the level and scale of the contract.
    ///
    /// # Errors
    /// If the value is below the level that the contract requires, and for reasons of the implementation.
    fn refresh(&self, a: &Self::Value) -> Result<Self::Value, Error>;
}

/// Refuses a level below the one that a step needs.
pub(crate) fn require_level(needed: usize, got: usize) -> Result<(), Error> {
    if got >= needed {
        return Ok(());
    }
    Err(ckks::Error::LevelTooLow { operation: "bootstrap", needed, got }.into())
}
