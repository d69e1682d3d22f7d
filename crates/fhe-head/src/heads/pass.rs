//! One pass over a batch: its data and constants, and the building blocks of gradients.

use std::borrow::Cow;
use std::ops::Range;

use ckks::Scale;
use ckks::threads::try_map;

use super::linear::residual_at_zero;
use super::logistic_residual::logistic_residual;
use super::quantities::{Gradient, Residual, Unit};
use super::refreshes::Refreshes;
use crate::engine::{Engine, Sums};
use crate::error::Result;
use crate::functions::Sigmoid;
use crate::packing::{Block, BlockLayout, Blocks, Deal, Packing, Rows, add_rotations, powers_of_two};

/// A batch of packed samples and the constants of an iteration.
pub struct Pass<'a, E: Engine> {
    /// The arithmetic.
    pub engine: &'a E,
    /// How the samples lie in slots.
    pub packing: &'a Packing,
    /// The bootstraps inside the iteration.
    pub refreshes: Refreshes<'a>,
    /// All blocks, of which `batch` are those of the batch.
    pub(crate) blocks: &'a dyn Blocks<E::Value>,
    pub(crate) batch: Range<usize>,
    pub(crate) layout: BlockLayout,
    /// The learning rate divided by the number of rows of the batch, padding included.
    pub(crate) rate: f64,
    /// Scale of the state, which gradients must have too.
    pub(crate) state_scale: Scale,
    /// Scale of the samples.
    pub(crate) data_scale: Scale,
    /// Bound on the row weights. A residual is at most this many times as large as one of a row of weight 1, the mean weight.
    pub(crate) row_weight: f64,
    /// Level of row weights and targets in an iteration that starts from zero weights.
    pub(crate) entry_level: usize,
}

impl<'a, E: Engine> Pass<'a, E> {
    /// Sums over all blocks of the batch, those of other processes included. `add` adds up to `together` blocks to `part`, which is what
    /// this process has summed up so far.
    ///
    /// # Errors
    /// [`crate::Error::Shape`] if the layout of a block is not the job's; errors of reading it, of `add`, and of the other processes.
    pub fn sum_over_blocks<P: Into<Sums<E>>>(
        &self,
        together: usize,
        mut part: P,
        mut add: impl FnMut(&mut P, &[Cow<'a, Block<E::Value>>]) -> Result<()>,
    ) -> Result<Sums<E>> {
        let deal = Deal { length: self.batch.len(), together };
        let mine: Vec<usize> = deal.share(self.engine.share()).collect();
        for indices in mine.chunks(together) {
            let blocks = indices.iter().map(|index| self.block(self.batch.start + index));
            add(&mut part, &blocks.collect::<Result<Vec<_>>>()?)?;
        }
        self.engine.total((!mine.is_empty()).then(|| part.into()))
    }

    fn block(&self, index: usize) -> Result<Cow<'a, Block<E::Value>>> {
        let block = self.blocks.block(index)?;
        self.layout.expect(&block)?;
        Ok(block)
    }

    /// Residuals for weights of this unit. `compute` gets two arguments: the rate divided by the unit, by which it multiplies the
    /// prediction errors, and a function from the level of a residual to the scale that it must have there.
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

    /// The residual of the logistic loss for one output, `s (sigma(z) - y)` with `s` the row weights, [`Sigmoid::depth`] levels below
    /// the logits.
    ///
    /// `logits` are `t = z / B`, with `B` the half-width of the sigmoid's interval, or `None` if they are zero; the residual then is one
    /// level below the target. `target` is the index of the target `s (y - 1/2)`.
    ///
    /// # Errors
    /// [`crate::Error::Level`] if too few levels are left.
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

    /// The sum of residuals over all rows, in every slot: the gradient of an intercept whose unit is that of the residuals. One level.
    ///
    /// Residuals of several blocks are added first ([`Residual::plus`]).
    ///
    /// # Errors
    /// Those of the engine.
    pub fn sum_over_samples(&self, residuals: &Residual<E::Value>) -> Result<Gradient<E::Value>> {
        self.scaled_sum_over_samples(&residuals.0, 1.0)
    }

    /// `factor` times the sum of a value over all rows, in every slot and at the scale of the state. One level.
    pub(super) fn scaled_sum_over_samples(
        &self,
        value: &E::Value,
        factor: f64,
    ) -> Result<Gradient<E::Value>> {
        let sum = self.engine.mul_const(value, factor, &self.state_scale)?;
        Ok(Gradient(add_rotations(self.engine, sum, powers_of_two(1, self.packing.slots()))?))
    }

    /// `factor` times the sums of residuals over all rows, column by column, at the scale of the state: the gradients of vectors whose
    /// period is a row. One level. Where samples share slots, so do two sums, which a conjugation separates.
    pub(super) fn column_sums(&self, values: &[E::Value], factor: f64) -> Result<Vec<Gradient<E::Value>>> {
        let (engine, packing, scale) = (self.engine, self.packing, &self.state_scale);
        let rows = || powers_of_two(packing.columns(), packing.slots());
        let together = packing.halves();
        let gradients = |values: &[E::Value]| -> Result<Vec<Gradient<E::Value>>> {
            let [a, b] = values else {
                let one = |value| {
                    let sum = engine.mul_const(value, factor, scale)?;
                    Ok(Gradient(add_rotations(engine, sum, rows())?))
                };
                return values.iter().map(one).collect();
            };
            // separating the parts doubles the scale
            let sum = engine.add(a, &engine.mul_i(b)?)?;
            let sum = engine.mul_const(&sum, factor, &scale.mul_power_of_two(-1))?;
            let (a, b) = engine.parts(&add_rotations(engine, sum, rows())?)?;
            Ok(vec![Gradient(a), Gradient(b)])
        };
        let sums = try_map(values.chunks(together), gradients)?;
        Ok(sums.into_iter().flatten().collect())
    }

    /// A gradient that the head computes by other means, brought to the scale of the state. One level. `compute` gets the rate divided by
    /// the unit, the number of rows included, and returns this times the sum of the rows' gradients, tiled like the weight vector.
    ///
    /// # Errors
    /// Those of the engine and of `compute`.
    pub fn gradient(
        &self,
        unit: Unit,
        compute: impl FnOnce(f64) -> Result<E::Value>,
    ) -> Result<Gradient<E::Value>> {
        let value = compute(self.rate / unit.value())?;
        Ok(Gradient(self.engine.mul_const(&value, 1.0, &self.state_scale)?))
    }

    /// Scale that a residual must have at `level`: its products with the samples then have the scale of the state.
    pub(super) fn error_scale(&self, level: usize) -> Scale {
        let doublings = self.packing.gradient_doublings();
        let product = self.state_scale.mul(&self.engine.rescale_factor(level)).mul_power_of_two(-doublings);
        product.div(&self.data_scale)
    }

    /// The rows, lowered to the level of an iteration that starts from zero weights.
    pub(super) fn entering(&self, rows: &Rows<E::Value>) -> Result<Rows<E::Value>> {
        let drop = |value| self.engine.drop_to(value, self.entry_level.min(self.engine.level(value)));
        Ok(Rows {
            weight: drop(&rows.weight)?,
            targets: rows.targets.iter().map(drop).collect::<Result<_>>()?,
        })
    }
}
