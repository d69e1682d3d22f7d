//! One pass over a batch: what a head works with, and the building blocks that heads share.

use ckks::Scale;

use crate::engine::{Engine, Rows};
use crate::error::{Error, Result};
use crate::heads::residual_at_zero;
use crate::packing::{
    Packing, add_rotations, backward, finish_backward, forward, join_residuals, powers_of_two,
    rotated_weights, split,
};
use crate::refresh::Refreshes;
use crate::sigmoid::{self, Sigmoid};
use crate::trainer::Block;

/// A batch of encrypted samples and the constants of an iteration.
#[derive(Debug)]
pub struct Pass<'a, E: Engine> {
    /// The arithmetic.
    pub engine: &'a E,
    /// How the samples lie in slots.
    pub packing: &'a Packing,
    /// The blocks of the batch.
    pub blocks: &'a [Block<E::Value>],
    /// The learning rate over the number of rows of the batch, padding included.
    pub rate: f64,
    /// Scale of the state, at which gradients come out.
    pub state_scale: Scale,
    /// Largest row weight: residuals are at most the rate times this, times that of a row of weight 1.
    pub row_weight: f64,
    /// Where bootstraps stand.
    pub refreshes: Refreshes<'a>,
    /// Level at which row weights and targets enter an iteration from zero parameters.
    pub entry_level: usize,
}

impl<E: Engine> Pass<'_, E> {
    /// Scale that a factor of the samples needs at `level` for the gradient to come out at the scale of the state.
    pub fn error_scale(&self, level: usize) -> Scale {
        let samples = self.blocks.first().and_then(|block| block.samples.first());
        // taking the real part of a sum over complex blocks doubles its scale
        let doublings = i32::from(self.packing.is_complex());
        let product = self.state_scale.mul(&self.engine.rescale_factor(level)).mul_power_of_two(-doublings);
        samples.map_or_else(Scale::one, |samples| product.div(&self.engine.scale(samples)))
    }

    /// The gradient of a generalised linear head, one weight vector over the features for each output.
    ///
    /// `residual` turns the logits of a block (`None` if all parameters are zero) and its rows into the factor of each sample in the
    /// gradient of each output, at the scale of [`Self::error_scale`]. It has to be zero outside column 0, which a
    /// product with the row weights or the targets sees to. Where two samples share a slot it is asked for each half of
    /// a block, whose logits and rows are real.
    ///
    /// # Errors
    /// Those of the engine and of `residual`.
    pub fn linear_gradient(
        &self,
        parameters: Option<&[E::Value]>,
        mut residual: impl FnMut(Option<&[E::Value]>, &Rows<E::Value>) -> Result<Vec<E::Value>>,
    ) -> Result<Vec<E::Value>> {
        let Self { engine, packing, .. } = *self;
        let rotated = parameters.map(|weights| rotated_weights(engine, packing, weights)).transpose()?;
        let mut sums = None;
        for block in self.blocks {
            let halves = match &rotated {
                Some(weights) => {
                    let logits = forward(engine, packing, &block.samples, weights, |_| 0)?;
                    let halves = split(engine, packing, logits)?.into_iter().zip(&block.rows);
                    halves.map(|(logits, rows)| residual(Some(&logits), rows)).collect::<Result<_>>()?
                }
                None => {
                    let rows = block.rows.iter();
                    rows.map(|rows| residual(None, &self.entering(rows)?)).collect::<Result<_>>()?
                }
            };
            let residuals = join_residuals(engine, halves)?;
            sums = Some(backward(engine, packing, sums, &block.samples, &residuals, |_| 0)?);
        }
        finish_backward(engine, packing, sums.unwrap_or_default())
    }

    /// The residual of the logistic loss, `rate s (sigma(z) - y)`, ready for [`Self::linear_gradient`]: row weights `s` and target
    /// `s (y - 1/2)` in `row`, logits `t = z / B` with `B` the half-width of the sigmoid's interval, `None` for zero.
    ///
    /// # Errors
    /// [`Error::Level`] if the levels do not suffice.
    pub fn logistic_residual(
        &self,
        sigmoid: &Sigmoid,
        logits: Option<&E::Value>,
        row: (&E::Value, &E::Value),
        rate: f64,
    ) -> Result<E::Value> {
        let scale = |level: usize| self.error_scale(level);
        match logits {
            Some(logits) => sigmoid::residual(self.engine, sigmoid, logits, row, rate, &scale),
            None => residual_at_zero(self.engine, row.1, rate, &scale),
        }
    }

    /// `factor` times the sum of residuals over all samples, in every slot and at the scale of the state: the gradient of an
    /// intercept. One level.
    ///
    /// # Errors
    /// Those of the engine.
    pub fn sum_over_samples(&self, residuals: &E::Value, factor: f64) -> Result<E::Value> {
        let sum = self.engine.mul_const(residuals, factor, &self.state_scale)?;
        add_rotations(self.engine, sum, powers_of_two(1, self.packing.slots()))
    }

    /// The rows at the level at which the first iteration from zero parameters starts.
    fn entering(&self, rows: &Rows<E::Value>) -> Result<Rows<E::Value>> {
        let drop = |value| self.engine.drop_to(value, self.entry_level.min(self.engine.level(value)));
        Ok(Rows {
            weight: drop(&rows.weight)?,
            targets: rows.targets.iter().map(drop).collect::<Result<_>>()?,
        })
    }
}

/// Refuses to start what would not leave a level for the gradient.
///
/// # Errors
/// [`Error::Level`].
pub fn require_levels(operation: &'static str, level: usize, depth: usize) -> Result<()> {
    if level > depth {
        return Ok(());
    }
    Err(Error::Level { operation, needed: depth + 1, level })
}
