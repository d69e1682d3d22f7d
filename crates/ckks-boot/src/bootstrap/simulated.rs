//! A refresh of simulated slots, with the error that the contract allows.

use super::contract::{Bootstrapper, Contract, require_level};
use crate::Error;
use crate::simulation::{SimulatedSlots, Simulation};

/// Refreshes [`SimulatedSlots`].
#[derive(Debug)]
pub struct SimulatedBootstrapper<'a> {
    contract: Contract,
    simulation: &'a Simulation,
}

impl<'a> SimulatedBootstrapper<'a> {
    /// A bootstrapper that fulfils `contract`, with the randomness of `simulation`.
    pub fn new(contract: Contract, simulation: &'a Simulation) -> Self {
        Self { contract, simulation }
    }
}

impl Bootstrapper for SimulatedBootstrapper<'_> {
    type Value = SimulatedSlots;

    fn contract(&self) -> &Contract {
        &self.contract
    }

    fn refresh(&self, a: &SimulatedSlots) -> Result<SimulatedSlots, Error> {
        require_level(self.contract.level_before, a.level)?;
        // `max` alone would pass over NaN
        let larger = |max: f64, part: f64| if part.is_nan() { f64::INFINITY } else { max.max(part.abs()) };
        let largest = a.slots.iter().flat_map(|v| [v.re, v.im]).fold(0.0, larger);
        if largest > 1.0 {
            return Err(Error::MessageTooLarge { largest });
        }
        let (level, scale) = (self.contract.level_after, self.contract.scale_after.clone());
        let mut refreshed = SimulatedSlots { slots: a.slots.clone(), level, scale };
        self.simulation.add_noise(&mut refreshed, self.contract.error_std());
        Ok(refreshed)
    }
}
