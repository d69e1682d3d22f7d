//! What is read of samples beside texts or features.

use std::path::Path;

use tables::{Overrides, Recipe};

use crate::args::Columns;
use crate::console::Console;
use crate::input::{LabelReading, ReadLabels};
use crate::targets::{Labels, LabelsAs};

/// What to read of samples beside texts or features.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Wanted<'a> {
    /// Require labels. Otherwise they are read where there are any.
    pub(crate) labels: bool,
    /// What labels are taken as.
    pub(crate) labels_as: LabelsAs,
    /// Read the sample weights in this column, which is not a feature then.
    pub(crate) weights: Option<&'a str>,
    /// Read the groups of samples in this column, which is not a feature then.
    pub(crate) groups: Option<&'a str>,
    /// How columns are taken, where the data decide what becomes of them.
    pub(crate) overrides: Option<&'a Overrides>,
    /// What an earlier training read, where there was one.
    pub(crate) known: Option<Known<'a>>,
    /// Leave the numbers of arrays and embeddings in their file, for [`super::Raw::rows`].
    pub(crate) stored: bool,
}

/// What an earlier training read of a table.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Known<'a> {
    /// The columns of its labels; none if they came from elsewhere.
    pub(crate) labels: &'a [String],
    /// The columns of its features.
    pub(crate) recipe: Option<&'a Recipe>,
}

/// How labels are read.
pub(super) fn reading(columns: &Columns, wanted: Wanted<'_>) -> LabelReading {
    LabelReading { kind: wanted.labels_as, separator: columns.separator }
}

/// The labels, after what is to be known of them was said.
pub(super) fn noted(found: ReadLabels, path: &Path, console: &Console) -> Labels {
    found.notes.iter().for_each(|note| console.note(format!("{}: {note}", path.display())));
    found.labels
}
