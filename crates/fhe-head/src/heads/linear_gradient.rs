//! The gradient of a linear layer.

use ckks::threads::try_map;

use super::columns::side_by_side;
use super::linear::LinearLayer;
use super::pass::Pass;
use super::quantities::{Gradient, Residual};
use crate::engine::Engine;
use crate::error::Result;
use crate::packing::{Rows, backward, finish_backward, join_residuals, split};

impl<E: Engine> Pass<'_, E> {
    /// The gradient of a generalised linear head, whose weights are one [`Layer`](super::Layer). It takes one level for the logits and one
    /// for the gradient, beside those of `residual`.
    ///
    /// `weights` are the vectors of the state that hold the layer; the gradients come in their order.
    ///
    /// `residual` maps the logits of a block (`None` if all weights are zero) and its rows to the residual of each output. If two samples
    /// share a slot, it is called for each half of a block; logits and rows of a half are real.
    ///
    /// # Errors
    /// Those of the engine and of `residual`.
    pub fn linear_gradient(
        &self,
        weights: Option<&[E::Value]>,
        mut residual: impl FnMut(Option<&[E::Value]>, &Rows<E::Value>) -> Result<Vec<Residual<E::Value>>>,
    ) -> Result<Vec<Gradient<E::Value>>> {
        let Self { engine, packing, .. } = *self;
        let mut layer = weights.map(|weights| LinearLayer::new(engine, packing, weights)).transpose()?;
        let mut intercepts = InterceptSums::new();
        let values = |residuals: Vec<Residual<E::Value>>| residuals.into_iter().map(|one| one.0).collect();
        let mut sums = None;
        for index in 0..self.block_count() {
            let block = self.block(index)?;
            let halves: Vec<Vec<_>> = match &mut layer {
                Some(layer) => {
                    let logits = layer.logits(&block.samples)?;
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
            if packing.has_separate_intercept() {
                intercepts.add(engine, &halves)?;
            }
            let residuals = join_residuals(engine, halves)?;
            sums = Some(backward(engine, packing, sums, &block.samples, &residuals, |_| 0)?);
        }
        let gradients = finish_backward(engine, packing, sums.unwrap_or_default())?;
        let mut gradients: Vec<_> = gradients.into_iter().map(Gradient).collect();
        gradients.extend(intercepts.gradients(self)?);
        Ok(gradients)
    }
}

/// Sums of residuals over blocks and halves, one for each output: what the gradients of separate intercepts are made of.
struct InterceptSums<E: Engine>(Option<Vec<E::Value>>);

impl<E: Engine> InterceptSums<E> {
    fn new() -> Self {
        Self(None)
    }

    /// Adds the residuals of each half of a block.
    fn add(&mut self, engine: &E, halves: &[Vec<E::Value>]) -> Result<()> {
        for residuals in halves {
            self.0 = Some(match self.0.take() {
                Some(sums) => try_map(sums.iter().zip(residuals), |(sum, e)| engine.add(sum, e))?,
                None => residuals.clone(),
            });
        }
        Ok(())
    }

    /// The gradients, one for each vector of intercepts. One level.
    fn gradients(self, pass: &Pass<'_, E>) -> Result<Vec<Gradient<E::Value>>> {
        let sums = self.0.unwrap_or_default();
        let rows = try_map(sums.chunks(pass.packing.columns()), |sums| side_by_side(pass.engine, sums))?;
        pass.column_sums(&rows, 1.0)
    }
}
