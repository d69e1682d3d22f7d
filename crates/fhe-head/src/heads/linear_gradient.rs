//! The gradient of a linear layer.

use ckks::threads::try_map;

use super::columns::side_by_side;
use super::linear::LinearLayer;
use super::pass::Pass;
use super::quantities::{Gradient, Residual};
use crate::engine::{Engine, Sums};
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
        let values = |residuals: Vec<Residual<E::Value>>| residuals.into_iter().map(|one| one.0).collect();
        let sums = self.sum_over_blocks(1, LayerSums::default(), |sums, blocks| {
            let [block] = blocks else { return Ok(()) };
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
                sums.add_intercepts(engine, &halves)?;
            }
            let residuals = join_residuals(engine, halves)?;
            let products = std::mem::take(&mut sums.products);
            sums.products = backward(engine, packing, products, &block.samples, &residuals, |_| 0)?;
            Ok(())
        })?;
        let gradients = finish_backward(engine, packing, sums.products)?;
        let mut gradients: Vec<_> = gradients.into_iter().map(Gradient).collect();
        // one gradient for each vector of intercepts, from one sum for each output
        let rows = try_map(sums.values.chunks(packing.columns()), |sums| side_by_side(engine, sums))?;
        gradients.extend(self.column_sums(&rows, 1.0)?);
        Ok(gradients)
    }
}

/// Sums over the blocks of a process.
struct LayerSums<E: Engine> {
    /// Of residuals times samples.
    products: Vec<E::Sum>,
    /// Of residuals, one for each output, if intercepts are separate.
    residuals: Vec<E::Value>,
}

impl<E: Engine> LayerSums<E> {
    /// Adds the residuals of each half of a block.
    fn add_intercepts(&mut self, engine: &E, halves: &[Vec<E::Value>]) -> Result<()> {
        for residuals in halves {
            self.residuals = match self.residuals.is_empty() {
                true => residuals.clone(),
                false => try_map(self.residuals.iter().zip(residuals), |(sum, e)| engine.add(sum, e))?,
            };
        }
        Ok(())
    }
}

impl<E: Engine> Default for LayerSums<E> {
    fn default() -> Self {
        Self { products: Vec::new(), residuals: Vec::new() }
    }
}

impl<E: Engine> From<LayerSums<E>> for Sums<E> {
    fn from(sums: LayerSums<E>) -> Self {
        Self { products: sums.products, values: sums.residuals }
    }
}
