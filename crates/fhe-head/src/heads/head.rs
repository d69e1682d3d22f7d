//! The trait of classification heads: weights, targets, gradient, scores.
//!
//! A head is written once, against [`Engine`]. Plain, simulated, encrypted and planned training, keys, checkpoints and scoring follow
//! from it. The trainer owns the state (weights and momentum), the update, the refresh and the levels.

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::pass::Pass;
use super::quantities::{Gradient, Unit};
use crate::engine::Engine;
use crate::error::Result;
use crate::packing::Packing;

/// A vector of weights in one ciphertext, repeated (tiled) over the slots.
#[derive(Clone, Debug, PartialEq)]
pub struct WeightVector {
    /// Name in messages.
    pub name: String,
    /// Number of weights: a power of two that divides `D`, the number of padded features.
    pub period: usize,
    /// Unit of the weights: the state holds each weight divided by it.
    pub unit: Unit,
    /// Which weights the L2 penalty applies to.
    pub penalty: Penalty,
}

/// Which weights of a vector the L2 penalty applies to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Penalty {
    /// Every weight.
    All,
    /// All but the last, which belongs to the constant feature.
    AllButIntercept,
    /// No weight.
    None,
}

impl WeightVector {
    /// One weight for each padded feature. The last belongs to the constant feature and is not penalised.
    pub fn features(name: impl Into<String>, packing: &Packing, unit: Unit) -> Self {
        Self { name: name.into(), period: packing.features(), unit, penalty: Penalty::AllButIntercept }
    }

    /// A single weight, not penalised.
    pub fn intercept(name: impl Into<String>, unit: Unit) -> Self {
        Self { name: name.into(), period: 1, unit, penalty: Penalty::None }
    }
}

/// A head: how gradients and scores follow from packed samples and weights.
///
/// The samples of a block are slot vectors in the layout of [`crate::packing`]. The last padded feature is the constant 1. A
/// generalised linear head needs only [`Pass::linear_gradient`] and a residual.
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

    /// The trained weight vectors, in the order of the state.
    fn weights(&self, packing: &Packing) -> Vec<WeightVector>;

    /// Initial weights, one period of each vector, for a head that cannot start from zero; `None` for one that can. The data party
    /// encrypts them beside the data. `features` counts the padded features.
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

    /// How many numbers (targets) the data party encrypts for each sample, beside its row weight.
    fn targets(&self) -> usize;

    /// Writes the targets of a sample with this label. The data party multiplies them by the row weight.
    fn target(&self, label: f64, targets: &mut [f64]);

    /// The gradient of the weighted mean loss with respect to each weight vector.
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
    /// complex.
    ///
    /// # Errors
    /// Those of the engine.
    fn score<E: Engine>(
        &self,
        engine: &E,
        packing: &Packing,
        samples: &[E::Value],
        weights: &[E::Value],
    ) -> Result<Vec<E::Value>>;

    /// Unit of the scores of [`Self::score`].
    fn score_unit(&self) -> Unit;
}
