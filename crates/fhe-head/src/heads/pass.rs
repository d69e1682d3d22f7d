//! One pass over a batch: what a head works with, and the building blocks that heads share.

use std::borrow::Cow;
use std::ops::Range;

use ckks::Scale;

use super::linear::residual_at_zero;
use super::logistic_residual::logistic_residual;
use super::quantities::{Gradient, Residual, Unit};
use super::refreshes::Refreshes;
use crate::engine::Engine;
use crate::error::Result;
use crate::functions::Sigmoid;
use crate::packing::{
    Block, BlockLayout, Blocks, Packing, Rows, add_rotations, backward, finish_backward, forward,
    join_residuals, powers_of_two, rotated_weights, split,
};

/// A batch of encrypted samples and the constants of an iteration.
pub struct Pass<'a, E: Engine> {
    /// The arithmetic.
    pub engine: &'a E,
    /// How the samples lie in slots.
    pub packing: &'a Packing,
    /// Where bootstraps stand inside the iteration.
    pub refreshes: Refreshes<'a>,
    /// Where the blocks come from, which of them are the batch, and their layout.
    pub(crate) blocks: &'a dyn Blocks<E::Value>,
    pub(crate) batch: Range<usize>,
    pub(crate) layout: BlockLayout,
    /// The learning rate over the number of rows of the batch, padding included.
    pub(crate) rate: f64,
    /// Scale of the state, at which gradients come out.
    pub(crate) state_scale: Scale,
    /// Scale of the samples.
    pub(crate) data_scale: Scale,
    /// Bound on the row weights, which are 1 in the mean. A residual is at most this times the residual of a row of weight 1.
    pub(crate) row_weight: f64,
    /// Level at which row weights and targets enter an iteration from zero weights.
    pub(crate) entry_level: usize,
}

impl<'a, E: Engine> Pass<'a, E> {
    /// Number of blocks in the batch.
    pub fn block_count(&self) -> usize {
        self.batch.len()
    }

