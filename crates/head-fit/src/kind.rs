//! Which head is fitted.

use fhe_head::ranges;
use fhe_head::{ActivationKind, BuiltIn, Degree, Error, Fit, Head, Logistic, Ordinal, Result, SoftmaxForm};
use serde::{Deserialize, Serialize};

use crate::labels::Targets;

/// The kind of head that options ask for, and the type of head that comes out.
pub trait HeadKind: Clone {
    /// The head that is trained.
    type Head: Head;
}

/// One of the heads that come with the engine.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Two classes get logistic regression; several get one-vs-rest or softmax, whichever does better in cross-validation. Samples with any
    /// number of labels get a logistic regression for each label, numbers get ridge regression.
    #[default]
    Auto,
    /// Logistic regression: one output for two classes, one output for each of several classes against the rest, or one for each label.
    Logistic {
        /// Degree of the polynomial that stands for the logistic function; chosen where not given.
        degree: Option<Degree>,
        /// What the polynomial is closest in; chosen where not given.
        fit: Option<Fit>,
    },
    /// Multinomial logistic regression of three classes or more.
    Softmax {
        /// Form of the approximation; one of those of three levels, chosen, where not given.
        #[serde(rename = "depth")]
        form: Option<SoftmaxForm>,
    },
    /// Classes in an order: logistic regressions of the steps between neighbours, with common weights (proportional odds).
    Ordinal {
        /// Degree of the polynomial that stands for the logistic function; chosen where not given.
        degree: Option<Degree>,
        /// What the polynomial is closest in; chosen where not given.
        fit: Option<Fit>,
    },
    /// Linear regression of one or several numbers, by least squares with a ridge.
    Ridge,
    /// One hidden layer, then the logistic function of two classes or the softmax of several.
    Mlp {
        /// Hidden units: 8, 16, 32, 64 or 128; chosen where not given.
        hidden: Option<usize>,
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

    /// Classes in an order, with the polynomial chosen from the data.
    pub fn ordinal() -> Self {
        Self::Ordinal { degree: None, fit: None }
    }

    /// Softmax with the approximation chosen from the data, among those of three levels: of two it is coarser, as the accuracy benchmarks
    /// show.
    pub fn softmax() -> Self {
        Self::Softmax { form: None }
    }

    /// One hidden layer of GELUs, with everything else chosen from the data.
    pub fn mlp() -> Self {
        Self::Mlp { hidden: None, activation: ActivationKind::Gelu, activation_interval: None }
    }

    /// The kind that trains such a head, with nothing left open.
    pub(crate) fn of_head(head: &BuiltIn) -> Self {
        match head {
            BuiltIn::Logistic(Logistic { sigmoid, .. }) => {
                Self::Logistic { degree: Some(sigmoid.degree()), fit: Some(sigmoid.fit()) }
            }
            BuiltIn::Ordinal(Ordinal { sigmoid, .. }) => {
                Self::Ordinal { degree: Some(sigmoid.degree()), fit: Some(sigmoid.fit()) }
            }
            BuiltIn::Ridge(_) => Self::Ridge,
            BuiltIn::Softmax(head) => Self::Softmax { form: Some(head.softmax.form()) },
            BuiltIn::Mlp(head) => Self::Mlp {
                hidden: Some(head.hidden),
                activation: head.activation.kind(),
                activation_interval: Some(head.activation.half_width()),
            },
        }
    }

    pub(crate) fn check(self) -> Result<()> {
        match self {
            Self::Auto
            | Self::Logistic { .. }
            | Self::Softmax { .. }
            | Self::Ordinal { .. }
            | Self::Ridge => Ok(()),
            Self::Mlp { hidden, activation_interval, .. } => {
                hidden.map_or(Ok(()), ranges::hidden_units)?;
                ranges::half_width("activation_interval", activation_interval)
            }
        }
    }

    /// Refuses a kind of head that cannot learn such targets.
    pub(crate) fn check_for(self, targets: Targets) -> Result<()> {
        let (name, able, takes) = match self {
            Self::Auto => return Ok(()),
            Self::Logistic { .. } => {
                ("logistic", !matches!(targets, Targets::Numbers(_)), "classes or labels; ridge for numbers")
            }
            Self::Softmax { .. } => ("softmax", matches!(targets, Targets::Classes(_)), "classes"),
            Self::Mlp { .. } => ("mlp", matches!(targets, Targets::Classes(_)), "classes"),
            Self::Ordinal { .. } => {
                ("ordinal", matches!(targets, Targets::Classes(_)), "classes in an order")
            }
            Self::Ridge => ("ridge", matches!(targets, Targets::Numbers(_)), "numbers"),
        };
        if able {
            return Ok(());
        }
        Err(Error::Parameter {
            name: "head",
            got: format!("{name} for {}", targets.described()),
            expected: format!("a head for them: {name} takes {takes}"),
        })
    }
}
