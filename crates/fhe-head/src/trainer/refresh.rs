//! Bootstraps of the state, which its vectors share.
//!
//! The vectors of the state are merged as neighbouring tiles of messages ([`messages`](crate::packing::messages)): a mask selects the tile
//! of each vector (one level before the bootstrap); after the bootstrap, a mask and rotations repeat each tile over all slots (one level).
//! Weights are the real parts of a message and momenta the imaginary parts, which the
//! bootstrap keeps separate.
//!
//! Values refreshed inside an iteration ([`crate::heads::Refreshes`]) fill the slots, two real vectors as one complex if samples share
//! slots. The state then uses the same bootstrap, whose keys exist anyway.

use std::marker::PhantomData;

use ckks::threads::try_map;

use super::state::State;
use crate::engine::{Engine, Work, compiled_for_each_engine};
use crate::error::Result;
use crate::heads::Head;
use crate::job::Job;
use crate::packing::{Tile, add_rotations, powers_of_two};

/// Refreshes the state: the same weights and momenta at the level [`crate::JobSpec::refreshed_level`], at their scale.
///
/// # Errors
/// Those of the engine.
pub fn refresh_state<E: Engine, H: Head>(
    engine: &E,
    job: &Job<H>,
    state: &State<E::Value>,
) -> Result<State<E::Value>> {
    let alone = job.spec().merged_tiles == 1;
    // separating the tiles takes a level
    let wanted = job.spec().refreshed_level + usize::from(!alone);
    let merging = Merging { messages: job.messages(), length: job.message_length(), alone, wanted };
    let mut refreshed = Ok(State::default());
    E::run::<RefreshWork<'_>>(RefreshOf { engine, merging: &merging, state, refreshed: &mut refreshed });
    refreshed
}

/// How the vectors of a state share bootstraps.
struct Merging {
    messages: Vec<Vec<Tile>>,
    /// Length of a message.
    length: usize,
    /// Whether each vector has a message to itself.
    alone: bool,
    /// The level after the bootstrap at which tiles are separated.
    wanted: usize,
}

/// A refresh, compiled here for each engine.
struct RefreshWork<'a>(PhantomData<&'a ()>);

struct RefreshOf<'a, E: Engine> {
    engine: &'a E,
    merging: &'a Merging,
    state: &'a State<E::Value>,
    refreshed: &'a mut Result<State<E::Value>>,
}

impl<'a> Work for RefreshWork<'a> {
    type On<E: Engine> = RefreshOf<'a, E>;
    compiled_for_each_engine!(RefreshOf::run);
}

impl<E: Engine> RefreshOf<'_, E> {
    fn run(self) {
        *self.refreshed = refreshed(self.engine, self.merging, self.state);
    }
}

fn refreshed<E: Engine>(engine: &E, merging: &Merging, state: &State<E::Value>) -> Result<State<E::Value>> {
    let Merging { messages, length, alone, wanted } = merging;
    let (length, alone, wanted) = (*length, *alone, *wanted);
    let lowered = |vector: &E::Value| engine.drop_to(vector, wanted.min(engine.level(vector)));
    let merge = |vectors: &[E::Value], tiles: &[Tile]| match tiles {
        [tile] if alone => Ok(vectors[tile.vector].clone()),
        _ => merge(engine, vectors, tiles, length),
    };
    let split = |merged: &E::Value, tiles: &[Tile]| match tiles {
        [_] if alone => Ok(vec![lowered(merged)?]),
        _ => split(engine, &lowered(merged)?, tiles, length),
    };
    let refreshed = dealt(engine, messages.len(), |index| {
        let tiles = &messages[index];
        let merged = merge(&state.weights, tiles)?;
        let merged_momentum =
            if state.momentum.is_empty() { None } else { Some(merge(&state.momentum, tiles)?) };
        let (merged, merged_momentum) = engine.refresh(&merged, merged_momentum.as_ref())?;
        let vectors = [Some(merged), merged_momentum].into_iter().flatten().map(|it| split(&it, tiles));
        Ok(vectors.collect::<Result<Vec<_>>>()?.concat())
    })?;
    let [mut weights, mut momentum] = [(); 2].map(|()| vec![None; state.weights.len()]);
    for (tiles, vectors) in messages.iter().zip(refreshed) {
        for (places, vectors) in [&mut weights, &mut momentum].into_iter().zip(vectors.chunks(tiles.len())) {
            for (tile, vector) in tiles.iter().zip(vectors) {
                places[tile.vector] = Some(vector.clone());
            }
        }
    }
    Ok(State {
        iteration: state.iteration,
        weights: weights.into_iter().flatten().collect(),
        momentum: momentum.into_iter().flatten().collect(),
        history: state.history.clone(),
    })
}

/// The values of `count` works, which are dealt to the processes of a training. A single one is done by each of them: no other would have
/// anything else to do.
fn dealt<E: Engine>(
    engine: &E,
    count: usize,
    work: impl Fn(usize) -> Result<Vec<E::Value>>,
) -> Result<Vec<Vec<E::Value>>> {
    let share = engine.share();
    if share.ranks == 1 || count == 1 {
        return (0..count).map(work).collect();
    }
    let owner = |index: usize| index % share.ranks;
    let mine = (0..count).map(|index| (owner(index) == share.rank).then(|| work(index)).transpose());
    let mine = mine.collect::<Result<Vec<_>>>()?;
    mine.into_iter().enumerate().map(|(index, values)| engine.of_rank(owner(index), values)).collect()
}

/// The message in which the vectors lie side by side.
fn merge<E: Engine>(engine: &E, vectors: &[E::Value], tiles: &[Tile], length: usize) -> Result<E::Value> {
    let level = tiles.iter().map(|tile| engine.level(&vectors[tile.vector])).min().unwrap_or_default();
    let masked = try_map(tiles, |tile| {
        let vector = &vectors[tile.vector];
        engine.mul_vec(&engine.drop_to(vector, level)?, &mask(tile, length), &engine.scale(vector))
    })?;
    masked[1..].iter().try_fold(masked[0].clone(), |sum, vector| engine.add(&sum, vector))
}

/// The vectors of a message.
fn split<E: Engine>(engine: &E, merged: &E::Value, tiles: &[Tile], length: usize) -> Result<Vec<E::Value>> {
    try_map(tiles, |tile| {
        let alone = engine.mul_vec(merged, &mask(tile, length), &engine.scale(merged))?;
        add_rotations(engine, alone, powers_of_two(tile.period, length))
    })
}

/// One on a tile of each message.
fn mask(tile: &Tile, length: usize) -> Vec<f64> {
    let inside = tile.first..tile.first + tile.period;
    (0..length).map(|slot| f64::from(u8::from(inside.contains(&slot)))).collect()
}
