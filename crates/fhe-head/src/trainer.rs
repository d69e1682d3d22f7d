//! The trainer: one code path for every [`Engine`].
//!
//! An iteration from weights at level `l` leaves them at level `l - 2 - depth` of the sigmoid: one level for the
//! logits, `depth` for the residual, one for the gradient. The first iteration starts from zero weights, has no
//! logits, and takes two levels off the labels.
//!
//! The state is kept as `p = w / B` with `B` the half-width of the sigmoid's interval, so that logits `t = x p` lie
//! in [-1, 1] while the approximation holds.

use crate::engine::{Engine, Rows};
use crate::error::{Error, Result};
use crate::job::Job;
use crate::optimizer::Step;
use crate::packing::{backward, finish_backward, forward, rotated_weights};
use ckks::Scale;

/// One block of packed samples.
#[derive(Clone, Debug)]
pub struct Block<V> {
    /// The slot vectors `Y_i` ([`crate::packing`]).
    pub samples: Vec<V>,
    /// Weights and labels of the rows. The weights of all blocks sum to [`crate::packing::Packing::capacity`], which
    /// hides how many rows are padding.
    pub rows: Rows<V>,
}

/// State of an optimiser between two iterations.
#[derive(Clone, Debug)]
pub struct State<V> {
    /// Iterations done.
    pub iteration: usize,
    /// `p = w / B`, tiled; `None` stands for zero.
    pub weights: Option<V>,
    /// The second vector of a method with momentum.
    pub momentum: Option<V>,
}

impl<V> Default for State<V> {
    fn default() -> Self {
        Self { iteration: 0, weights: None, momentum: None }
    }
}

/// Trains a binary logistic head.
#[derive(Debug)]
pub struct Trainer<'a, E: Engine> {
    engine: &'a E,
    job: &'a Job,
    blocks: &'a [Block<E::Value>],
    steps: Vec<Step>,
}

impl<'a, E: Engine> Trainer<'a, E> {
    /// A trainer on packed data.
    ///
    /// # Errors
    /// [`Error::Shape`] if the data does not have the shape that the job states.
    pub fn new(engine: &'a E, job: &'a Job, blocks: &'a [Block<E::Value>]) -> Result<Self> {
        let packing = job.packing();
        let same = |what, expected, got| {
            if expected == got { Ok(()) } else { Err(Error::Shape { what, expected, got }) }
        };
        same("slots", packing.slots(), engine.slots())?;
        same("blocks of samples", packing.blocks(), blocks.len())?;
        for block in blocks {
            same("slot vectors of a block", packing.diagonals(), block.samples.len())?;
        }
        Ok(Self { engine, job, blocks, steps: job.steps() })
    }

    /// Trains from `state` to the end. `observe` sees the state after each iteration, and stops the training by an
    /// error.
    ///
    /// # Errors
    /// Those of the engine and of `observe`.
    pub fn run(
        &self,
        mut state: State<E::Value>,
        mut observe: impl FnMut(&State<E::Value>) -> Result<()>,
    ) -> Result<State<E::Value>> {
        while state.iteration < self.job.iterations() {
            state = self.iterate(state)?;
            observe(&state)?;
        }
        Ok(state)
    }

    /// One iteration, with the refresh that the job plans before it.
    ///
    /// # Errors
    /// Those of the engine; [`Error::Parameter`] after the last iteration.
    pub fn iterate(&self, mut state: State<E::Value>) -> Result<State<E::Value>> {
        let Some(step) = self.steps.get(state.iteration) else {
            return Err(Error::Parameter {
                name: "iteration",
                got: state.iteration.to_string(),
                expected: format!("below {}", self.steps.len()),
            });
        };
        if self.job.refreshes_before(state.iteration)
            && let Some(weights) = &state.weights
        {
            let (weights, momentum) = self.engine.refresh(weights, state.momentum.as_ref())?;
            state = State { weights: Some(weights), momentum, ..state }
        }
        let gradient = self.gradient(state.weights.as_ref(), step)?;
        self.update(&state, &gradient, step)
    }

    /// `rate / (B R)` times the gradient of the weighted loss, `R` the number of rows, at the scale of the weights.
    fn gradient(&self, weights: Option<&E::Value>, step: &Step) -> Result<E::Value> {
        let (engine, packing) = (self.engine, self.job.packing());
        let sigmoid = self.job.sigmoid();
        let rate = step.rate / (sigmoid.half_width() * packing.capacity() as f64);
        let state_scale = match weights {
            Some(p) => engine.scale(p),
            None => Scale::power_of_two(self.job.spec().state_scale),
        };
        let rotated = weights.map(|p| rotated_weights(engine, packing, p)).transpose()?;
        let mut sums = None;
        for block in self.blocks {
            let samples = &block.samples;
            let logits = rotated.as_ref().map(|w| forward(engine, packing, samples, w)).transpose()?;
            let level = self.residual_level(logits.as_ref(), &block.rows)?;
            // the product with the samples must come out at the scale of the weights
            let scale = state_scale.mul(&engine.rescale_factor(level)).div(&engine.scale(&samples[0]));
            let residual = engine.residual(sigmoid, logits.as_ref(), &block.rows, rate, &scale)?;
            sums = Some(backward(engine, packing, sums, samples, &residual)?);
        }
        finish_backward(engine, packing, sums.unwrap_or_default())
    }

    fn residual_level(&self, logits: Option<&E::Value>, rows: &Rows<E::Value>) -> Result<usize> {
        let (level, depth) = match logits {
            Some(t) => (self.engine.level(t), self.job.sigmoid().depth()),
            None => (self.engine.level(&rows.label), 1),
        };
        // one more for the gradient
        if level <= depth {
            return Err(Error::Level { operation: "gradient", needed: depth + 1, level });
        }
        Ok(level - depth)
    }

    fn update(&self, state: &State<E::Value>, gradient: &E::Value, step: &Step) -> Result<State<E::Value>> {
        let engine = self.engine;
        let mut weights = None;
        // the penalty leaves the intercept alone
        let penalty = step.rate * self.job.spec().alpha;
        let penalised = |factor: f64, intercept: f64| {
            let mut v = vec![factor; self.job.packing().features()];
            v[self.job.packing().intercept()] = intercept;
            v
        };
        let mut momentum = None;
        if self.job.spec().optimizer.has_momentum() {
            let mut v = gradient.clone();
            if let Some(old) = &state.momentum {
                v = engine.add(&v, &engine.mul_const(old, step.decay, &engine.scale(old))?)?;
            }
            if let Some(p) = state.weights.as_ref().filter(|_| penalty > 0.0) {
                v = engine.add(&v, &engine.mul_vec(p, &penalised(penalty, 0.0))?)?;
            }
            momentum = Some(v);
        }
        if let Some(p) = &state.weights {
            let mut p =
                if penalty > 0.0 { engine.mul_vec(p, &penalised(1.0 - penalty, 1.0))? } else { p.clone() };
            if let Some(old) = &state.momentum {
                p = engine.sub(&p, &engine.mul_const(old, step.carry, &engine.scale(old))?)?;
            }
            weights = Some(p);
        }
        let weights = match weights {
            Some(p) => engine.sub(&p, gradient)?,
            None => engine.neg(gradient)?,
        };
        Ok(State { iteration: state.iteration + 1, weights: Some(weights), momentum })
    }
}
