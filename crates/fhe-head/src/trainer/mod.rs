//! The trainer: the same code for every [`Engine`] and every [`Head`].
//!
//! The state holds each weight vector divided by its unit `B`. For a linear head, `B` is the half-width of the interval of its logits,
//! so `t = x w / B` lies in [-1, 1] inside the interval of the approximations.

mod refresh;
mod state;
mod update;

pub use refresh::refresh_state;
pub use state::{Snapshot, State};

use std::convert::Infallible;
use std::ops::ControlFlow;

use ckks::Scale;

use crate::engine::Engine;
use crate::error::{Error, Result};
use crate::heads::{BuiltIn, Head, Pass, Refreshes, WeightVector};
use crate::job::Job;
use crate::optimizer::Step;
use crate::packing::{BlockLayout, Blocks};
use update::Update;

/// Trains the head of a job on packed data.
pub struct Trainer<'a, E: Engine, H: Head = BuiltIn> {
    engine: &'a E,
    job: &'a Job<H>,
    blocks: &'a dyn Blocks<E::Value>,
    layout: BlockLayout,
    vectors: Vec<WeightVector>,
    steps: Vec<Step>,
}

/// An observer that does nothing.
///
/// # Errors
/// None.
pub fn unobserved<V>(_: &State<V>) -> Result<ControlFlow<Infallible>> {
    Ok(ControlFlow::Continue(()))
}

impl<'a, E: Engine, H: Head> Trainer<'a, E, H> {
    /// A trainer on packed data.
    ///
    /// # Errors
    /// [`Error::Shape`] if the number of blocks or slots is not the job's.
    pub fn new(engine: &'a E, job: &'a Job<H>, blocks: &'a dyn Blocks<E::Value>) -> Result<Self> {
        let packing = job.packing();
        same("slots", packing.slots(), engine.slots())?;
        same("blocks of samples", packing.blocks(), blocks.count())?;
        let (layout, vectors) = (job.layout(), job.weights());
        Ok(Self { engine, job, blocks, layout, vectors, steps: job.steps() })
    }

    /// Trains from `state` to the end, and refreshes the result if the job plans that.
    ///
    /// `observe` gets the state after each iteration. It can end the training with an error of its own type, or with a value
    /// ([`ControlFlow::Break`]).
    ///
    /// # Errors
    /// Those of the engine, the blocks and `observe`; [`Error::Shape`] if the state belongs to another head.
    pub fn run<B, X: From<Error>>(
        &self,
        mut state: State<E::Value>,
        mut observe: impl FnMut(&State<E::Value>) -> Result<ControlFlow<B>, X>,
    ) -> Result<ControlFlow<B, State<E::Value>>, X> {
        while state.iteration < self.job.iterations() {
            state = self.iterate(state)?;
            if let ControlFlow::Break(end) = observe(&state)? {
                return Ok(ControlFlow::Break(end));
            }
        }
        if self.job.refreshes_before(state.iteration) {
            state = self.engine.awake(|| refresh_state(self.engine, self.job, &state))?;
        }
        Ok(ControlFlow::Continue(state))
    }

    /// One iteration, after a refresh if the job plans one before it.
    ///
    /// # Errors
    /// Those of the engine and the blocks; [`Error::Parameter`] after the last iteration; [`Error::Shape`] if the state belongs to another
    /// head.
    pub fn iterate(&self, state: State<E::Value>) -> Result<State<E::Value>> {
        self.engine.awake(|| self.next(state))
    }

    fn next(&self, mut state: State<E::Value>) -> Result<State<E::Value>> {
        let Some(step) = self.steps.get(state.iteration) else {
            return Err(Error::Parameter {
                name: "iteration",
                got: state.iteration.to_string(),
                expected: format!("below {}", self.steps.len()),
            });
        };
        for vectors in [&state.weights, &state.momentum] {
            if !vectors.is_empty() {
                same("vectors of the state", self.vectors.len(), vectors.len())?;
            }
        }
        if self.job.refreshes_before(state.iteration) && !state.weights.is_empty() {
            state = refresh_state(self.engine, self.job, &state)?;
        }
        let lowered = self.lowered(&state.weights)?;
        let weights = lowered.as_deref().unwrap_or(&state.weights);
        let weights = (!weights.is_empty()).then_some(weights);
        let gradient = self.job.head().gradient(&self.pass(&state, step), weights)?;
        same("gradients", self.vectors.len(), gradient.len())?;
        let (engine, vectors, spec) = (self.engine, &self.vectors[..], self.job.spec());
        let update =
            Update { engine, vectors, step, alpha: spec.alpha, momentum: spec.optimizer.has_momentum() };
        let mut next = update.apply(&state, &gradient)?;
        next.history = state.history;
        self.remember(&mut next)?;
        Ok(next)
    }

    /// The weights at the scale of the pass, if the job gives it one of its own. One level.
    fn lowered(&self, weights: &[E::Value]) -> Result<Option<Vec<E::Value>>> {
        let lower = |scale: i32| {
            let scale = Scale::power_of_two(scale);
            weights.iter().map(|p| self.engine.mul_const(p, 1.0, &scale)).collect()
        };
        self.job.spec().pass_scale.map(lower).transpose()
    }

    /// Adds a snapshot to the history, every few iterations.
    fn remember(&self, state: &mut State<E::Value>) -> Result<()> {
        let spec = self.job.spec();
        if !state.iteration.is_multiple_of(spec.snapshot_every) || state.iteration == self.job.iterations() {
            return Ok(());
        }
        let low = |p: &E::Value| self.engine.drop_to(p, spec.snapshot_level.min(self.engine.level(p)));
        let weights = state.weights.iter().map(low).collect::<Result<_>>()?;
        state.history.push(Snapshot { iteration: state.iteration, weights });
        Ok(())
    }

    /// The pass of an iteration over its batch.
    fn pass(&self, state: &State<E::Value>, step: &Step) -> Pass<'a, E> {
        let (packing, spec) = (self.job.packing(), self.job.spec());
        let length = packing.blocks_per_batch();
        let from = state.iteration % packing.batches() * length;
        let state_scale = match state.weights.first() {
            Some(p) => self.engine.scale(p),
            None => Scale::power_of_two(spec.state_scale),
        };
        Pass {
            engine: self.engine,
            packing,
            refreshes: Refreshes::new(&spec.refreshed_points),
            blocks: self.blocks,
            batch: from..from + length,
            layout: self.layout,
            rate: step.rate / packing.capacity() as f64,
            state_scale,
            data_scale: Scale::power_of_two(spec.data_scale),
            row_weight: f64::from(spec.log_row_weight).exp2(),
            entry_level: spec.entry_level,
        }
    }
}

fn same(what: &'static str, expected: usize, got: usize) -> Result<()> {
    if expected == got { Ok(()) } else { Err(Error::Shape { what, expected, got }) }
}
