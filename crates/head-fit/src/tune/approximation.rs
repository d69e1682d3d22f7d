//! The polynomial of a linear head.

use fhe_head::{BuiltIn, Degree, Fit, Logistic, Multinomial, Result, Sigmoid, Softmax, SoftmaxDepth};

use crate::cleartext::Link;

/// A family of approximations that differ in their interval.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Family {
    Logistic { degree: Degree, fit: Option<Fit> },
    Softmax { classes: usize, depth: SoftmaxDepth },
}

impl Family {
    /// Levels between the logits and the residual.
    pub(super) fn levels(self) -> usize {
        match self {
            Self::Logistic { degree, .. } => degree.depth(),
            Self::Softmax { depth, .. } => depth.levels(),
        }
    }

    /// The inverse of the steepest slope of the gradient on features of unit second moment.
    pub(super) fn safe_step(self) -> f64 {
        match self {
            Self::Logistic { .. } => 4.0,
            Self::Softmax { .. } => 2.0,
        }
    }

    /// Approximations on an interval for logits of this root mean square.
    pub(super) fn on_interval(self, half_width: f64, rms: f64) -> Result<Vec<Approximation>> {
        let mut found = vec![Approximation::plain(self, half_width)?];
        if let Self::Logistic { degree, fit: None } = self {
            for share in [0.75, 1.25] {
                // coarse, so that the public job tells little about the data
                let std = (share * rms * 2.0).round() / 2.0;
                if std >= 0.5 && std < half_width {
                    let sigmoid = Sigmoid::new(degree, half_width, Fit::Concentrated { std })?;
                    found.push(Approximation::Sigmoid(sigmoid));
                }
            }
        }
        Ok(found)
    }
}

/// What stands for the link of a linear head on an interval.
#[derive(Clone, PartialEq)]
pub(super) enum Approximation {
    Sigmoid(Sigmoid),
    Softmax(Softmax),
}

impl Approximation {
    /// The plain choice of a family on an interval: least squares unless a fit is given.
    pub(super) fn plain(family: Family, half_width: f64) -> Result<Self> {
        Ok(match family {
            Family::Logistic { degree, fit } => {
                Self::Sigmoid(Sigmoid::new(degree, half_width, fit.unwrap_or(Fit::LeastSquares))?)
            }
            Family::Softmax { classes, depth } => Self::Softmax(Softmax::new(classes, depth, half_width)?),
        })
    }

    /// The plain choice of the same family on a wider interval.
    pub(super) fn widened(&self, half_width: f64) -> Result<Self> {
        Ok(match self {
            Self::Sigmoid(sigmoid) => {
                Self::Sigmoid(Sigmoid::new(sigmoid.degree(), half_width, Fit::LeastSquares)?)
            }
            Self::Softmax(softmax) => {
                Self::Softmax(Softmax::new(softmax.classes(), softmax.depth(), half_width)?)
            }
        })
    }

    pub(super) fn half_width(&self) -> f64 {
        match self {
            Self::Sigmoid(sigmoid) => sigmoid.half_width(),
            Self::Softmax(softmax) => softmax.half_width(),
        }
    }

    /// Levels between the logits and the residual.
    pub(super) fn depth(&self) -> usize {
        match self {
            Self::Sigmoid(sigmoid) => sigmoid.depth(),
            Self::Softmax(softmax) => softmax.depth().levels(),
        }
    }

    /// Degree of the polynomial.
    pub(super) fn degree(&self) -> usize {
        match self {
            Self::Sigmoid(sigmoid) => sigmoid.degree().value(),
            Self::Softmax(softmax) => match softmax.depth() {
                SoftmaxDepth::Two => 3,
                SoftmaxDepth::Three => 5,
            },
        }
    }

    pub(super) fn link(&self) -> Link<'_> {
        match self {
            Self::Sigmoid(sigmoid) => Link::Logistic(Some(sigmoid)),
            Self::Softmax(softmax) => Link::Softmax(Some(softmax)),
        }
    }

    /// The head with so many outputs.
    pub(super) fn head(&self, outputs: usize) -> BuiltIn {
        match self {
            Self::Sigmoid(sigmoid) => BuiltIn::Logistic(Logistic { outputs, sigmoid: sigmoid.clone() }),
            Self::Softmax(softmax) => BuiltIn::Softmax(Multinomial::new(softmax.clone())),
        }
    }
}
