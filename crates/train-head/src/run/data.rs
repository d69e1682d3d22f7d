//! The samples of a run: to train on, to validate with, to test on.

use head_fit::Classes;
use head_fit::measures::Aim;
use ndarray::Array1;
use tables::Overrides;

use crate::args::{Encoder, HoldOut, Source};
use crate::console::Console;
use crate::exit::{Failure, Result};
use crate::files::head::Description;
use crate::input;
use crate::planning::warm_start;
use crate::samples::{self, Columns, LoadedEncoder, Matrix, Prepared, Raw, Shares, Wanted};

/// Where the samples come from.
pub(crate) struct Sources<'a> {
    /// Samples to train on.
    pub(crate) training: &'a Source,
    /// Column of their weights.
    pub(crate) weights: Option<&'a str>,
    /// Column of their groups.
    pub(crate) groups: Option<&'a str>,
    /// How their columns are taken, if they are a table.
    pub(crate) overrides: &'a Overrides,
    /// Samples to test on.
    pub(crate) test: &'a HoldOut,
    /// Share of the training samples for validation, in (0, 1).
    pub(crate) validation_fraction: Option<f64>,
    /// Seed of the split.
    pub(crate) random_state: u64,
    /// Label to call positive, of two.
    pub(crate) positive_label: Option<&'a str>,
    /// Aim of the threshold, which needs two classes.
    pub(crate) threshold: Option<Aim>,
    /// The head that the training starts from. It says which features and classes there are.
    pub(crate) start: Option<&'a Description>,
    /// The encoder, for texts.
    pub(crate) encoder: Option<Encoder>,
}

/// The samples of a run.
pub(crate) struct Data {
    /// Samples to train on.
    pub(crate) training: Matrix,
    /// Codes of their labels.
    pub(crate) y: Array1<f64>,
    /// Samples held out for validation.
    pub(crate) validation: Option<Matrix>,
    /// Samples to test on.
    pub(crate) test: Matrix,
    /// Position of each test sample in its file, from 0.
    pub(crate) test_rows: Vec<usize>,
    /// The labels.
    pub(crate) classes: Classes,
}

impl Data {
    /// Reads all samples, checks them, and then embeds the texts.
    ///
    /// # Errors
    /// Data or a model that cannot be used; a split that leaves a class without samples in one part.
    pub(crate) fn read(sources: Sources<'_>, console: &Console) -> Result<Self> {
        let start = sources.start;
        let wanted = Wanted {
            labels: true,
            weights: sources.weights,
            groups: sources.groups,
            overrides: Some(sources.overrides),
        };
        let raw = samples::read(sources.training, wanted, console)?;
        let classes = match start {
            Some(head) => head.classes.clone(),
            None => input::fit_classes(raw.labels.as_deref().unwrap_or_default(), sources.positive_label)?,
        };
        expect_two_classes(sources.threshold, classes.count())?;
        // a file to test on is read before hours are spent on the texts of the other
        let (test, test_share) = match sources.test {
            HoldOut::Source(test) => (Some(read_test(test, &classes, console)?), None),
            HoldOut::Share { test_size, random_state } => (None, Some((*test_size, *random_state))),
        };
        let encoder = sources.encoder.map(|encoder| LoadedEncoder::load(encoder, console)).transpose()?;
        let validation = sources.validation_fraction.map(|share| (share, sources.random_state));
        let columns = match start {
            Some(head) => Columns::Known(head.table.as_ref()),
            None => Columns::Fitted,
        };
        let shares = Shares { test: test_share, validation };
        let Prepared { matrix, parts } = raw.prepare(&classes, shares, columns, encoder.as_ref(), console)?;
        if let Some(head) = start {
            warm_start::expect_features(head, &matrix)?;
        }
        let (test, test_rows) = match (test, parts.test) {
            (Some(test), _) => {
                let test = test.matrix(encoder.as_ref(), matrix.recipe.as_ref(), console)?;
                let rows = (0..test.x.nrows()).collect();
                (test, rows)
            }
            (None, Some(rows)) => (matrix.select(&rows), rows),
            (None, None) => return Err(Failure::unexpected("there is nothing to test on")),
        };
        let validation = parts.validation.map(|rows| matrix.select(&rows));
        let training = matrix.select(&parts.training);
        let y = training.encode_labels(&classes, "the training data")?;
        Ok(Self { training, y, validation, test, test_rows, classes })
    }
}

/// Reads samples to test on.
fn read_test(test: &Source, classes: &Classes, console: &Console) -> Result<Raw> {
    let raw = samples::read(test, Wanted { labels: true, ..Wanted::default() }, console)?;
    raw.codes(classes, &test.path().display().to_string())?;
    Ok(raw)
}

/// Refuses an aim for more than two classes, of which the most probable is predicted.
///
/// # Errors
/// There are more than two.
pub(crate) fn expect_two_classes(aim: Option<Aim>, classes: usize) -> Result<()> {
    match aim {
        Some(_) if classes != 2 => Err(Failure::usage(format!(
            "--threshold: a threshold needs two classes, and there are {classes}"
        ))
        .help("of several classes the most probable is predicted")),
        _ => Ok(()),
    }
}
