//! What the scores of a head stand for.

use serde::{Deserialize, Serialize};

/// What becomes of the scores (logits) of a head.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Link {
    /// One score: the logistic function of it is the probability of the second of two classes. Several: that of each class against the
    /// rest.
    #[default]
    Logistic,
    /// The logistic function of each score is the probability of a label, of which a sample may have any number.
    MultiLabel,
    /// The softmax of all scores are the probabilities of the classes.
    Softmax,
    /// The logistic function of score `k` is the probability of a class above `k`.
    Cumulative,
    /// The scores are the predicted numbers.
    Identity,
}

impl Link {
    /// Number of classes, one of which each sample has, that so many scores tell apart; `None` if they tell labels or numbers.
    pub fn classes(self, scores: usize) -> Option<usize> {
        match self {
            Self::Logistic if scores == 1 => Some(2),
            Self::Logistic | Self::Softmax => Some(scores),
            Self::Cumulative => Some(scores + 1),
            Self::MultiLabel | Self::Identity => None,
        }
    }

    /// Its name in messages.
    pub fn name(self) -> &'static str {
        match self {
            Self::Logistic => "logistic",
            Self::MultiLabel => "multi-label",
            Self::Softmax => "softmax",
            Self::Cumulative => "ordinal",
            Self::Identity => "ridge",
        }
    }
}
