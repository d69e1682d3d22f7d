//! The update of the state: the method of [`crate::Optimizer`] and the L2 penalty, in products with constants alone.

use std::marker::PhantomData;

use ckks::threads::try_map;

use super::state::State;
use crate::engine::{Engine, Work, compiled_for_each_engine};
use crate::error::Result;
use crate::heads::{Gradient, Penalty, WeightVector};
use crate::optimizer::Step;

/// The update of one iteration.
pub(super) struct Update<'a, E: Engine> {
    pub(super) engine: &'a E,
    pub(super) vectors: &'a [WeightVector],
    pub(super) step: &'a Step,
    /// Weight of the L2 penalty.
    pub(super) alpha: f64,
    /// Whether the method has a momentum.
    pub(super) momentum: bool,
}

impl<E: Engine> Update<'_, E> {
    /// The state after the iteration, without its history.
    pub(super) fn apply(
        &self,
        state: &State<E::Value>,
        gradient: &[Gradient<E::Value>],
    ) -> Result<State<E::Value>> {
        let mut next = Ok(State::default());
        E::run::<UpdateWork<'_>>(UpdateOf { update: self, state, gradient, next: &mut next });
        next
    }

    fn next(&self, state: &State<E::Value>, gradient: &[Gradient<E::Value>]) -> Result<State<E::Value>> {
        let penalty = self.step.rate * self.alpha;
        let updated = try_map(self.vectors.iter().zip(gradient).enumerate(), |(k, (vector, gradient))| {
            let shrinkage = Shrinkage { vector, penalty };
            self.vector(state.weights.get(k), state.momentum.get(k), gradient.value(), &shrinkage)
        })?;
        let (weights, momentum): (Vec<_>, Vec<_>) = updated.into_iter().unzip();
        let momentum = momentum.into_iter().flatten().collect();
        Ok(State { iteration: state.iteration + 1, weights, momentum, history: Vec::new() })
    }

    /// One weight vector and its momentum.
    fn vector(
        &self,
        weights: Option<&E::Value>,
        momentum: Option<&E::Value>,
        gradient: &E::Value,
        shrinkage: &Shrinkage<'_>,
    ) -> Result<(E::Value, Option<E::Value>)> {
        let (engine, step) = (self.engine, self.step);
        let new_momentum = if self.momentum {
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

/// An update, compiled here for each engine.
struct UpdateWork<'a>(PhantomData<&'a ()>);

struct UpdateOf<'a, E: Engine> {
    update: &'a Update<'a, E>,
    state: &'a State<E::Value>,
    gradient: &'a [Gradient<E::Value>],
    next: &'a mut Result<State<E::Value>>,
}

impl<'a> Work for UpdateWork<'a> {
    type On<E: Engine> = UpdateOf<'a, E>;
    compiled_for_each_engine!(UpdateOf::run);
}

impl<E: Engine> UpdateOf<'_, E> {
    fn run(self) {
        *self.next = self.update.next(self.state, self.gradient);
    }
}

/// The L2 penalty of one vector. `penalty` is the learning rate times alpha.
struct Shrinkage<'a> {
    vector: &'a WeightVector,
    penalty: f64,
}

impl Shrinkage<'_> {
    /// `(1 - penalty) p`. One level if anything is penalised.
    fn shrunk<E: Engine>(&self, engine: &E, p: &E::Value) -> Result<E::Value> {
        Ok(self.times(engine, p, 1.0 - self.penalty, 1.0)?.unwrap_or_else(|| p.clone()))
    }

    /// `penalty p`; `None` if nothing is penalised. One level.
    fn penalty_of<E: Engine>(&self, engine: &E, p: &E::Value) -> Result<Option<E::Value>> {
        self.times(engine, p, self.penalty, 0.0)
    }

    /// `p` times one factor for penalised weights and another for the rest; `None` if nothing is penalised. One level.
    fn times<E: Engine>(
        &self,
        engine: &E,
        p: &E::Value,
        penalised: f64,
        free: f64,
    ) -> Result<Option<E::Value>> {
        match self.vector.penalty {
            _ if self.penalty == 0.0 => Ok(None),
            Penalty::None => Ok(None),
            Penalty::All => Ok(Some(engine.mul_const(p, penalised, &engine.scale(p))?)),
            Penalty::AllButIntercept => {
                let mut factors = vec![penalised; self.vector.period];
                if let Some(last) = factors.last_mut() {
                    *last = free;
                }
                Ok(Some(engine.mul_vec(p, &factors, &engine.scale(p))?))
            }
        }
    }
}
