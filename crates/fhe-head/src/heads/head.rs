//! The trait of heads: weights, targets, gradient, scores.
//!
//! A head is written once, against [`Engine`]. Plain, simulated, encrypted and planned training, keys, checkpoints and scoring follow
//! from it. The trainer owns the state (weights and momentum), the update, the refresh and the levels.

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::linear::linear_scores;
use super::pass::Pass;
use super::quantities::{Gradient, Unit};
use super::refreshes::Refreshes;
use super::weights::Weights;
use crate::engine::Engine;
use crate::error::Result;
use crate::packing::Packing;

/// A head: how gradients and scores follow from packed samples and weights.
///
/// The samples of a block are slot vectors in the layout of [`crate::packing`]. A generalised linear head needs only
/// [`Pass::linear_gradient`] and a residual.
pub trait Head:
    Clone + std::fmt::Debug + PartialEq + Serialize + DeserializeOwned + Send + Sync + 'static
{
    /// Checks the settings.
    ///
    /// # Errors
    /// [`crate::Error::Parameter`] if a setting is out of range.
    fn check(&self) -> Result<()> {
        Ok(())
    }

    /// Whether the head can work with this packing.
    fn accepts(&self, packing: &Packing) -> bool {
        let _ = packing;
        true
    }

    /// Whether two samples may share a slot, the second as imaginary part ([`Packing::is_complex`]). That halves the data and about
    /// halves the work on them.
    ///
    /// The gradient must then use the samples only through [`Pass::linear_gradient`], or handle both halves itself
    /// ([`crate::packing::split`], [`crate::packing::join_residuals`]). The scores of a complex block must be complex too: those of
    /// [`crate::packing::forward`], or the real scores of both halves joined ([`crate::packing::join`]).
    fn pairs_samples(&self) -> bool {
        false
    }

    /// The trained weights. The state has their vectors in this order ([`Weights`]).
    fn weights(&self) -> Vec<Weights>;

    /// Initial weights for a head that cannot start from zero: for each output of a layer the weights of the features, then the
    /// intercept, and one period of each other vector; `None` for a head that can. The data party encrypts them beside the data.
    /// `features` counts the constant one too.
    fn initial(&self, features: usize, random_state: u64) -> Option<Vec<Vec<f64>>> {
        let _ = (features, random_state);
        None
    }

    /// Names of the points of an iteration where the planner may place a bootstrap. [`Self::gradient`] passes each through
    /// [`Pass::refreshes`]. Values must arrive at the scale of the bound that the head states for them
    /// ([`Refreshes::scale`](super::Refreshes::scale)): beyond the bound, the bootstrap's error grows with the cube of the value.
    fn refresh_points(&self) -> &'static [&'static str] {
        &[]
    }

    /// Number of blocks whose samples [`Self::gradient`] holds at once: 1, unless several share a bootstrap.
    fn blocks_at_once(&self, packing: &Packing, refreshes: Refreshes<'_>) -> usize {
        let _ = (packing, refreshes);
        1
    }

    /// How many numbers (targets) the data party encrypts for each sample, beside its row weight.
    fn targets(&self) -> usize;

    /// Writes the targets of a sample with these labels: what [`crate::Samples`] hold of it, one number or several. The data party
    /// multiplies the targets by the row weight.
    fn target(&self, labels: &[f64], targets: &mut [f64]);

    /// The gradient of the weighted mean loss with respect to each vector of the state.
    ///
    /// `weights` is `None` while all weights are zero: in the first iteration of a training without initial weights.
    ///
    /// # Errors
    /// Those of the engine.
    fn gradient<E: Engine>(
        &self,
        pass: &Pass<'_, E>,
        weights: Option<&[E::Value]>,
    ) -> Result<Vec<Gradient<E::Value>>>;

    /// Number of scores (logits) of a sample.
    fn scores(&self) -> usize;

    /// Scores of the samples of a block, divided by [`Self::score_unit`], in column 0 of each row. The scores of a complex block are
    /// complex. By default the weights are one linear layer ([`linear_scores`]).
    ///
    /// # Errors
    /// Those of the engine.
    fn score<E: Engine>(
        &self,
        engine: &E,
        packing: &Packing,
        samples: &[E::Value],
        weights: &[E::Value],
    ) -> Result<Vec<E::Value>> {
        linear_scores(engine, packing, samples, weights)
    }

    /// Unit of the scores of [`Self::score`].
    fn score_unit(&self) -> Unit;
}
