//! The choices of a method.

use clap::ValueEnum;
use fhe_head::Aim;

/// Kinds of heads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum HeadKind {
    /// Chosen from the labels, as without the flag
    Auto,
    /// Logistic regression on two classes, or one for each of the labels of which a sample has any number
    Logreg,
    /// One logistic regression per class, against the rest
    Ovr,
    /// Multinomial logistic regression: the softmax of all classes
    Softmax,
    /// Classes in an order, such as grades: one set of weights, a threshold between neighbours
    Ordinal,
    /// Ridge regression of one or several numbers
    Ridge,
    /// A hidden layer before the softmax, or before the logistic function of two classes
    Mlp,
}

/// Scores that a polynomial in place of the softmax is fitted to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum SoftmaxFit {
    /// One class stands out
    OneStandsOut,
    /// Classes in a row: neighbours of the likeliest class are likely too
    InARow,
}

/// First-order methods.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Solver {
    /// Gradient descent
    Gd,
    /// Nesterov's method
    Nesterov,
}

/// Weights of the classes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum ClassWeights {
    /// All samples have the same weight
    #[default]
    None,
    /// All classes have the same total weight
    Balanced,
}

/// What a plan is chosen by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Optimize {
    /// Seconds of the training and of the upload on a fast line
    Time,
    /// Bytes that travel to the compute party: data and evaluation keys
    Upload,
    /// The compute party's memory, with all data in it
    Memory,
}

impl Optimize {
    /// For the planner.
    pub(crate) fn aim(self) -> Aim {
        match self {
            Self::Time => Aim::Time,
            Self::Upload => Aim::Upload,
            Self::Memory => Aim::Memory,
        }
    }

    /// The flag's value for an aim.
    pub(crate) fn of(aim: Aim) -> Self {
        match aim {
            Aim::Time => Self::Time,
            Aim::Upload => Self::Upload,
            Aim::Memory => Self::Memory,
        }
    }
}

/// Transformations of the features before the encryption.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Preprocess {
    /// Chosen from the training data
    #[default]
    Auto,
    /// Subtract means, divide by standard deviations
    Standardize,
    /// Rotate and scale to unit covariance, up to a ridge
    Whiten,
    /// Rotate and scale to unit covariance within classes, up to a ridge: linear discriminant analysis's coordinates
    WhitenWithin,
    /// Only subtract means
    None,
}

/// The strength of the L2 penalty, as the user gave it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Penalty {
    /// scikit-learn's `alpha`.
    Alpha(f64),
    /// scikit-learn's `C`.
    C(f64),
}
