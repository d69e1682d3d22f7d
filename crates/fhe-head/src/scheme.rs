//! The parameter set of a training, with its bootstrap.

use ckks::{Parameters, Scale, presets};
use ckks_boot::{BootstrapLiteral, BootstrapPlan, Packing, Values};
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// CKKS parameters, and the contract of their bootstrap if they have one.
#[derive(Clone, Debug)]
pub struct Scheme {
    parameters: Parameters,
    contract: Option<RefreshContract>,
}

/// What a bootstrap requires of its input and guarantees of its output.
#[derive(Clone, Debug, PartialEq)]
pub struct RefreshContract {
    /// Lowest level of the input.
    pub level_before: usize,
    /// Level of the output.
    pub level_after: usize,
    /// Scale of input and output for values of magnitude up to 1. Smaller values may use a larger scale.
    pub unit_scale: Scale,
    /// Standard deviation of the error, for values at that scale.
    pub error_std: f64,
}

impl Scheme {
    /// The scheme of the preset with this name.
    ///
    /// # Errors
    /// [`Error::Ckks`] if there is no such preset.
    pub fn by_name(preset: &str) -> Result<Self> {
        Ok(Self::new(presets::by_name(preset)?))
    }

    /// These parameters, with the bootstrap of the preset that they are named after, if it has one.
    pub fn new(parameters: Parameters) -> Self {
        let contract = BootstrapLiteral::of_preset(parameters.name()).map(|literal| RefreshContract {
            level_before: literal.input_level(),
            level_after: literal.output_level(),
            unit_scale: parameters.default_scale(),
            error_std: literal.log_error_std.exp2(),
        });
        Self { parameters, contract }
    }

    /// The same parameters with another contract. With `None`, trainings are planned without bootstraps.
    #[must_use]
    pub fn with_contract(self, contract: Option<RefreshContract>) -> Self {
        Self { contract, ..self }
    }

    /// The CKKS parameters.
    pub fn parameters(&self) -> &Parameters {
        &self.parameters
    }

    /// The contract of the bootstrap, if there is one.
    pub fn contract(&self) -> Option<&RefreshContract> {
        self.contract.as_ref()
    }

    /// Name of the preset.
    pub fn name(&self) -> &str {
        self.parameters.name()
    }
}

impl From<Parameters> for Scheme {
    fn from(parameters: Parameters) -> Self {
        Self::new(parameters)
    }
}

/// The shape of the message that every bootstrap of a training refreshes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct RefreshedMessage {
    /// Binary logarithm of the longest period. Shorter periods, also powers of two, divide it.
    pub log_period: usize,
    /// Whether slots have imaginary parts: momenta beside the weights, or second samples.
    pub pair: bool,
}

impl RefreshedMessage {
    /// The plan of a bootstrap of this message.
    ///
    /// # Errors
    /// [`Error::Parameter`] if the parameters have no bootstrap; [`Error::Boot`] if the period does not fit.
    pub fn plan(self, parameters: &Parameters) -> Result<BootstrapPlan> {
        let Some(literal) = BootstrapLiteral::of_preset(parameters.name()) else {
            return Err(Error::Parameter {
                name: "preset",
                got: parameters.name().to_owned(),
                expected: "a parameter set that bootstraps".into(),
            });
        };
        let values = if self.pair { Values::Pair } else { Values::Real };
        Ok(BootstrapPlan::new(parameters, literal, Packing { log_slots: self.log_period, values })?)
    }
}
