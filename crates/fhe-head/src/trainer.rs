//! The trainer: one code path for every [`Engine`] and every [`Head`].
//!
//! The state is kept as `p = w / B` with `B` the unit of each parameter (for a linear head the half-width of the
//! interval of its logits), so that logits `t = x p` lie in [-1, 1] while the approximations hold.

use ckks::Scale;
use ckks::threads::try_map;

use crate::engine::{Engine, Rows};
use crate::error::{Error, Result};
use crate::head::{Head, Parameter, Penalty};
use crate::heads::BuiltIn;
use crate::job::Job;
use crate::optimizer::Step;
use crate::pass::Pass;
use crate::refresh::{self, Refreshes};

/// One block of packed samples.
#[derive(Clone, Debug)]
pub struct Block<V> {
    /// The slot vectors `Y_i` ([`crate::packing`]).
    pub samples: Vec<V>,
    /// Weights and targets of the rows of each half: one of real blocks, two of complex ones. The weights of a batch sum to [`crate::packing::Packing::capacity`], which
    /// hides how many rows are padding.
    pub rows: Vec<Rows<V>>,
}

/// State of an optimiser between two iterations.
#[derive(Clone, Debug)]
pub struct State<V> {
    /// Iterations done.
    pub iteration: usize,
    /// `p = w / B` of each parameter of the head, tiled; empty while all are zero.
    pub parameters: Vec<V>,
    /// The second vector of each parameter in a method with momentum; empty while all are zero.
    pub momentum: Vec<V>,
    /// Parameters after some iterations, at the lowest level that holds them: when a training diverged, the data party sees in
    /// which stretch.
    pub history: Vec<Snapshot<V>>,
}

/// Parameters after an iteration.
#[derive(Clone, Debug)]
pub struct Snapshot<V> {
    /// Iterations done.
    pub iteration: usize,
    /// As in [`State`].
    pub parameters: Vec<V>,
}

impl<V> Default for State<V> {
    fn default() -> Self {
        Self { iteration: 0, parameters: Vec::new(), momentum: Vec::new(), history: Vec::new() }
    }
}

impl<V> State<V> {
    /// A state that starts from given parameters: a warm start.
    pub fn from_parameters(parameters: Vec<V>) -> Self {
        Self { parameters, ..Self::default() }
    }
}

/// Trains a head.
#[derive(Debug)]
pub struct Trainer<'a, E: Engine, H: Head = BuiltIn> {
    engine: &'a E,
    job: &'a Job<H>,
    blocks: &'a [Block<E::Value>],
    parameters: Vec<Parameter>,
    steps: Vec<Step>,
}

impl<'a, E: Engine, H: Head> Trainer<'a, E, H> {
    /// A trainer on packed data.
    ///
    /// # Errors
    /// [`Error::Shape`] if the data does not have the shape that the job states.
    pub fn new(engine: &'a E, job: &'a Job<H>, blocks: &'a [Block<E::Value>]) -> Result<Self> {
        let packing = job.packing();
        same("slots", packing.slots(), engine.slots())?;
        same("blocks of samples", packing.blocks(), blocks.len())?;
        for block in blocks {
            same("slot vectors of a block", packing.diagonals(), block.samples.len())?;
            same("halves of a block", packing.halves(), block.rows.len())?;
            for rows in &block.rows {
                same("targets of a block", job.head().targets(), rows.targets.len())?;
            }
        }
        Ok(Self { engine, job, blocks, parameters: job.head().parameters(packing), steps: job.steps() })
    }

    /// Trains from `state` to the end, with the refresh that the job may plan for the result. `observe` sees the state after each iteration, and stops the training by an
    /// error.
    ///
    /// # Errors
    /// Those of the engine and of `observe`; [`Error::Shape`] if the state is that of another head.
    pub fn run(
        &self,
        mut state: State<E::Value>,
        mut observe: impl FnMut(&State<E::Value>) -> Result<()>,
    ) -> Result<State<E::Value>> {
        while state.iteration < self.job.iterations() {
            state = self.iterate(state)?;
            observe(&state)?;
        }
        if self.job.refreshes_before(state.iteration) {
            state = self.engine.awake(|| refresh::state(self.engine, self.job, &state))?;
        }
        Ok(state)
    }

