//! What a classification head is to the engine: its weights, its targets, its gradient.
//!
//! A head is written once, against [`Engine`]. Plain, simulated, encrypted and planned training, keys, checkpoints and scoring follow.
//! The engine owns the state (weights and momentum), the update, the refresh and the levels.

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::pass::Pass;
use super::quantities::{Gradient, Unit};
use crate::engine::Engine;
use crate::error::Result;
use crate::packing::Packing;

/// A vector of weights in one ciphertext, repeated over the slots.
#[derive(Clone, Debug, PartialEq)]
pub struct WeightVector {
    /// Its name in messages.
    pub name: String,
    /// Number of weights: a power of two that divides `D`, the number of padded features.
    pub period: usize,
    /// The engine keeps the weights over this unit.
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
    /// None.
    None,
}

impl WeightVector {
    /// One weight for each padded feature. The last weight belongs to the constant feature and is free of the penalty.
    pub fn features(name: impl Into<String>, packing: &Packing, unit: Unit) -> Self {
        Self { name: name.into(), period: packing.features(), unit, penalty: Penalty::AllButIntercept }
    }

    /// A single weight, free of the penalty.
    pub fn intercept(name: impl Into<String>, unit: Unit) -> Self {
        Self { name: name.into(), period: 1, unit, penalty: Penalty::None }
    }
}

/// A head: how logits, residuals and gradients follow from packed samples and weights.
///
/// The samples of a block are slot vectors in the layout of [`crate::packing`]; the last padded feature is the constant 1. A
/// generalised linear head needs [`Pass::linear_gradient`] and a residual, nothing more.
pub trait Head:
    Clone + std::fmt::Debug + PartialEq + Serialize + DeserializeOwned + Send + Sync + 'static
{
    /// Refuses settings out of range.
    ///
    /// # Errors
    /// [`crate::Error::Parameter`] with the setting, its value and its range.
    fn check(&self) -> Result<()> {
        Ok(())
    }

    /// Whether the head can work with this packing.
    fn accepts(&self, packing: &Packing) -> bool {
        let _ = packing;
        true
    }

    /// Whether two samples may share a slot, the second as imaginary part ([`Packing::is_complex`]): half the data, and about half the
    /// work on it.
    ///
    /// The gradient must then reach the samples through [`Pass::linear_gradient`] alone, or take care of both halves itself
    /// ([`crate::packing::split`], [`crate::packing::join_residuals`]). The scores of a complex block must be complex as well: as
    /// [`crate::packing::forward`] gives them, or the real scores of each half, joined ([`crate::packing::join`]).
    fn pairs_samples(&self) -> bool {
        false
    }

    /// The vectors that are trained, in the order of the state.
    fn weights(&self, packing: &Packing) -> Vec<WeightVector>;

    /// Weights to start from, one period of each vector, for a head that cannot start from zero. The data party encrypts them beside
    /// the data. `features` counts the padded features.
    fn initial(&self, features: usize, random_state: u64) -> Option<Vec<Vec<f64>>> {
        let _ = (features, random_state);
        None
    }

    /// Names of the points of an iteration where a bootstrap may stand: [`Self::gradient`] asks [`Pass::refreshes`] about each. Values
    /// must arrive at a scale at which the bound that the head states holds. Beyond that bound the bootstrap's error grows with the cube
    /// of the value.
    fn refresh_points(&self) -> &'static [&'static str] {
        &[]
    }

    /// Numbers that the data party encrypts for each sample beside its row weight.
    fn targets(&self) -> usize;

    /// Writes those numbers for a sample with this label. The engine multiplies them by the row weight.
    fn target(&self, label: f64, targets: &mut [f64]);

    /// The gradient of the weighted mean loss with respect to each weight vector.
    ///
    /// `weights` is `None` while all weights are zero, which is how a training without a warm start begins.
    ///
    /// # Errors
    /// Those of the engine.
    fn gradient<E: Engine>(
        &self,
        pass: &Pass<'_, E>,
        weights: Option<&[E::Value]>,
    ) -> Result<Vec<Gradient<E::Value>>>;

    /// Number of scores of a sample.
    fn scores(&self) -> usize;

    /// Scores of the samples of a block over [`Self::score_unit`], in column 0 of each row. The scores of a complex block are complex.
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

    /// The unit of the scores of [`Self::score`].
    fn score_unit(&self) -> Unit;
}
