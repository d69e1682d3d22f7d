//! The samples of a run: to train on, to validate with, to test on.

use std::path::PathBuf;

use head_fit::measures::Aim;
use ndarray::Array2;
use tables::Overrides;
use text_encoder::EncoderInfo;

use crate::args::{Encoder, HoldOut, Source};
use crate::console::Console;
use crate::data_party::follow::expect_log_loss;
use crate::exit::{Failure, Result};
use crate::files::head::Description;
use crate::files::remembered::Remembered;
use crate::planning::warm_start;
use crate::samples::{self, Columns, Known, LoadedEncoder, Matrix, Prepared, Raw, Shares, Wanted};
use crate::targets::{Choice, LabelsAs, Vocabulary};

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
    /// What labels are taken as.
    pub(crate) labels_as: LabelsAs,
    /// What flags say of classes.
    pub(crate) choice: Choice<'a>,
    /// Aim of the threshold, which needs two classes, or labels.
    pub(crate) threshold: Option<Aim>,
    /// The head that the training starts from. It says which features and classes there are.
    pub(crate) start: Option<&'a Description>,
    /// The encoder, for texts.
    pub(crate) encoder: Option<Encoder>,
    /// Embeddings of an earlier run, if there is one.
    pub(crate) embeddings: Option<PathBuf>,
}

/// The samples of a run.
pub(crate) struct Data {
    /// Samples to train on.
    pub(crate) training: Matrix,
    /// Their encoded labels: samples by columns.
    pub(crate) y: Array2<f64>,
    /// Samples held out for validation.
    pub(crate) validation: Option<Matrix>,
    /// Samples to test on.
    pub(crate) test: Matrix,
    /// Position of each test sample in its file, from 0.
    pub(crate) test_rows: Vec<usize>,
    /// What is predicted.
    pub(crate) vocabulary: Vocabulary,
    /// The embeddings of texts, for the next run into the same folder.
    pub(crate) embedded: Option<(Remembered, EncoderInfo)>,
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
            labels_as: start.map_or(sources.labels_as, |head| head.vocabulary.labels_as()),
            weights: sources.weights,
            groups: sources.groups,
            overrides: Some(sources.overrides),
            known: start.map(Description::known),
            stored: false,
        };
        let raw = samples::read(sources.training, wanted, console)?;
        let vocabulary = match start {
            Some(head) => head.vocabulary.clone(),
            None => raw.vocabulary(sources.choice)?,
        };
        expect_thresholds(sources.threshold, &vocabulary)?;
        sources.validation_fraction.map(|_| expect_log_loss(&vocabulary)).transpose()?;
        // a file to test on is read before hours are spent on the texts of the other
        let (test, test_share) = match sources.test {
            HoldOut::Source(test) => (Some(read_test(test, &raw.label_columns, &vocabulary, console)?), None),
            HoldOut::Share { test_size, random_state } => (None, Some((*test_size, *random_state))),
        };
        let encoder = sources.encoder.map(|encoder| LoadedEncoder::load(encoder, console)).transpose()?;
        let encoder = encoder.map(|encoder| encoder.remembering(sources.embeddings.as_deref()));
        let validation = sources.validation_fraction.map(|share| (share, sources.random_state));
        let columns = match start {
            Some(head) => Columns::Known(head.table.as_ref()),
            None => Columns::Fitted,
        };
        let shares = Shares { test: test_share, validation };
        let Prepared { matrix, parts } =
            raw.prepare(&vocabulary, shares, columns, encoder.as_ref(), console)?;
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
        let y = training.encode_labels(&vocabulary, "the training data")?;
        let embedded = encoder.map(LoadedEncoder::made);
        Ok(Self { training, y, validation, test, test_rows, vocabulary, embedded })
    }
}

/// Reads samples to test on. `labels` are the columns that the labels of the training came from.
fn read_test(test: &Source, labels: &[String], vocabulary: &Vocabulary, console: &Console) -> Result<Raw> {
    let known = Some(Known { labels, recipe: None });
    let wanted = Wanted { labels: true, labels_as: vocabulary.labels_as(), known, ..Wanted::default() };
    let raw = samples::read(test, wanted, console)?;
    raw.encoded(vocabulary, &test.path().display().to_string())?;
    Ok(raw)
}

/// Refuses an aim for more than two classes, of which the most probable is predicted, and for numbers.
///
/// # Errors
/// There are more than two, or numbers.
pub(crate) fn expect_thresholds(aim: Option<Aim>, vocabulary: &Vocabulary) -> Result<()> {
    match (aim, vocabulary) {
        (Some(_), Vocabulary::Classes(classes)) if classes.count() != 2 => Err(Failure::usage(format!(
            "--threshold: a threshold needs two classes, and there are {}",
            classes.count()
        ))
        .help("of several classes the most probable is predicted")),
        (Some(_), Vocabulary::Numbers(_)) => Err(Failure::usage(
            "--threshold: a threshold needs classes or labels; there are numbers to predict",
        )),
        _ => Ok(()),
    }
}
