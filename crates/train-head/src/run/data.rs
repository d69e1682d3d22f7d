//! The samples of a run: to train on, to validate with, to test on.

use head_fit::measures::Aim;
use head_fit::{Classes, stratified_split};
use ndarray::Array1;

use crate::args::{Encoder, HoldOut, Source};
use crate::console::Console;
use crate::exit::{Failure, Result};
use crate::files::head::Description;
use crate::input;
use crate::planning::warm_start;
use crate::samples::{self, LoadedEncoder, Matrix, Raw, Wanted};

/// Where the samples come from.
pub(crate) struct Sources<'a> {
    /// Samples to train on.
    pub(crate) training: &'a Source,
    /// Column of their weights.
    pub(crate) weights: Option<&'a str>,
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
        let features = start.and_then(|head| head.feature_names.as_deref());
        let wanted = Wanted { labels: true, features, weights: sources.weights };
        let training = samples::read(sources.training, wanted)?;
        let classes = match start {
            Some(head) => head.classes.clone(),
            None => input::fit_classes(training.labels().unwrap_or_default(), sources.positive_label)?,
        };
        expect_two_classes(sources.threshold, classes.count())?;
        let test = match sources.test {
            HoldOut::Source(test) => Some(read_test(test, &training, &classes)?),
            HoldOut::Share { .. } => None,
        };
        let encoder = sources.encoder.map(|encoder| LoadedEncoder::load(encoder, console)).transpose()?;
        let training = training.embed(encoder.as_ref(), console)?;
        if let Some(head) = start {
            warm_start::expect_features(head, &training)?;
        }
        let (training, test, test_rows) = match (test, sources.test) {
            (Some(test), _) => {
                let test = test.embed(encoder.as_ref(), console)?;
                let rows = (0..test.x.nrows()).collect();
                (training, test, rows)
            }
            (None, HoldOut::Share { test_size, random_state }) => {
                let y = training.encode_labels(&classes, "the data")?;
                let split = stratified_split(&y, *test_size, *random_state)?;
                (training.select(&split.train), training.select(&split.test), split.test)
            }
            (None, HoldOut::Source(_)) => {
                return Err(Failure::unexpected("the file to test on was not read"));
            }
        };
        let (training, validation) = match sources.validation_fraction {
            Some(share) => {
                let [training, validation] = training.hold_out(&classes, share, sources.random_state)?;
                (training, Some(validation))
            }
            None => (training, None),
        };
        let y = training.encode_labels(&classes, "the training data")?;
        Ok(Self { training, y, validation, test, test_rows, classes })
    }
}

/// Reads samples to test on, with the features of the training samples.
fn read_test(test: &Source, training: &Raw, classes: &Classes) -> Result<Raw> {
    let features = match training {
        Raw::Features(features, _) => features.names.as_deref(),
        Raw::Texts(_) => None,
    };
    let raw = samples::read(test, Wanted { labels: true, features, weights: None })?;
    let what = test.path().display().to_string();
    input::encode_labels(classes, raw.labels().unwrap_or_default(), &what)?;
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
