//! What a classification head is to the engine: its parameters, its targets, its gradient.
//!
//! A head is written once, against [`Engine`]; plain, simulated, encrypted and planned training, keys, checkpoints
//! and scoring follow. The engine owns the state (parameters and momentum), the update, the refresh and the levels.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::engine::Engine;
use crate::error::Result;
use crate::packing::Packing;
use crate::pass::Pass;

/// A vector of weights in one ciphertext, repeated over the slots.
#[derive(Clone, Debug, PartialEq)]
pub struct Parameter {
    /// Its name in messages.
    pub name: String,
    /// Number of weights: a power of two that divides `D`, the number of padded features.
    pub period: usize,
    /// `B`: the engine keeps `w / B`. With `B` the half-width of the interval that the logits live on, what the
    /// engine keeps, and its inner products with the samples, are of order one.
    pub unit: f64,
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

impl Parameter {
    /// One weight for each padded feature, the constant one's last and free of the penalty.
    pub fn features(name: impl Into<String>, packing: &Packing, unit: f64) -> Self {
        Self { name: name.into(), period: packing.features(), unit, penalty: Penalty::AllButIntercept }
    }
}

/// A head: how logits, residuals and gradients follow from packed samples and parameters.
///
/// The samples of a block are slot vectors in the layout of [`crate::packing`]; the last padded feature is the constant
/// 1. A generalised linear head needs [`Pass::linear_gradient`] and a residual, nothing more.
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

    /// Whether the head can work on samples that lie so.
    fn accepts(&self, packing: &Packing) -> bool {
        let _ = packing;
        true
    }

    /// Whether two samples may share a slot, the second one as imaginary part ([`Packing::is_complex`]): half the data, and about half
    /// the work on it.
    ///
    /// That asks for a gradient that gets at samples through [`Pass::linear_gradient`] alone, or takes care of both
    /// halves itself ([`crate::packing::split`], [`crate::packing::join_residuals`]), and for scores of complex blocks
    /// that are complex likewise: those that [`crate::packing::forward`] gives, or real ones of each half, joined
    /// ([`crate::packing::join`]).
    fn pairs_samples(&self) -> bool {
        false
    }

    /// The vectors that are trained, in the order of the state.
    fn parameters(&self, packing: &Packing) -> Vec<Parameter>;

    /// Parameters to start from, one period of each, if zero will not do: what the data party encrypts beside the data.
    /// `features` counts the padded ones.
    fn initial(&self, features: usize, random_state: u64) -> Option<Vec<Vec<f64>>> {
        let _ = (features, random_state);
        None
    }

    /// Names of the places in an iteration where a bootstrap may stand, if levels are short or cheaper so: what [`Self::gradient`] asks
    /// [`Pass::refreshes`] for. Values must come at a scale at which the bound that the head states holds: beyond it the bootstrap's error
    /// grows with the cube of the value.
    fn refresh_points(&self) -> &'static [&'static str] {
        &[]
    }

    /// Numbers that the data party encrypts for each sample beside its row weight.
    fn targets(&self) -> usize;

    /// Those numbers for a sample with this label; the engine multiplies them by the row weight.
    fn target(&self, label: f64, targets: &mut [f64]);

    /// The gradient of the weighted mean loss with respect to each parameter, times `rate / unit`
    /// ([`Pass::rate`], [`Parameter::unit`]), at the scale of the state ([`Pass::state_scale`]).
    ///
    /// `None` stands for parameters that are all zero: what a training without a warm start begins with.
    ///
    /// # Errors
    /// Those of the engine.
    fn gradient<E: Engine>(
        &self,
        pass: &Pass<'_, E>,
        parameters: Option<&[E::Value]>,
    ) -> Result<Vec<E::Value>>;

    /// Number of scores of a sample.
    fn scores(&self) -> usize;

    /// Scores of the samples of a block over [`Self::score_unit`], in column 0 of each row; of a complex block those of its halves as
    /// real and imaginary parts.
    ///
    /// # Errors
    /// Those of the engine.
    fn score<E: Engine>(
        &self,
        engine: &E,
        packing: &Packing,
        samples: &[E::Value],
        parameters: &[E::Value],
    ) -> Result<Vec<E::Value>>;

    /// What the scores of [`Self::score`] must be multiplied by.
    fn score_unit(&self) -> f64;
}
