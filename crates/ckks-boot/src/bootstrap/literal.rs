//! The division of a parameter set's chain among the steps of the bootstrap.

use ckks::Parameters;

use crate::Error;
use crate::eval_mod::EvalModLiteral;

/// The layout of the two chains. From the bottom, that of the application is `q_0`, then the primes of SlotsToCoeffs and of the application.
/// The [raised](Parameters::raised) one is the primes on which a ciphertext lands, then those of EvalMod and CoeffsToSlots. From the
/// landing the modulus is switched to the whole chain of the application.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BootstrapLiteral {
    /// Levels of SlotsToCoeffs.
    pub slots_to_coeffs: usize,
    /// Levels of the application between two bootstraps.
    pub application: usize,
    /// Levels of CoeffsToSlots after its first factor. The first factor uses a special prime instead of a level.
    pub coeffs_to_slots: usize,
    /// The modular reduction.
    pub eval_mod: EvalModLiteral,
    /// `log2` of the scale of EvalMod's argument.
    pub log_argument_scale: i32,
    /// `log2` of the scale between EvalMod's polynomial and its double angles.
    pub log_polynomial_scale: i32,
    /// Guaranteed precision: `log2` of the root mean square error of a value, for values uniform in [-1, 1].
    pub log_error_std: f64,
    /// Guaranteed precision: `-log2` of the largest error over 2^15 uniform values.
    pub worst_bits: f64,
}

impl BootstrapLiteral {
    /// The layout of a preset, by its name. `None` if it does not bootstrap.
    pub fn of_preset(name: &str) -> Option<Self> {
        let eval_mod =
            EvalModLiteral { max_overflow: 16, log_message_ratio: 10, double_angles: 3, degree: 30 };
        match name {
            "n15-boot-l6" => Some(Self {
                slots_to_coeffs: 2,
                application: 6,
                coeffs_to_slots: 1,
                eval_mod,
                log_argument_scale: 49,
                log_polynomial_scale: 45,
                log_error_std: -17.3,
                worst_bits: 13.0,
            }),
            "n16-boot-l15" => Some(Self {
                slots_to_coeffs: 3,
                application: 15,
                coeffs_to_slots: 2,
                eval_mod,
                log_argument_scale: 50,
                log_polynomial_scale: 50,
                log_error_std: -18.0,
                worst_bits: 15.0,
            }),
            _ => None,
        }
    }

    /// The lowest level at which a ciphertext can be refreshed.
    pub fn input_level(&self) -> usize {
        self.slots_to_coeffs
    }

    /// The level of a refreshed ciphertext.
    pub fn output_level(&self) -> usize {
        self.slots_to_coeffs + self.application
    }

    /// The level of the raised chain at which EvalMod ends.
    pub(crate) fn landing_level(&self, raised: &Parameters) -> usize {
        raised.max_level() - self.eval_mod.depth() - self.coeffs_to_slots
    }

    /// Checks that the chains are made for this layout. Returns the raised one.
    ///
    /// # Errors
    /// [`Error::NotBootstrappable`] if they are not.
    pub fn check<'a>(&self, parameters: &'a Parameters) -> Result<&'a Parameters, Error> {
        let refuse =
            |reason: String| Err(Error::NotBootstrappable { name: parameters.name().into(), reason });
        let (levels, least) = (self.output_level(), self.eval_mod.depth() + self.coeffs_to_slots);
        let (Some(_), Some(raised)) = (parameters.literal().ephemeral_weight, parameters.raised()) else {
            return refuse("the set has no ephemeral secret or no raised chain".into());
        };
        if parameters.max_level() != levels || raised.max_level() < least {
            return refuse(format!(
                "the chains have {} and {} levels, the steps need {levels} and at least {least}",
                parameters.max_level(),
                raised.max_level()
            ));
        }
        if self.slots_to_coeffs == 0 || self.coeffs_to_slots == 0 || raised.ring().p().len() < 2 {
            return refuse(
                "SlotsToCoeffs and CoeffsToSlots need a level, raising needs two special primes".into(),
            );
        }
        Ok(raised)
    }
}
