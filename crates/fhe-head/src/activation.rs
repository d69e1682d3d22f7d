//! Low-degree activations of a hidden layer.

use serde::{Deserialize, Serialize};

use crate::engine::Engine;
use crate::error::{Error, Result};
use crate::least_squares::least_squares;
use crate::twins::Functions;

/// The function that an activation stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Shape {
    /// `z^2`: exact, one level.
    Square,
    /// `z Phi(z)` (in its form with a hyperbolic tangent) by a quadratic: one level.
    Gelu,
    /// The hyperbolic tangent by an odd cubic: two levels.
    Tanh,
}

/// A polynomial activation for arguments in `[-B, B]`: with `t = z / B`, a leading coefficient times a monic polynomial.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "ActivationSpec", into = "ActivationSpec")]
pub struct Activation {
    spec: ActivationSpec,
    leading: f64,
    /// The monic polynomial's coefficients: of `1` and `t` for quadratics, of `t` for the cubic.
    low: [f64; 2],
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct ActivationSpec {
    shape: Shape,
    half_width: f64,
}

/// An activation and its derivative by `t`, both over [`Activation::leading`].
#[derive(Clone, Debug)]
pub struct Activated<V> {
    /// The activation.
    pub value: V,
    /// Its derivative.
    pub slope: V,
}

impl Activation {
    /// Fits `shape` by least squares on `[-half_width, half_width]`.
    ///
    /// # Errors
    /// [`Error::Parameter`] for a half-width outside [0.5, 100].
    pub fn new(shape: Shape, half_width: f64) -> Result<Self> {
        if !(0.5..=100.0).contains(&half_width) {
            return Err(Error::Parameter {
                name: "activation_interval",
                got: half_width.to_string(),
                expected: "a half-width between 0.5 and 100".into(),
            });
        }
        let grid = || (-500..=500).map(|i| f64::from(i) / 500.0);
        let (leading, low) = match shape {
            Shape::Square => (half_width * half_width, [0.0, 0.0]),
            Shape::Gelu => {
                let samples: Vec<_> = grid().map(|t| ([1.0, t, t * t], gelu(half_width * t))).collect();
                let [a, b, c] = least_squares(&samples);
                (c, [a / c, b / c])
            }
            Shape::Tanh => {
                let samples: Vec<_> = grid().map(|t| ([t, t * t * t], (half_width * t).tanh())).collect();
                let [a, c] = least_squares(&samples);
                (c, [a / c, 0.0])
            }
        };
        Ok(Self { spec: ActivationSpec { shape, half_width }, leading, low })
    }

    /// `B`.
    pub fn half_width(&self) -> f64 {
        self.spec.half_width
    }

    /// The function that it stands for.
    pub fn shape(&self) -> Shape {
        self.spec.shape
    }

    /// The leading coefficient, which a head folds into the next layer's unit.
    pub fn leading(&self) -> f64 {
        self.leading
    }

    /// Degree of the polynomial.
    pub fn degree(&self) -> u32 {
        match self.spec.shape {
            Shape::Square | Shape::Gelu => 2,
            Shape::Tanh => 3,
        }
    }

    /// The activation of arguments `t`; exact in the plain twin.
    ///
    /// # Errors
    /// Those of the engine.
    pub fn apply<E: Engine>(&self, engine: &E, t: &E::Value) -> Result<Activated<E::Value>> {
        let exact = |x: &[f64], y: &mut [f64]| {
            let (value, slope) = self.exact(self.spec.half_width * x[0]);
            (y[0], y[1]) = (value / self.leading, self.spec.half_width * slope / self.leading);
        };
        if let Some(pair) = engine.exact(&[t], 2, &exact)
            && let Ok([value, slope]) = <[E::Value; 2]>::try_from(pair)
        {
            return Ok(Activated { value, slope });
        }
        match self.spec.shape {
            Shape::Square | Shape::Gelu => {
                // t^2 + b t + a = t (t + b) + a
                let [a, b] = self.low;
                let value = engine.add_const(&engine.mul(t, &engine.add_const(t, b)?)?, a)?;
                Ok(Activated { value, slope: engine.add_const(&engine.add(t, t)?, b)? })
            }
            Shape::Tanh => {
                // t^3 + a t = t (t^2 + a)
                let [a, _] = self.low;
                let u = engine.mul(t, t)?;
                let value = engine.mul(t, &engine.add_const(&u, a)?)?;
                let triple = engine.add(&engine.add(&u, &u)?, &u)?;
                Ok(Activated { value, slope: engine.add_const(&triple, a)? })
            }
        }
    }

