//! Gradients of a hidden layer's weights, summed over the blocks of a batch.

use crate::engine::{Engine, Sums};
use crate::error::Result;
use crate::heads::refreshes::InColumn;

/// Sums over the blocks of a batch. All are empty before the first block.
pub(super) struct Gradients<E: Engine> {
    /// Residuals of hidden units times samples.
    pub(super) hidden: Vec<E::Sum>,
    /// Residuals of outputs times activations.
    pub(super) output: Vec<E::Sum>,
    /// Residuals of hidden units, side by side, if intercepts are separate.
    pub(super) hidden_intercepts: Vec<E::Value>,
    /// Residuals of outputs.
    pub(super) intercepts: Vec<E::Value>,
}

impl<E: Engine> Gradients<E> {
    /// The sums of all processes, for this number of outputs.
    pub(super) fn of(mut sums: Sums<E>, outputs: usize) -> Self {
        let last = |length: usize| length.saturating_sub(outputs);
        let output = sums.products.split_off(last(sums.products.len()));
        let intercepts = sums.values.split_off(last(sums.values.len()));
        Self { hidden: sums.products, output, hidden_intercepts: sums.values, intercepts }
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
        let mut before = std::mem::take(&mut self.output).into_iter();
        let added = |e| engine.accumulate(before.next(), &[(e, hidden)]);
        self.output = spread_errors.iter().map(added).collect::<Result<_>>()?;
        let errors = errors.iter().map(|e| &e.value);
        self.intercepts = added_to(engine, &self.intercepts, errors)?;
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
            self.hidden_intercepts = added_to(engine, &self.hidden_intercepts, [delta].into_iter())?;
        }
        Ok(())
    }
}

impl<E: Engine> Default for Gradients<E> {
    fn default() -> Self {
        let (hidden, output) = Default::default();
        Self { hidden, output, hidden_intercepts: Vec::new(), intercepts: Vec::new() }
    }
}

impl<E: Engine> From<Gradients<E>> for Sums<E> {
    fn from(sums: Gradients<E>) -> Self {
        let Gradients { hidden: mut products, output, hidden_intercepts: mut values, intercepts } = sums;
        products.extend(output);
        values.extend(intercepts);
        Self { products, values }
    }
}

/// The sums with further values added, which are the first ones if there are no sums yet.
fn added_to<'a, E: Engine + 'a>(
    engine: &E,
    sums: &[E::Value],
    values: impl Iterator<Item = &'a E::Value>,
) -> Result<Vec<E::Value>> {
    let added = |(i, value): (usize, &E::Value)| match sums.get(i) {
        Some(sum) => engine.add(sum, value),
        None => Ok(value.clone()),
    };
    values.enumerate().map(added).collect()
}