    /// One iteration, with the refresh that the job plans before it.
    ///
    /// # Errors
    /// Those of the engine; [`Error::Parameter`] after the last iteration; [`Error::Shape`] if the state is that of
    /// another head.
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
        for vectors in [&state.parameters, &state.momentum] {
            if !vectors.is_empty() {
                same("vectors of the state", self.parameters.len(), vectors.len())?;
            }
        }
        if self.job.refreshes_before(state.iteration) && !state.parameters.is_empty() {
            state = refresh::state(self.engine, self.job, &state)?;
        }
        let pass = self.pass(&state, step);
        let parameters = (!state.parameters.is_empty()).then_some(&state.parameters[..]);
        let gradient = self.job.head().gradient(&pass, parameters)?;
        same("gradients", self.parameters.len(), gradient.len())?;
        let mut next = self.update(&state, &gradient, step)?;
        next.history = state.history;
        self.remember(&mut next)?;
        Ok(next)
    }

    /// Keeps a snapshot every few iterations.
    fn remember(&self, state: &mut State<E::Value>) -> Result<()> {
        let spec = self.job.spec();
        if !state.iteration.is_multiple_of(spec.snapshot_every) || state.iteration == self.job.iterations() {
            return Ok(());
        }
        let low = |p: &E::Value| self.engine.drop_to(p, spec.snapshot_level.min(self.engine.level(p)));
        let parameters = state.parameters.iter().map(low).collect::<Result<_>>()?;
        state.history.push(Snapshot { iteration: state.iteration, parameters });
        Ok(())
    }

    /// The batch of an iteration.
    fn pass(&self, state: &State<E::Value>, step: &Step) -> Pass<'a, E> {
        let packing = self.job.packing();
        let length = packing.blocks_per_batch();
        let from = state.iteration % packing.batches() * length;
        let state_scale = match state.parameters.first() {
            Some(p) => self.engine.scale(p),
            None => Scale::power_of_two(self.job.spec().state_scale),
        };
        Pass {
            engine: self.engine,
            packing,
            blocks: &self.blocks[from..from + length],
            rate: step.rate / packing.capacity() as f64,
            state_scale,
            row_weight: f64::from(self.job.spec().log_row_weight).exp2(),
            refreshes: Refreshes::new(&self.job.spec().refreshed_points),
            entry_level: self.job.spec().entry_level,
        }
    }

    fn update(&self, state: &State<E::Value>, gradient: &[E::Value], step: &Step) -> Result<State<E::Value>> {
        let penalty = step.rate * self.job.spec().alpha;
        let updated =
            try_map(self.parameters.iter().zip(gradient).enumerate(), |(k, (parameter, gradient))| {
                let old = (state.parameters.get(k), state.momentum.get(k));
                self.update_vector(old, gradient, step, &Shrinkage { parameter, penalty })
            })?;
        let (parameters, momentum): (Vec<_>, Vec<_>) = updated.into_iter().unzip();
        Ok(State {
            iteration: state.iteration + 1,
            parameters,
            momentum: momentum.into_iter().flatten().collect(),
            history: Vec::new(),
        })
    }

    /// [`crate::optimizer`]'s update of one vector and its momentum.
    fn update_vector(
        &self,
        (weights, momentum): (Option<&E::Value>, Option<&E::Value>),
        gradient: &E::Value,
        step: &Step,
        shrinkage: &Shrinkage<'_>,
    ) -> Result<(E::Value, Option<E::Value>)> {
        let engine = self.engine;
        let new_momentum = if self.job.spec().optimizer.has_momentum() {
            let mut v = gradient.clone();
            if let Some(old) = momentum {
                v = engine.add(&v, &engine.mul_const(old, step.decay, &engine.scale(old))?)?;
            }
            if let Some(p) = weights
                && let Some(penalty) = shrinkage.penalty_of(engine, p)?
            {
                v = engine.add(&v, &penalty)?;
            }
            Some(v)
        } else {
            None
        };
        let Some(p) = weights else {
            return Ok((engine.neg(gradient)?, new_momentum));
        };
        let mut p = shrinkage.shrunk(engine, p)?;
        if let Some(old) = momentum {
            p = engine.sub(&p, &engine.mul_const(old, step.carry, &engine.scale(old))?)?;
        }
        Ok((engine.sub(&p, gradient)?, new_momentum))
    }
}

/// The L2 penalty of one vector: `penalty` is the learning rate times alpha.
struct Shrinkage<'a> {
    parameter: &'a Parameter,
    penalty: f64,
}

impl Shrinkage<'_> {
    /// `(1 - penalty) p`.
    fn shrunk<E: Engine>(&self, engine: &E, p: &E::Value) -> Result<E::Value> {
        Ok(self.times(engine, p, 1.0 - self.penalty, 1.0)?.unwrap_or_else(|| p.clone()))
    }

    /// `penalty p`.
    fn penalty_of<E: Engine>(&self, engine: &E, p: &E::Value) -> Result<Option<E::Value>> {
        self.times(engine, p, self.penalty, 0.0)
    }

    /// `p` times one factor for penalised weights and another for free ones; `None` if nothing is penalised.
    fn times<E: Engine>(
        &self,
        engine: &E,
        p: &E::Value,
        penalised: f64,
        free: f64,
    ) -> Result<Option<E::Value>> {
        match self.parameter.penalty {
            _ if self.penalty == 0.0 => Ok(None),
            Penalty::None => Ok(None),
            Penalty::All => Ok(Some(engine.mul_const(p, penalised, &engine.scale(p))?)),
            Penalty::AllButIntercept => {
                let mut factors = vec![penalised; self.parameter.period];
                if let Some(last) = factors.last_mut() {
                    *last = free;
                }
                Ok(Some(engine.mul_vec(p, &factors, &engine.scale(p))?))
            }
        }
    }
}

fn same(what: &'static str, expected: usize, got: usize) -> Result<()> {
    if expected == got { Ok(()) } else { Err(Error::Shape { what, expected, got }) }
}
