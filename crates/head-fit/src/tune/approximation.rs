//! The polynomial of a linear head.

use fhe_head::{BuiltIn, Logistic, Multinomial, Result, Sigmoid, Softmax, SoftmaxDepth};

use super::grid::Family;
use crate::cleartext::Link;

/// What stands for the link of a linear head on an interval.
#[derive(Clone, PartialEq)]
pub(super) enum Approximation {
    Sigmoid(Sigmoid),
    Softmax(Softmax),
}

impl Approximation {
    /// The plain choice of a family on an interval: least squares.
    pub(super) fn plain(family: Family, half_width: f64) -> Result<Self> {
        Ok(match family {
            Family::Logistic { degree } => {
                Self::Sigmoid(Sigmoid::new(degree, half_width, fhe_head::Fit::LeastSquares)?)
            }
            Family::Softmax { classes, depth } => Self::Softmax(Softmax::new(classes, depth, half_width)?),
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
