//! Quantities of a gradient, as types that keep units, rates and scales apart.

use ckks::Scale;

use crate::engine::Engine;
use crate::error::Result;

/// `B`, the unit of a weight vector: the engine keeps `w / B`.
///
/// With `B` the half-width of the interval that the logits live on, what the engine keeps, and its inner products with the samples,
/// are of order one.
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

/// The scale at which residuals are wanted, by their level.
pub(crate) type ErrorScale<'a> = dyn Fn(usize) -> Scale + Sync + 'a;

/// `rate / B` times the weighted prediction error of each row, zero outside column 0, at the scale with which a product with the
/// samples comes out at the scale of the state. [`Pass::residuals`](super::Pass::residuals) and
/// [`Pass::logistic_residual`](super::Pass::logistic_residual) make them.
#[derive(Clone, Debug)]
pub struct Residual<V>(pub(super) V);

impl<V> Residual<V> {
    /// The slots.
    pub fn value(&self) -> &V {
        &self.0
    }

    /// The sum of two residuals of the same unit.
    ///
    /// # Errors
    /// Those of the engine.
    pub fn plus<E: Engine<Value = V>>(&self, engine: &E, other: &Self) -> Result<Self> {
        Ok(Self(engine.add(&self.0, &other.0)?))
    }
}

/// The step of one weight vector before momentum: `rate / B` times the gradient of the weighted mean loss, tiled like the vector and
/// at the scale of the state. [`Pass::linear_gradient`](super::Pass::linear_gradient),
/// [`Pass::sum_over_samples`](super::Pass::sum_over_samples) and [`Pass::gradient`](super::Pass::gradient) make them.
#[derive(Clone, Debug)]
pub struct Gradient<V>(pub(super) V);

impl<V> Gradient<V> {
    /// The slots.
    pub fn value(&self) -> &V {
        &self.0
    }
}
