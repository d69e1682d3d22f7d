//! Labels of samples, as they were read.

use ndarray::{Array2, Axis};

/// One label, set of labels, or row of numbers for each sample.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Labels {
    /// A class each.
    Classes(Vec<String>),
    /// Any number of labels each.
    Sets {
        /// The labels of each sample.
        sets: Vec<Vec<String>>,
        /// Labels that a column stands for, whether or not a sample has them; empty if the labels come from lists.
        columns: Vec<String>,
    },
    /// Numbers each.
    Numbers {
        /// What each number is: the name of its column.
        names: Vec<String>,
        /// Samples by numbers.
        values: Array2<f64>,
    },
}

/// What labels are taken as.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum LabelsAs {
    /// Found out from the labels; many different numbers are asked about.
    #[default]
    Open,
    /// Sets if they are, else classes.
    ClassesOrSets,
    /// Classes.
    Classes,
    /// Sets.
    Sets,
    /// Numbers.
    Numbers,
}

impl Labels {
    /// Number of samples.
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Classes(labels) => labels.len(),
            Self::Sets { sets, .. } => sets.len(),
            Self::Numbers { values, .. } => values.nrows(),
        }
    }

    /// Those of the samples in these rows, in this order.
    pub(crate) fn select(&self, rows: &[usize]) -> Self {
        match self {
            Self::Classes(labels) => Self::Classes(rows.iter().map(|&row| labels[row].clone()).collect()),
            Self::Sets { sets, columns } => Self::Sets {
                sets: rows.iter().map(|&row| sets[row].clone()).collect(),
                columns: columns.clone(),
            },
            Self::Numbers { names, values } => {
                Self::Numbers { names: names.clone(), values: values.select(Axis(0), rows) }
            }
        }
    }

    /// A cell for each sample: its class, its labels with `;` between them, or its number. `None` for several numbers.
    pub(crate) fn texts(&self) -> Option<Vec<String>> {
        match self {
            Self::Classes(labels) => Some(labels.clone()),
            Self::Sets { sets, .. } => Some(sets.iter().map(|set| set.join(";")).collect()),
            Self::Numbers { values, .. } if values.ncols() == 1 => {
                Some(values.iter().map(f64::to_string).collect())
            }
            Self::Numbers { .. } => None,
        }
    }
}