    /// The function or the polynomial, and its derivative, at `z`.
    pub fn of(&self, functions: Functions, z: f64) -> (f64, f64) {
        match functions {
            Functions::Exact => self.exact(z),
            Functions::Polynomials => self.polynomial(z),
        }
    }

    /// The function itself and its derivative at `z`.
    pub fn exact(&self, z: f64) -> (f64, f64) {
        match self.spec.shape {
            Shape::Square => (z * z, 2.0 * z),
            Shape::Gelu => (gelu(z), gelu_slope(z)),
            Shape::Tanh => (z.tanh(), 1.0 - z.tanh().powi(2)),
        }
    }

    /// Coefficients of that polynomial of `z`, the constant first.
    pub fn coefficients(&self) -> Vec<f64> {
        let ([a, b], width) = (self.low, self.spec.half_width);
        let of_t = match self.spec.shape {
            Shape::Square | Shape::Gelu => vec![a, b, 1.0],
            Shape::Tanh => vec![0.0, a, 0.0, 1.0],
        };
        (0..).zip(of_t).map(|(power, c)| self.leading * c / width.powi(power)).collect()
    }

    /// The polynomial that stands for it, and its derivative by `z`.
    pub fn polynomial(&self, z: f64) -> (f64, f64) {
        let t = z / self.spec.half_width;
        let [a, b] = self.low;
        let (value, slope) = match self.spec.shape {
            Shape::Square | Shape::Gelu => (t * (t + b) + a, 2.0 * t + b),
            Shape::Tanh => (t * (t * t + a), 3.0 * t * t + a),
        };
        (self.leading * value, self.leading * slope / self.spec.half_width)
    }
}

/// `sqrt(2 / pi)`.
const GELU_RATE: f64 = 0.797_884_560_802_865_4;
const GELU_CUBIC: f64 = 0.044_715;

fn gelu(z: f64) -> f64 {
    0.5 * z * (1.0 + (GELU_RATE * (z + GELU_CUBIC * z.powi(3))).tanh())
}

fn gelu_slope(z: f64) -> f64 {
    let tanh = (GELU_RATE * (z + GELU_CUBIC * z.powi(3))).tanh();
    0.5 * (1.0 + tanh) + 0.5 * z * (1.0 - tanh * tanh) * GELU_RATE * (1.0 + 3.0 * GELU_CUBIC * z * z)
}

impl TryFrom<ActivationSpec> for Activation {
    type Error = Error;

    fn try_from(spec: ActivationSpec) -> Result<Self> {
        Self::new(spec.shape, spec.half_width)
    }
}

impl From<Activation> for ActivationSpec {
    fn from(activation: Activation) -> Self {
        activation.spec
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::engine::plain::Plain;

    #[test]
    fn polynomials_are_close_and_slopes_are_derivatives() {
        for (shape, half_width, error) in
            [(Shape::Square, 4.0, 1e-9), (Shape::Gelu, 3.0, 0.25), (Shape::Tanh, 2.0, 0.1)]
        {
            let activation = Activation::new(shape, half_width).unwrap();
            for i in -20..=20 {
                let z = half_width * f64::from(i) / 20.0;
                let ((exact, slope), (value, own)) = (activation.exact(z), activation.polynomial(z));
                assert!((exact - value).abs() < error, "{shape:?} {z}: {exact} {value}");
                let sum = activation.coefficients().into_iter().rev().fold(0.0, |sum, c| sum * z + c);
                assert!((sum - value).abs() < 1e-9, "{shape:?} {z}: {sum} {value}");
                for (f, slope) in [
                    (Activation::exact as fn(&Activation, f64) -> (f64, f64), slope),
                    (Activation::polynomial, own),
                ] {
                    let difference = (f(&activation, z + 1e-5).0 - f(&activation, z - 1e-5).0) / 2e-5;
                    assert!((difference - slope).abs() < 1e-6, "{shape:?} {z}");
                }
            }
        }
    }

    #[test]
    fn the_plain_twin_is_exact() {
        let activation = Activation::new(Shape::Gelu, 3.0).unwrap();
        let activated = activation.apply(&Plain::new(2), &vec![0.5, -1.0].into()).unwrap();
        assert!((activated.value.real()[0] * activation.leading() - gelu(1.5)).abs() < 1e-12);
        assert!((activated.slope.real()[1] * activation.leading() - 3.0 * gelu_slope(-3.0)).abs() < 1e-12);
    }
}
