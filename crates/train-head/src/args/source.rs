//! The files that samples come from.

use std::path::{Path, PathBuf};

use crate::input::Format;

/// The file that samples come from.
#[derive(Clone, Debug)]
pub(crate) enum Source {
    /// A table with texts.
    Texts {
        /// The file.
        path: PathBuf,
        /// Column with the texts.
        text_column: Option<String>,
        /// Columns and format.
        columns: Columns,
    },
    /// Numbers.
    Features {
        /// The file.
        path: PathBuf,
        /// A file with the labels.
        labels: Option<PathBuf>,
        /// Columns that are no features.
        dropped: Vec<String>,
        /// Columns and format.
        columns: Columns,
    },
}

/// Columns and format of a source.
#[derive(Clone, Debug)]
pub(crate) struct Columns {
    /// Columns with the labels; the usual one if empty.
    pub(crate) label_columns: Vec<String>,
    /// What divides the labels in one cell; found out if `None`.
    pub(crate) separator: Option<tables::Separator>,
    /// Format of the tables.
    pub(crate) format: Option<Format>,
    /// Sheet of a workbook.
    pub(crate) sheet: Option<String>,
    /// Columns that name the samples: no features, but part of the predictions.
    pub(crate) ids: Vec<String>,
    /// Other columns that go through to the predictions.
    pub(crate) kept: Vec<String>,
}

/// What to test on.
#[derive(Clone, Debug)]
pub(crate) enum HoldOut {
    /// Another file.
    Source(Source),
    /// A stratified share of the samples.
    Share {
        /// The share, in (0, 1).
        test_size: f64,
        /// The seed of the split.
        random_state: u64,
    },
}

impl Source {
    /// Columns and format.
    pub(crate) fn columns(&self) -> &Columns {
        match self {
            Self::Texts { columns, .. } | Self::Features { columns, .. } => columns,
        }
    }

    /// The file, for messages.
    pub(crate) fn path(&self) -> &Path {
        match self {
            Self::Texts { path, .. } | Self::Features { path, .. } => path,
        }
    }
}