    /// One block of the batch.
    ///
    /// # Errors
    /// Those of reading it; [`crate::Error::Shape`] if it is not what the job describes.
    pub fn block(&self, index: usize) -> Result<Cow<'a, Block<E::Value>>> {
        let block = self.blocks.block(self.batch.start + index)?;
        self.layout.expect(&block)?;
        Ok(block)
    }

    /// Makes residuals of weights of this unit: `compute` is given the rate over the unit, and the scale that a residual must have at
    /// each level.
    ///
    /// # Errors
    /// Those of `compute`.
    pub fn residuals(
        &self,
        unit: Unit,
        compute: impl FnOnce(f64, &(dyn Fn(usize) -> Scale + Sync)) -> Result<Vec<E::Value>>,
    ) -> Result<Vec<Residual<E::Value>>> {
        let scale = |level: usize| self.error_scale(level);
        Ok(compute(self.rate / unit.value(), &scale)?.into_iter().map(Residual).collect())
    }

    /// The residual of the logistic loss for one output, `s (sigma(z) - y)`.
    ///
    /// `logits` are `t = z / B` with `B` the half-width of the sigmoid's interval, `None` for zero. `target` says which of the rows'
    /// targets is `s (y - 1/2)`.
    ///
    /// # Errors
    /// [`crate::Error::Level`] if the levels do not suffice.
    pub fn logistic_residual(
        &self,
        sigmoid: &Sigmoid,
        logits: Option<&E::Value>,
        rows: &Rows<E::Value>,
        target: usize,
    ) -> Result<Residual<E::Value>> {
        let (rate, target) = (self.rate / sigmoid.half_width(), &rows.targets[target]);
        let scale = |level: usize| self.error_scale(level);
        Ok(Residual(match logits {
            Some(logits) => {
                logistic_residual(self.engine, sigmoid, logits, &rows.weight, target, rate, &scale)?
            }
            None => residual_at_zero(self.engine, target, rate, &scale)?,
        }))
    }

    /// The gradient of a generalised linear head, one weight vector over the features for each output.
    ///
    /// `residual` turns the logits of a block (`None` if all weights are zero) and its rows into the residual of each output. Where
    /// two samples share a slot it is asked for each half of a block, whose logits and rows are real.
    ///
    /// # Errors
    /// Those of the engine and of `residual`.
    pub fn linear_gradient(
        &self,
        weights: Option<&[E::Value]>,
        mut residual: impl FnMut(Option<&[E::Value]>, &Rows<E::Value>) -> Result<Vec<Residual<E::Value>>>,
    ) -> Result<Vec<Gradient<E::Value>>> {
        let Self { engine, packing, .. } = *self;
        let rotated = weights.map(|weights| rotated_weights(engine, packing, weights)).transpose()?;
        let values = |residuals: Vec<Residual<E::Value>>| residuals.into_iter().map(|one| one.0).collect();
        let mut sums = None;
        for index in 0..self.block_count() {
            let block = self.block(index)?;
            let halves = match &rotated {
                Some(weights) => {
                    let logits = forward(engine, packing, &block.samples, weights, |_| 0)?;
                    let halves = split(engine, packing, logits)?.into_iter().zip(&block.rows);
                    halves
                        .map(|(logits, rows)| residual(Some(&logits), rows).map(values))
                        .collect::<Result<_>>()?
                }
                None => {
                    let rows = block.rows.iter();
                    rows.map(|rows| residual(None, &self.entering(rows)?).map(values))
                        .collect::<Result<_>>()?
                }
            };
            let residuals = join_residuals(engine, halves)?;
            sums = Some(backward(engine, packing, sums, &block.samples, &residuals, |_| 0)?);
        }
        let gradients = finish_backward(engine, packing, sums.unwrap_or_default())?;
        Ok(gradients.into_iter().map(Gradient).collect())
    }

    /// The sum of residuals over all samples, in every slot: the gradient of an intercept of the residuals' unit. One level.
    ///
    /// # Errors
    /// Those of the engine.
    pub fn sum_over_samples(&self, residuals: &Residual<E::Value>) -> Result<Gradient<E::Value>> {
        self.scaled_sum_over_samples(&residuals.0, 1.0)
    }

    /// `factor` times the sum of a value over all samples.
    pub(super) fn scaled_sum_over_samples(
        &self,
        value: &E::Value,
        factor: f64,
    ) -> Result<Gradient<E::Value>> {
        let sum = self.engine.mul_const(value, factor, &self.state_scale)?;
        Ok(Gradient(add_rotations(self.engine, sum, powers_of_two(1, self.packing.slots()))?))
    }

    /// A gradient that a head has computed by itself, brought to the scale of the state: `rate / B` times the gradient of the weighted
    /// mean loss. One level.
    ///
    /// # Errors
    /// Those of the engine.
    pub fn gradient(
        &self,
        unit: Unit,
        compute: impl FnOnce(f64) -> Result<E::Value>,
    ) -> Result<Gradient<E::Value>> {
        let value = compute(self.rate / unit.value())?;
        Ok(Gradient(self.engine.mul_const(&value, 1.0, &self.state_scale)?))
    }

    /// Scale that a factor of the samples needs at `level` for the gradient to come out at the scale of the state.
    pub(super) fn error_scale(&self, level: usize) -> Scale {
        // the real part of a sum over complex blocks comes at twice the scale
        let doublings = i32::from(self.packing.is_complex());
        let product = self.state_scale.mul(&self.engine.rescale_factor(level)).mul_power_of_two(-doublings);
        product.div(&self.data_scale)
    }

    /// The rows at the level at which the first iteration from zero weights starts.
    fn entering(&self, rows: &Rows<E::Value>) -> Result<Rows<E::Value>> {
        let drop = |value| self.engine.drop_to(value, self.entry_level.min(self.engine.level(value)));
        Ok(Rows {
            weight: drop(&rows.weight)?,
            targets: rows.targets.iter().map(drop).collect::<Result<_>>()?,
        })
    }
}
