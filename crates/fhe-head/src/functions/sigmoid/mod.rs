//! Odd polynomials that approximate the logistic function on an interval.
//!
//! With `t = z / B` in [-1, 1], `sigma(z) - 1/2 = a_1 t + a_3 t^3 + ..`. Working in `t` keeps every coefficient of
//! order one and the weights small, whatever the interval.

mod fit;

use crate::error::{Error, Result};
use crate::ranges;
use serde::{Deserialize, Serialize};

/// The logistic function `1 / (1 + e^-z)`.
pub fn logistic(z: f64) -> f64 {
    if z >= 0.0 {
        1.0 / (1.0 + (-z).exp())
    } else {
        let e = z.exp();
        e / (1.0 + e)
    }
}

/// Degree of the polynomial.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Degree {
    /// Degree 3: two levels.
    Three,
    /// Degree 5: three levels.
    Five,
    /// Degree 7: three levels, and one product more than degree 5.
    Seven,
}

impl Degree {
    /// All degrees, lowest first.
    pub const ALL: [Self; 3] = [Self::Three, Self::Five, Self::Seven];

    /// The degree as a number.
    pub fn value(self) -> usize {
        match self {
            Self::Three => 3,
            Self::Five => 5,
            Self::Seven => 7,
        }
    }

    /// Levels from the logits to the residual.
    pub fn depth(self) -> usize {
        match self {
            Self::Three => 2,
            Self::Five | Self::Seven => 3,
        }
    }

    fn coefficients(self) -> usize {
        self.value().div_ceil(2)
    }
}

impl TryFrom<usize> for Degree {
    type Error = Error;

    fn try_from(degree: usize) -> Result<Self> {
        Self::ALL.into_iter().find(|d| d.value() == degree).ok_or_else(|| Error::Parameter {
            name: "sigmoid_degree",
            got: degree.to_string(),
            expected: "3, 5 or 7".into(),
        })
    }
}

/// The norm in which the polynomial is closest to the function.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fit {
    /// Least squares with uniform weight on the interval.
    #[default]
    LeastSquares,
    /// The smallest maximum error (Remez exchange).
    Minimax,
    /// Least squares with weight `exp(-z^2 / 2 std^2) + 1/1000`: closest where most logits lie, and still bounded for the few outliers
    /// that need a wide interval.
    Concentrated {
        /// Standard deviation of the logits, from 0.1 to 100.
        std: f64,
    },
}

/// A polynomial approximation of the logistic function on `[-B, B]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "SigmoidSpec", into = "SigmoidSpec")]
pub struct Sigmoid {
    spec: SigmoidSpec,
    /// `a_1, a_3, ..` in `t = z / B`.
    coefficients: Vec<f64>,
    max_error: f64,
}

/// What determines a [`Sigmoid`]. Files hold this, and each party recomputes the coefficients.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct SigmoidSpec {
    /// Degree of the polynomial.
    pub degree: Degree,
    /// `B`.
    pub half_width: f64,
    /// The norm of the fit.
    #[serde(default)]
    pub fit: Fit,
}

impl Sigmoid {
    /// Fits a polynomial on `[-half_width, half_width]`.
    ///
    /// # Errors
    /// [`Error::Parameter`] if the half-width is outside [0.5, 100], or the standard deviation of a concentrated fit outside [0.1, 100].
    pub fn new(degree: Degree, half_width: f64, fit: Fit) -> Result<Self> {
        ranges::half_width("sigmoid_interval", Some(half_width))?;
        if let Fit::Concentrated { std } = fit
            && !(0.1..=100.0).contains(&std)
        {
            return Err(Error::Parameter {
                name: "sigmoid_std",
                got: std.to_string(),
                expected: "a standard deviation between 0.1 and 100".into(),
            });
        }
        let target = |t: f64| logistic(half_width * t) - 0.5;
        let coefficients = match fit {
            Fit::LeastSquares => fit::least_squares(target, |_| 1.0, degree.coefficients()),
            Fit::Concentrated { std } => {
                let weight = |t: f64| (-0.5 * (half_width * t / std).powi(2)).exp() + 1e-3;
                fit::least_squares(target, weight, degree.coefficients())
            }
            Fit::Minimax => fit::minimax(target, degree.coefficients()),
        };
        let max_error = fit::max_error(target, &coefficients);
        Ok(Self { spec: SigmoidSpec { degree, half_width, fit }, coefficients, max_error })
    }

    /// Degree of the polynomial.
    pub fn degree(&self) -> Degree {
        self.spec.degree
    }

    /// `B`: the polynomial approximates the logistic function on `[-B, B]`.
    pub fn half_width(&self) -> f64 {
        self.spec.half_width
    }

