//! What the labels of samples mean.

use fhe_head::Link;

/// What the labels of samples mean, and how many columns they have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Targets {
    /// One of so many classes: a single column of class indices.
    Classes(usize),
    /// Any number of so many labels: a column of zeros and ones for each.
    Labels(usize),
    /// So many numbers: a column for each.
    Numbers(usize),
}

impl From<usize> for Targets {
    /// So many classes.
    fn from(classes: usize) -> Self {
        Self::Classes(classes)
    }
}

impl Targets {
    /// Number of scores of a head with this link.
    pub(crate) fn scores(self, link: Link) -> usize {
        match (self, link) {
            (Self::Classes(classes), Link::Cumulative) => classes - 1,
            (Self::Classes(2), Link::Logistic) => 1,
            (Self::Classes(count) | Self::Labels(count) | Self::Numbers(count), _) => count,
        }
    }

    /// What they are, in messages.
    pub fn described(self) -> String {
        match self {
            Self::Classes(count) => format!("{count} classes"),
            Self::Labels(count) => format!("samples with any of {count} labels"),
            Self::Numbers(1) => "a number".into(),
            Self::Numbers(count) => format!("{count} numbers"),
        }
    }
}
