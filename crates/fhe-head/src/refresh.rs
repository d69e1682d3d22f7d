//! The bootstrap of a training state: its contract, its plan and its keys.
//!
//! Weights and momentum are real vectors of the packing's period, so both are refreshed as one sparse message: the
//! weights as real parts, the momentum as imaginary parts. The bootstrap keeps them apart by itself, without masks.

use ckks::Parameters;
use ckks_boot::bootstrap::{BootstrapLiteral, BootstrapPlan, Packing, Values};
use serde::{Deserialize, Serialize};

use crate::engine::trace::RefreshContract;
use crate::error::{Error, Result};
use crate::job::Job;

/// The shortest period that the bootstrap works on; shorter ones divide it.
const SHORTEST_LOG_PERIOD: usize = 4;

/// What the bootstrap of these parameters asks for and gives; `None` for a set that does not bootstrap.
pub fn contract(parameters: &Parameters) -> Option<RefreshContract> {
    let literal = BootstrapLiteral::of_preset(parameters.name())?;
    Some(RefreshContract {
        level_before: literal.input_level(),
        level_after: literal.output_level(),
        unit_scale: parameters.default_scale(),
        error_std: literal.log_error_std.exp2(),
    })
}

/// Which message a training refreshes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefreshedState {
    /// Binary logarithm of its period.
    pub log_period: usize,
    /// Whether a momentum travels with the weights.
    pub momentum: bool,
}

impl RefreshedState {
    /// The message of a job; `None` if it never refreshes.
    pub fn of_job(job: &Job) -> Option<Self> {
        let log_period = (job.packing().features().ilog2() as usize).max(SHORTEST_LOG_PERIOD);
        let momentum = job.spec().optimizer.has_momentum();
        (!job.spec().refresh_before.is_empty()).then_some(Self { log_period, momentum })
    }

    /// The bootstrap of that message.
    ///
    /// # Errors
    /// [`Error::Parameter`] if the parameters do not bootstrap; [`Error::Boot`] if the period does not fit.
    pub fn plan(self, parameters: &Parameters) -> Result<BootstrapPlan> {
        let Some(literal) = BootstrapLiteral::of_preset(parameters.name()) else {
            return Err(Error::Parameter {
                name: "preset",
                got: parameters.name().to_owned(),
                expected: "a parameter set that bootstraps".into(),
            });
        };
        let values = if self.momentum { Values::Pair } else { Values::Real };
        Ok(BootstrapPlan::new(parameters, literal, Packing { log_slots: self.log_period, values })?)
    }
}
