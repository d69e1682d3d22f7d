//! The quantities of a gradient, as types that keep units, rates and scales apart.

use ckks::Scale;

use crate::engine::Engine;
use crate::error::Result;

/// `B`, the unit of a weight vector: the state holds `w / B`.
///
/// With `B` the half-width of the interval of the logits, `w / B` and its inner products with the samples are of order one.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub struct Unit(f64);

impl Unit {
    /// The unit of weights whose logits lie in `[-half_width, half_width]`.
    pub fn of_half_width(half_width: f64) -> Self {
        Self(half_width)
    }

    /// `B`.
    pub fn value(self) -> f64 {
        self.0
    }
}

/// From the level of a residual to the scale that it must have there.
pub(crate) type ErrorScale<'a> = dyn Fn(usize) -> Scale + Sync + 'a;

/// The residual of one output: `rate / B` times the weighted prediction error of each row, in column 0 and zero elsewhere. Its scale is
/// such that products with the samples have the scale of the state. [`Pass::residuals`](super::Pass::residuals) and
/// [`Pass::logistic_residual`](super::Pass::logistic_residual) make residuals.
#[derive(Clone, Debug)]
pub struct Residual<V>(pub(super) V);

impl<V> Residual<V> {
    /// The slots.
    pub fn value(&self) -> &V {
        &self.0
    }

    /// The sum of two residuals of the same unit. No level.
    ///
    /// # Errors
    /// Those of the engine.
    pub fn plus<E: Engine<Value = V>>(&self, engine: &E, other: &Self) -> Result<Self> {
        Ok(Self(engine.add(&self.0, &other.0)?))
    }
}

/// `rate / B` times the gradient of the weighted mean loss with respect to one weight vector, tiled like it and at the scale of the
/// state. [`Pass::linear_gradient`](super::Pass::linear_gradient), [`Pass::sum_over_samples`](super::Pass::sum_over_samples) and
/// [`Pass::gradient`](super::Pass::gradient) make gradients.
#[derive(Clone, Debug)]
pub struct Gradient<V>(pub(super) V);

impl<V> Gradient<V> {
    /// The slots.
    pub fn value(&self) -> &V {
        &self.0
    }
}
