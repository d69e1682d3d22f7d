//! Bootstraps: their contract, plan and keys, how the state's vectors share one, and where else in an iteration they stand.
//!
//! Every vector of the state has a period that divides `D`. Up to `T` of them are merged, as neighbouring tiles of one
//! message of period `T D`: a mask takes tile `k` of vector `k` (one level before the bootstrap), and after it a mask and
//! `log2 T` rotations repeat each tile over all slots again (one level). Parameters are the real parts of a message,
//! their momenta the imaginary parts; the bootstrap keeps these apart by itself.
//!
//! What is refreshed inside an iteration ([`Refreshes`]) fills the slots, two real vectors as the parts of one complex if samples share
//! slots. The state then goes through the same bootstrap, whose keys are there anyway.

mod points;

pub use points::{InColumn, RefreshedPoint, Refreshes};

use ckks::Parameters;
use ckks::threads::try_map;
/// What a bootstrap promises.
pub use ckks_boot::bootstrap::Contract;
use ckks_boot::bootstrap::{BootstrapLiteral, BootstrapPlan, Packing as BootPacking, Values};
use serde::{Deserialize, Serialize};

use crate::engine::Engine;
use crate::engine::trace::RefreshContract;
use crate::error::{Error, Result};
use crate::head::Head;
use crate::job::Job;
use crate::packing::{Packing, add_rotations, powers_of_two};
use crate::trainer::State;

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

/// The state with levels to spare.
///
/// # Errors
/// Those of the engine.
pub fn state<E: Engine, H: Head>(
    engine: &E,
    job: &Job<H>,
    state: &State<E::Value>,
) -> Result<State<E::Value>> {
    let tiles = Tiles { packing: job.packing(), count: job.spec().merged_tiles };
    let mut fresh = State { iteration: state.iteration, history: state.history.clone(), ..State::default() };
    // taking tiles apart is a level
    let wanted = job.spec().refreshed_level + usize::from(tiles.count > 1);
    let lowered = |vector: &E::Value| engine.drop_to(vector, wanted.min(engine.level(vector)));
    let mut momenta = state.momentum.chunks(tiles.count);
    for parameters in state.parameters.chunks(tiles.count) {
        let momentum = momenta.next();
        let merged = tiles.merge(engine, parameters)?;
        let merged_momentum = momentum.map(|vectors| tiles.merge(engine, vectors)).transpose()?;
        let (merged, merged_momentum) = engine.refresh(&merged, merged_momentum.as_ref())?;
        let merged = lowered(&merged)?;
        let merged_momentum = merged_momentum.as_ref().map(lowered).transpose()?;
        fresh.parameters.extend(tiles.split(engine, &merged, parameters.len())?);
        if let (Some(merged), Some(vectors)) = (merged_momentum, momentum) {
            fresh.momentum.extend(tiles.split(engine, &merged, vectors.len())?);
        }
    }
    Ok(fresh)
}

/// Neighbouring tiles of one message.
struct Tiles<'a> {
    packing: &'a Packing,
    /// `T`, a power of two. With one tile there is nothing to merge.
    count: usize,
}

impl Tiles<'_> {
    fn merge<E: Engine>(&self, engine: &E, vectors: &[E::Value]) -> Result<E::Value> {
        if self.count == 1 {
            return Ok(vectors[0].clone());
        }
        let level = vectors.iter().map(|v| engine.level(v)).min().unwrap_or_default();
        let masked = try_map(vectors.iter().enumerate(), |(k, vector)| {
            engine.mul_vec(&engine.drop_to(vector, level)?, &self.mask(k), &engine.scale(vector))
        })?;
        masked[1..].iter().try_fold(masked[0].clone(), |sum, vector| engine.add(&sum, vector))
    }

    fn split<E: Engine>(&self, engine: &E, merged: &E::Value, vectors: usize) -> Result<Vec<E::Value>> {
        if self.count == 1 {
            return Ok(vec![merged.clone()]);
        }
        let (tile, period) = (self.packing.features(), self.count * self.packing.features());
        try_map(0..vectors, |k| {
            let alone = engine.mul_vec(merged, &self.mask(k), &engine.scale(merged))?;
            add_rotations(engine, alone, powers_of_two(tile, period))
        })
    }

    /// One on tile `k` of each period.
    fn mask(&self, k: usize) -> Vec<f64> {
        let tile = self.packing.features();
        (0..self.count * tile).map(|slot| f64::from(u8::from(slot / tile == k))).collect()
    }
}

/// Which messages a training refreshes: all of them go through one bootstrap.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct RefreshedMessage {
    /// Binary logarithm of the longest period: those of others divide it.
    pub log_period: usize,
    /// Whether there are imaginary parts: momenta that travel with the parameters, or second samples of the slots.
    pub pair: bool,
}

impl RefreshedMessage {
    /// That of a job; `None` if it never refreshes.
    pub fn of_job<H: Head>(job: &Job<H>) -> Option<Self> {
        let (spec, packing) = (job.spec(), job.packing());
        let momentum = spec.optimizer.has_momentum();
        if !spec.refreshed_points.is_empty() {
            let log_period = packing.slots().ilog2() as usize;
            return Some(Self { log_period, pair: momentum || packing.is_complex() });
        }
        let period = spec.merged_tiles * packing.features();
        let log_period = (period.ilog2() as usize).max(SHORTEST_LOG_PERIOD);
        (!spec.refresh_before.is_empty()).then_some(Self { log_period, pair: momentum })
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
        let values = if self.pair { Values::Pair } else { Values::Real };
        Ok(BootstrapPlan::new(parameters, literal, BootPacking { log_slots: self.log_period, values })?)
    }
}