    /// The norm of the fit.
    pub fn fit(&self) -> Fit {
        self.spec.fit
    }

    /// `a_1, a_3, ..` in `t = z / B`.
    pub fn coefficients(&self) -> &[f64] {
        &self.coefficients
    }

    /// Largest error on the interval.
    pub fn max_error(&self) -> f64 {
        self.max_error
    }

    /// Levels from the logits to the residual.
    pub fn depth(&self) -> usize {
        self.spec.degree.depth()
    }

    /// The approximation of `sigma(z) - 1/2` at `z = B t`.
    pub fn centred(&self, t: f64) -> f64 {
        fit::odd(&self.coefficients, t)
    }
}

impl TryFrom<SigmoidSpec> for Sigmoid {
    type Error = Error;

    fn try_from(spec: SigmoidSpec) -> Result<Self> {
        Self::new(spec.degree, spec.half_width, spec.fit)
    }
}

impl From<Sigmoid> for SigmoidSpec {
    fn from(sigmoid: Sigmoid) -> Self {
        sigmoid.spec
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_stated_error_is_the_largest_one() {
        for degree in Degree::ALL {
            for half_width in [2.0, 4.0, 8.0, 16.0] {
                for fit in [Fit::LeastSquares, Fit::Minimax, Fit::Concentrated { std: half_width / 4.0 }] {
                    let sigmoid = Sigmoid::new(degree, half_width, fit).unwrap();
                    let worst = (-30_000..=30_000)
                        .map(|i| f64::from(i) / 30_000.0)
                        .map(|t| (sigmoid.centred(t) + 0.5 - logistic(half_width * t)).abs())
                        .fold(0.0, f64::max);
                    assert!((worst - sigmoid.max_error()).abs() < 1e-6, "{degree:?} {half_width} {fit:?}");
                }
            }
        }
    }

    #[test]
    fn minimax_beats_least_squares_in_the_worst_case_and_errors_fall_with_the_degree() {
        for half_width in [4.0, 8.0, 12.0] {
            let mut last = f64::INFINITY;
            for degree in Degree::ALL {
                let squares = Sigmoid::new(degree, half_width, Fit::LeastSquares).unwrap();
                let minimax = Sigmoid::new(degree, half_width, Fit::Minimax).unwrap();
                assert!(minimax.max_error() < squares.max_error());
                assert!(minimax.max_error() < last);
                last = minimax.max_error();
            }
        }
    }

    /// Kim et al., ePrint 2018/074, fit on sampled points of [-8, 8].
    #[test]
    fn least_squares_on_eight_agrees_with_the_published_polynomials() {
        let cubic = Sigmoid::new(Degree::Three, 8.0, Fit::LeastSquares).unwrap();
        for (ours, published) in cubic.coefficients().iter().zip([1.20096, -0.81562]) {
            assert!((ours - published).abs() < 4e-3, "{:?}", cubic.coefficients());
        }
        let seventh = Sigmoid::new(Degree::Seven, 8.0, Fit::LeastSquares).unwrap();
        for (ours, published) in seventh.coefficients().iter().zip([1.73496, -4.19407, 5.43402, -2.50739]) {
            assert!((ours - published).abs() < 4e-3, "{:?}", seventh.coefficients());
        }
    }

    #[test]
    fn a_concentrated_fit_is_closest_where_logits_are() {
        for degree in Degree::ALL {
            let worst = |fit| {
                let sigmoid = Sigmoid::new(degree, 16.0, fit).unwrap();
                let error = |z: f64| (sigmoid.centred(z / 16.0) + 0.5 - logistic(z)).abs();
                (0..=50).map(|i| error(f64::from(i) / 10.0)).fold(0.0, f64::max)
            };
            assert!(worst(Fit::Concentrated { std: 3.0 }) < worst(Fit::LeastSquares), "{degree:?}");
        }
    }

    #[test]
    fn nonsense_is_refused() {
        assert!(Sigmoid::new(Degree::Three, 0.0, Fit::Minimax).is_err());
        assert!(Sigmoid::new(Degree::Three, f64::NAN, Fit::Minimax).is_err());
        assert!(Degree::try_from(4).is_err());
    }

    #[test]
    fn the_specification_alone_travels() {
        let sigmoid = Sigmoid::new(Degree::Five, 8.0, Fit::LeastSquares).unwrap();
        let text = serde_json::to_string(&sigmoid).unwrap();
        assert_eq!(serde_json::from_str::<Sigmoid>(&text).unwrap(), sigmoid);
        assert!(serde_json::from_str::<Sigmoid>(&text.replace("8.0", "-8.0")).is_err());
    }
}
