//! Low-degree activations of a hidden layer.

use serde::{Deserialize, Serialize};

use super::Functions;
use super::least_squares::least_squares;
use crate::error::{Error, Result};
use crate::ranges;

/// The function that an activation approximates.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ActivationKind {
    /// `z^2`: exact, one level.
    Square,
    /// `z Phi(z)` (in its form with a hyperbolic tangent) by a quadratic: one level.
    Gelu,
    /// The hyperbolic tangent by an odd cubic: two levels.
    Tanh,
}

/// A polynomial activation for arguments in `[-B, B]`: in `t = z / B`, a leading coefficient times a monic polynomial.
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
    #[serde(rename = "shape")]
    kind: ActivationKind,
    half_width: f64,
}

impl Activation {
    /// Fits `kind` by least squares on `[-half_width, half_width]`.
    ///
    /// # Errors
    /// [`Error::Parameter`] for a half-width outside [0.5, 100].
    pub fn new(kind: ActivationKind, half_width: f64) -> Result<Self> {
        ranges::half_width("activation_interval", Some(half_width))?;
        let grid = || (-500..=500).map(|i| f64::from(i) / 500.0);
        let (leading, low) = match kind {
            ActivationKind::Square => (half_width * half_width, [0.0, 0.0]),
            ActivationKind::Gelu => {
                let samples: Vec<_> = grid().map(|t| ([1.0, t, t * t], gelu(half_width * t))).collect();
                let [a, b, c] = least_squares(&samples);
                (c, [a / c, b / c])
            }
            ActivationKind::Tanh => {
                let samples: Vec<_> = grid().map(|t| ([t, t * t * t], (half_width * t).tanh())).collect();
                let [a, c] = least_squares(&samples);
                (c, [a / c, 0.0])
            }
        };
        Ok(Self { spec: ActivationSpec { kind, half_width }, leading, low })
    }

    /// `B`.
    pub fn half_width(&self) -> f64 {
        self.spec.half_width
    }

    /// The approximated function.
    pub fn kind(&self) -> ActivationKind {
        self.spec.kind
    }

    /// The leading coefficient in `t`. A head makes it part of the next layer's unit.
    pub fn leading(&self) -> f64 {
        self.leading
    }

    /// Coefficients of the monic polynomial in `t` below the leading one: of `1` and `t` for quadratics, of `t` for the cubic.
    pub(crate) fn low(&self) -> [f64; 2] {
        self.low
    }

    /// Degree of the polynomial.
    pub fn degree(&self) -> u32 {
        match self.spec.kind {
            ActivationKind::Square | ActivationKind::Gelu => 2,
            ActivationKind::Tanh => 3,
        }
    }

    /// Value and derivative at `z`, of the function or the polynomial.
    pub fn of(&self, functions: Functions, z: f64) -> (f64, f64) {
        match functions {
            Functions::Exact => self.exact(z),
            Functions::Polynomials => self.polynomial(z),
        }
    }

    /// Value and derivative of the function at `z`.
    pub fn exact(&self, z: f64) -> (f64, f64) {
        match self.spec.kind {
            ActivationKind::Square => (z * z, 2.0 * z),
            ActivationKind::Gelu => (gelu(z), gelu_slope(z)),
            ActivationKind::Tanh => (z.tanh(), 1.0 - z.tanh().powi(2)),
        }
    }

    /// Coefficients of [`Self::polynomial`] in `z`, the constant first.
    pub fn coefficients(&self) -> Vec<f64> {
        let ([a, b], width) = (self.low, self.spec.half_width);
        let of_t = match self.spec.kind {
            ActivationKind::Square | ActivationKind::Gelu => vec![a, b, 1.0],
            ActivationKind::Tanh => vec![0.0, a, 0.0, 1.0],
        };
        (0..).zip(of_t).map(|(power, c)| self.leading * c / width.powi(power)).collect()
    }

    /// Value and derivative (with respect to `z`) of the polynomial at `z`.
    pub fn polynomial(&self, z: f64) -> (f64, f64) {
        let t = z / self.spec.half_width;
        let [a, b] = self.low;
        let (value, slope) = match self.spec.kind {
            ActivationKind::Square | ActivationKind::Gelu => (t * (t + b) + a, 2.0 * t + b),
            ActivationKind::Tanh => (t * (t * t + a), 3.0 * t * t + a),
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
        Self::new(spec.kind, spec.half_width)
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

    #[test]
    fn polynomials_are_close_and_slopes_are_derivatives() {
        for (kind, half_width, error) in [
            (ActivationKind::Square, 4.0, 1e-9),
            (ActivationKind::Gelu, 3.0, 0.25),
            (ActivationKind::Tanh, 2.0, 0.1),
        ] {
            let activation = Activation::new(kind, half_width).unwrap();
            for i in -20..=20 {
                let z = half_width * f64::from(i) / 20.0;
                let ((exact, slope), (value, own)) = (activation.exact(z), activation.polynomial(z));
                assert!((exact - value).abs() < error, "{kind:?} {z}: {exact} {value}");
                let sum = activation.coefficients().into_iter().rev().fold(0.0, |sum, c| sum * z + c);
                assert!((sum - value).abs() < 1e-9, "{kind:?} {z}: {sum} {value}");
                for (f, slope) in [
                    (Activation::exact as fn(&Activation, f64) -> (f64, f64), slope),
                    (Activation::polynomial, own),
                ] {
                    let difference = (f(&activation, z + 1e-5).0 - f(&activation, z - 1e-5).0) / 2e-5;
                    assert!((difference - slope).abs() < 1e-6, "{kind:?} {z}");
                }
            }
        }
    }
}
