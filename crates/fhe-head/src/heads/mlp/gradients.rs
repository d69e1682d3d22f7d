//! Gradients of a hidden layer's weights, summed over the blocks of a batch.

use crate::engine::Engine;
use crate::error::Result;
use crate::heads::refreshes::InColumn;

/// Sums over the blocks of a batch.
pub(super) struct Gradients<E: Engine> {
    pub(super) hidden: Option<Vec<Vec<E::Sum>>>,
    pub(super) hidden_intercepts: Option<E::Value>,
    pub(super) output: Vec<Option<E::Sum>>,
    pub(super) intercepts: Vec<Option<E::Value>>,
}

impl<E: Engine> Gradients<E> {
    /// Empty sums for this number of outputs.
    pub(super) fn new(outputs: usize) -> Self {
        let output = (0..outputs).map(|_| None).collect();
        Self { hidden: None, hidden_intercepts: None, output, intercepts: vec![None; outputs] }
    }

    /// Adds half a block to the gradients of output weights and intercepts, from the outputs' residuals (in one column, and spread over
    /// all columns) and the activations.
    pub(super) fn add_outputs(
        &mut self,
        engine: &E,
        errors: &[InColumn<E::Value>],
        spread_errors: &[E::Value],
        hidden: &E::Value,
    ) -> Result<()> {
        for (sum, e) in self.output.iter_mut().zip(spread_errors) {
            *sum = Some(engine.accumulate(sum.take(), &[(e, hidden)])?);
        }
        for (sum, e) in self.intercepts.iter_mut().zip(errors) {
            *sum = Some(match sum.take() {
                Some(sum) => engine.add(&sum, &e.value)?,
                None => e.value.clone(),
            });
        }
        Ok(())
    }

    /// Adds the residuals of the hidden units, unit `j` in column `j`, to the gradient of their intercepts.
    pub(super) fn add_hidden_intercepts<'a>(
        &mut self,
        engine: &E,
        deltas: impl Iterator<Item = &'a E::Value>,
    ) -> Result<()>
    where
        E: 'a,
    {
        for delta in deltas {
            self.hidden_intercepts = Some(match self.hidden_intercepts.take() {
                Some(sum) => engine.add(&sum, delta)?,
                None => delta.clone(),
            });
        }
        Ok(())
    }
}
