//! The polynomial of a linear head.

use fhe_head::{
    BuiltIn, Degree, Fit, Link, Logistic, Multinomial, Ordinal, Result, Ridge, Sigmoid, Softmax, SoftmaxForm,
};

use crate::cleartext::LinkFunction;

/// A family of approximations that differ in their interval.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Family {
    /// A polynomial for the logistic function, under one of the links that it belongs to.
    Logistic { link: Link, degree: Degree, fit: Option<Fit> },
    /// An approximation of the softmax.
    Softmax { classes: usize, form: SoftmaxForm },
    /// Nothing to approximate: the interval is a unit.
    Identity,
}

impl Family {
    /// Levels between the logits and the residual.
    pub(super) fn levels(self) -> usize {
        match self {
            Self::Logistic { degree, .. } => degree.depth(),
            Self::Softmax { form, .. } => form.levels(),
            Self::Identity => 1,
        }
    }

    pub(super) fn link(self) -> Link {
        match self {
            Self::Logistic { link, .. } => link,
            Self::Softmax { .. } => Link::Softmax,
            Self::Identity => Link::Identity,
        }
    }

    /// The inverse of the steepest slope of the gradient on features of unit second moment.
    pub(super) fn safe_step(self, outputs: usize) -> f64 {
        match self {
            // the slopes of all steps add up
            Self::Logistic { link: Link::Cumulative, .. } => 4.0 / outputs as f64,
            Self::Logistic { .. } => 4.0,
            Self::Softmax { .. } => 2.0,
            Self::Identity => 1.0,
        }
    }

    /// The least iterations that are worth trying. One from zero weights never evaluates the logistic function: that is linear
    /// discriminant analysis, not logistic regression. On whitened features it is ridge regression, though.
    pub(super) fn least_iterations(self) -> usize {
        match self {
            Self::Logistic { .. } | Self::Softmax { .. } => 2,
            Self::Identity => 1,
        }
    }

    /// Approximations on an interval for logits of this root mean square.
    pub(super) fn on_interval(self, half_width: f64, rms: f64) -> Result<Vec<Approximation>> {
        let mut found = vec![Approximation::plain(self, half_width)?];
        if let Self::Logistic { link, degree, fit: None } = self {
            for share in [0.75, 1.25] {
                // coarse, so that the public job tells little about the data
                let std = (share * rms * 2.0).round() / 2.0;
                if std >= 0.5 && std < half_width {
                    let sigmoid = Sigmoid::new(degree, half_width, Fit::Concentrated { std })?;
                    found.push(Approximation::Sigmoid(link, sigmoid));
                }
            }
        }
        Ok(found)
    }
}

/// What stands for the link of a linear head on an interval.
#[derive(Clone, PartialEq)]
pub(super) enum Approximation {
    Sigmoid(Link, Sigmoid),
    Softmax(Softmax),
    /// The link itself; predictions stay within this half-width.
    Identity(f64),
}

impl Approximation {
    /// The plain choice of a family on an interval: least squares unless a fit is given.
    pub(super) fn plain(family: Family, half_width: f64) -> Result<Self> {
        Ok(match family {
            Family::Logistic { link, degree, fit } => {
                Self::Sigmoid(link, Sigmoid::new(degree, half_width, fit.unwrap_or(Fit::LeastSquares))?)
            }
            Family::Softmax { classes, form } => Self::Softmax(Softmax::new(classes, form, half_width)?),
            Family::Identity => Self::Identity(half_width),
        })
    }

    /// The plain choice of the same family on a wider interval.
    pub(super) fn widened(&self, half_width: f64) -> Result<Self> {
        Ok(match self {
            Self::Sigmoid(link, sigmoid) => {
                Self::Sigmoid(*link, Sigmoid::new(sigmoid.degree(), half_width, Fit::LeastSquares)?)
            }
            Self::Softmax(softmax) => {
                Self::Softmax(Softmax::new(softmax.classes(), softmax.form(), half_width)?)
            }
            Self::Identity(_) => Self::Identity(half_width),
        })
    }

    pub(super) fn half_width(&self) -> f64 {
        match self {
            Self::Sigmoid(_, sigmoid) => sigmoid.half_width(),
            Self::Softmax(softmax) => softmax.half_width(),
            Self::Identity(half_width) => *half_width,
        }
    }

    /// Levels between the logits and the residual.
    pub(super) fn depth(&self) -> usize {
        match self {
            Self::Sigmoid(_, sigmoid) => sigmoid.depth(),
            Self::Softmax(softmax) => softmax.form().levels(),
            Self::Identity(_) => 1,
        }
    }

    /// Degree of the polynomial.
    pub(super) fn degree(&self) -> usize {
        match self {
            Self::Sigmoid(_, sigmoid) => sigmoid.degree().value(),
            Self::Softmax(softmax) => softmax.form().degree(),
            Self::Identity(_) => 1,
        }
    }

    pub(super) fn link(&self) -> LinkFunction<'_> {
        match self {
            Self::Sigmoid(link, sigmoid) => LinkFunction::with_sigmoid(*link, sigmoid),
            Self::Softmax(softmax) => LinkFunction::with_softmax(softmax),
            Self::Identity(_) => LinkFunction::exact(Link::Identity),
        }
    }

    /// The head with so many outputs.
    pub(super) fn head(&self, outputs: usize) -> BuiltIn {
        match self {
            Self::Sigmoid(Link::Cumulative, sigmoid) => {
                BuiltIn::Ordinal(Ordinal { steps: outputs, sigmoid: sigmoid.clone() })
            }
            Self::Sigmoid(link, sigmoid) => BuiltIn::Logistic(Logistic {
                outputs,
                multi_label: *link == Link::MultiLabel,
                sigmoid: sigmoid.clone(),
            }),
            Self::Softmax(head) => BuiltIn::Softmax(Multinomial::new(head.clone())),
            Self::Identity(half_width) => BuiltIn::Ridge(Ridge { outputs, half_width: *half_width }),
        }
    }
}
