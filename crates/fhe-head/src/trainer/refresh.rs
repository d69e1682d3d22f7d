//! Bootstraps of the state, which its vectors share.
//!
//! Every vector of the state has a period that divides `D`. Up to `T` of them are merged as neighbouring tiles of one message of period
//! `T D`: a mask selects tile `k` of vector `k` (one level before the bootstrap); after the bootstrap, a mask and `log2 T` rotations
//! repeat each tile over all slots (one level). Weights are the real parts of a message and momenta the imaginary parts, which the
//! bootstrap keeps separate.
//!
//! Values refreshed inside an iteration ([`crate::heads::Refreshes`]) fill the slots, two real vectors as one complex if samples share
//! slots. The state then uses the same bootstrap, whose keys exist anyway.

use ckks::threads::try_map;

use super::state::State;
use crate::engine::Engine;
use crate::error::Result;
use crate::heads::Head;
use crate::job::Job;
use crate::packing::{Packing, add_rotations, powers_of_two};

/// Refreshes the state: the same weights and momenta at the level [`crate::JobSpec::refreshed_level`], at their scale.
///
/// # Errors
/// Those of the engine.
pub fn refresh_state<E: Engine, H: Head>(
    engine: &E,
    job: &Job<H>,
    state: &State<E::Value>,
) -> Result<State<E::Value>> {
    let tiles = Tiles { packing: job.packing(), count: job.spec().merged_tiles };
    let mut fresh = State { iteration: state.iteration, history: state.history.clone(), ..State::default() };
    // separating the tiles takes a level
    let wanted = job.spec().refreshed_level + usize::from(tiles.count > 1);
    let lowered = |vector: &E::Value| engine.drop_to(vector, wanted.min(engine.level(vector)));
    let mut momenta = state.momentum.chunks(tiles.count);
    for weights in state.weights.chunks(tiles.count) {
        let momentum = momenta.next();
        let merged = tiles.merge(engine, weights)?;
        let merged_momentum = momentum.map(|vectors| tiles.merge(engine, vectors)).transpose()?;
        let (merged, merged_momentum) = engine.refresh(&merged, merged_momentum.as_ref())?;
        let merged = lowered(&merged)?;
        let merged_momentum = merged_momentum.as_ref().map(lowered).transpose()?;
        fresh.weights.extend(tiles.split(engine, &merged, weights.len())?);
        if let (Some(merged), Some(vectors)) = (merged_momentum, momentum) {
            fresh.momentum.extend(tiles.split(engine, &merged, vectors.len())?);
        }
    }
    Ok(fresh)
}

/// Neighbouring tiles of one message.
struct Tiles<'a> {
    packing: &'a Packing,
    /// `T`, a power of two. One tile needs no merging.
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
