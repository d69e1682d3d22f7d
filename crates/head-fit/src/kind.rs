//! Which head is fitted.

use fhe_head::ranges;
use fhe_head::{ActivationKind, BuiltIn, Degree, Fit, Head, Logistic, Result, SoftmaxDepth};
use serde::{Deserialize, Serialize};

/// The kind of head that options ask for, and the type of head that comes out.
pub trait HeadKind: Clone {
    /// The head that is trained.
    type Head: Head;
}

/// One of the heads that come with the engine.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Logistic regression for two classes; of several, one-vs-rest or softmax, whichever does better in cross-validation.
    #[default]
    Auto,
    /// Logistic regression: one output for two classes, one output for each of several classes against the rest.
    Logistic {
        /// Degree of the polynomial that stands for the logistic function; chosen where not given.
        degree: Option<Degree>,
        /// What the polynomial is closest in; chosen where not given.
        fit: Option<Fit>,
    },
    /// Multinomial logistic regression of three classes or more.
    Softmax {
        /// Levels of the approximation.
        depth: SoftmaxDepth,
    },
    /// One hidden layer, then the logistic function of two classes or the softmax of several.
    Mlp {
        /// Hidden units: 8, 16, 32, 64 or 128.
        hidden: usize,
        /// Their activation.
        activation: ActivationKind,
        /// Half-width of the interval on which a polynomial stands for the activation; chosen where not given.
        activation_interval: Option<f64>,
    },
}

impl HeadKind for Kind {
    type Head = BuiltIn;
}

impl Kind {
    /// Logistic regression with the polynomial chosen from the data.
    pub fn logistic() -> Self {
        Self::Logistic { degree: None, fit: None }
    }

    /// Softmax with the approximation that is used where nobody asks for another: three levels, which the accuracy benchmarks chose.
    pub fn softmax() -> Self {
        Self::Softmax { depth: SoftmaxDepth::Three }
    }

    /// The kind that trains such a head, with nothing left open.
    pub(crate) fn of_head(head: &BuiltIn) -> Self {
        match head {
            BuiltIn::Logistic(Logistic { sigmoid, .. }) => {
                Self::Logistic { degree: Some(sigmoid.degree()), fit: Some(sigmoid.fit()) }
            }
            BuiltIn::Softmax(head) => Self::Softmax { depth: head.softmax.depth() },
            BuiltIn::Mlp(head) => Self::Mlp {
                hidden: head.hidden,
                activation: head.activation.kind(),
                activation_interval: Some(head.activation.half_width()),
            },
        }
    }

    pub(crate) fn check(self) -> Result<()> {
        match self {
            Self::Auto | Self::Logistic { .. } | Self::Softmax { .. } => Ok(()),
            Self::Mlp { hidden, activation_interval, .. } => {
                ranges::hidden_units(hidden)?;
                ranges::half_width("activation_interval", activation_interval)
            }
        }
    }
}
