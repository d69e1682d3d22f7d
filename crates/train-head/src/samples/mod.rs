//! Samples from files, as texts and as matrices.

mod encoder;

use std::path::Path;

use head_fit::{Classes, Data, stratified_split};
use ndarray::{Array1, Array2, Axis};

use crate::args::Source;
use crate::console::Console;
use crate::exit::{Failure, Result};
use crate::files::embeddings::{self, UsedEncoder};
use crate::input::{self, Features, SampleWeights, Selection, Texts};

pub(crate) use encoder::{Embedded, LoadedEncoder, embed};

/// Samples as read: texts are not embedded yet.
#[derive(Debug)]
pub(crate) enum Raw {
    /// Texts that need an encoder.
    Texts(Texts),
    /// Numbers, and the encoder that made them if the file says.
    Features(Features, Option<Box<UsedEncoder>>),
}

/// Samples as numbers.
#[derive(Clone, Debug)]
pub(crate) struct Matrix {
    /// Samples by features.
    pub(crate) x: Array2<f64>,
    /// One label per sample, if there are labels.
    pub(crate) labels: Option<Vec<String>>,
    /// One weight per sample, if they do not all count the same.
    pub(crate) weights: Option<SampleWeights>,
    /// Names of the features, if they come from a table.
    pub(crate) names: Option<Vec<String>>,
    /// The encoder, if the samples are texts.
    pub(crate) encoder: Option<UsedEncoder>,
    /// Whether each sample is a text with more tokens than the encoder embeds at once, if texts were embedded.
    pub(crate) long: Option<Vec<bool>>,
}

/// What to read of samples beside texts or features.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Wanted<'a> {
    /// Require labels. Otherwise they are read where there are any.
    pub(crate) labels: bool,
    /// Read these features of a table, in this order; all by default.
    pub(crate) features: Option<&'a [String]>,
    /// Read the sample weights in this column, which is not a feature then.
    pub(crate) weights: Option<&'a str>,
}

/// Reads samples.
///
/// # Errors
/// What the readers refuse; missing labels; a number of labels or weights that differs from the number of samples.
pub(crate) fn read(source: &Source, wanted: Wanted<'_>) -> Result<Raw> {
    match source {
        Source::Texts { path, text_column, columns } => {
            let label_column = columns.label_column.as_deref();
            let mut texts =
                input::read_texts(path, columns.format, text_column.as_deref(), label_column, wanted.labels)?;
            texts.weights =
                wanted.weights.map(|column| input::read_weights(path, columns.format, column)).transpose()?;
            Ok(Raw::Texts(texts))
        }
        Source::Features { path, labels, ignored, columns } => {
            let arrays = ["npy", "safetensors"];
            let is_array =
                path.extension().is_some_and(|name| arrays.iter().any(|a| name.eq_ignore_ascii_case(a)));
            let mut ignored = ignored.clone();
            ignored.extend(wanted.weights.filter(|_| !is_array).map(str::to_owned));
            let selection = Selection {
                format: columns.format,
                label_column: columns.label_column.as_deref().filter(|_| labels.is_none()),
                ignored: &ignored,
                wanted: wanted.features,
                labelled: wanted.labels && labels.is_none(),
            };
            let (mut features, encoder) = read_features(path, selection)?;
            if let Some(file) = labels {
                features.labels = Some(input::read_labels(file, columns.label_column.as_deref())?);
            }
            check_labels(path, &features, wanted.labels)?;
            if let Some(column) = wanted.weights {
                let table = if is_array { labels.as_ref().unwrap_or(path) } else { path };
                let format = columns.format.filter(|_| !is_array);
                features.weights = Some(input::read_weights(table, format, column)?);
            }
            check_weights(path, &features)?;
            Ok(Raw::Features(features, encoder))
        }
    }
}

fn read_features(path: &Path, selection: Selection<'_>) -> Result<(Features, Option<Box<UsedEncoder>>)> {
    if !embeddings::is_safetensors(path) {
        return Ok((input::read_features(path, selection)?, None));
    }
    let read = embeddings::read(path)?;
    let Some(known) = read.metadata else {
        return Ok((Features { x: read.x, names: None, labels: None, weights: None }, None));
    };
    let weights = known.sample_weight.map(|values| SampleWeights { values, column: None });
    Ok((Features { x: read.x, names: None, labels: known.labels, weights }, Some(Box::new(known.encoder))))
}

fn check_labels(path: &Path, features: &Features, labelled: bool) -> Result<()> {
    match &features.labels {
        Some(labels) if labels.len() != features.x.nrows() => Err(Failure::data(format!(
            "{}: {} samples, but {} labels",
            path.display(),
            features.x.nrows(),
            labels.len()
        ))),
        None if labelled => Err(Failure::data(format!("{}: the samples have no labels", path.display()))
            .help("name a file with labels by --labels")),
        _ => Ok(()),
    }
}

fn check_weights(path: &Path, features: &Features) -> Result<()> {
    let samples = features.x.nrows();
    match features.weights.as_ref().map(|weights| weights.values.len()) {
        Some(weights) if weights != samples => {
            Err(Failure::data(format!("{}: {samples} samples, but {weights} sample weights", path.display())))
        }
        _ => Ok(()),
    }
}

impl Raw {
    /// One label per sample, if there are labels.
    pub(crate) fn labels(&self) -> Option<&[String]> {
        match self {
            Self::Texts(texts) => texts.labels.as_deref(),
            Self::Features(features, _) => features.labels.as_deref(),
        }
    }

    /// Number of samples.
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Texts(texts) => texts.texts.len(),
            Self::Features(features, _) => features.x.nrows(),
        }
    }

    /// Embeds texts with `encoder`; numbers stay as they are.
    ///
    /// # Errors
    /// Texts without an encoder; those of the encoder.
    pub(crate) fn embed(self, encoder: Option<&LoadedEncoder>, console: &Console) -> Result<Matrix> {
        match self {
            Self::Features(Features { x, names, labels, weights }, encoder) => {
                let encoder = encoder.map(|encoder| *encoder);
                Ok(Matrix { x, labels, weights, names, encoder, long: None })
            }
            Self::Texts(Texts { texts, labels, weights }) => {
                let Some(encoder) = encoder else {
                    return Err(Failure::unexpected("texts without an encoder"));
                };
                let Embedded { x, long } = embed(encoder, &texts, console)?;
                let (x, used) = (x.mapv(f64::from), Some(encoder.used()));
                Ok(Matrix { x, labels, weights, names: None, encoder: used, long: Some(long) })
            }
        }
    }
}

impl Matrix {
    /// The labels as codes 0, 1, ... `what` names the data in messages.
    ///
    /// # Errors
    /// No labels, or an unknown one.
    pub(crate) fn encode_labels(&self, classes: &Classes, what: &str) -> Result<Array1<f64>> {
        let labels =
            self.labels.as_deref().ok_or_else(|| Failure::data(format!("{what}: there are no labels")))?;
        input::encode_labels(classes, labels, what)
    }

    /// The weight of each sample; 1 if there are no weights.
    pub(crate) fn sample_weight(&self) -> Array1<f64> {
        match &self.weights {
            Some(weights) => weights.values.iter().copied().collect(),
            None => Array1::ones(self.x.nrows()),
        }
    }

    /// The samples to fit on, with the codes of their labels.
    ///
    /// # Errors
    /// No features; sample weights that are negative or all zero.
    pub(crate) fn data<'a>(&'a self, y: &'a Array1<f64>, classes: &Classes) -> Result<Data<'a>> {
        let data = Data::new(self.x.view(), y.view())?.with_classes(classes.count())?;
        Ok(match &self.weights {
            Some(_) => data.weighted(self.sample_weight().view())?,
            None => data,
        })
    }

    /// Splits off a stratified share, in (0, 1), for validation. Returns training and validation samples.
    ///
    /// # Errors
    /// A share that leaves a class without samples in one part.
    pub(crate) fn hold_out(&self, classes: &Classes, share: f64, random_state: u64) -> Result<[Self; 2]> {
        let y = self.encode_labels(classes, "the data")?;
        let split = stratified_split(&y, share, random_state)
            .map_err(|error| Failure::usage(format!("--validation-fraction {share}")).because(error))?;
        Ok([self.select(&split.train), self.select(&split.test)])
    }

    /// The samples in these rows, in this order.
    pub(crate) fn select(&self, rows: &[usize]) -> Self {
        let labels = self.labels.as_ref().map(|labels| rows.iter().map(|&row| labels[row].clone()).collect());
        let weights = self.weights.as_ref().map(|weights| SampleWeights {
            values: rows.iter().map(|&row| weights.values[row]).collect(),
            column: weights.column.clone(),
        });
        Self {
            x: self.x.select(Axis(0), rows),
            labels,
            weights,
            names: self.names.clone(),
            encoder: self.encoder.clone(),
            long: self.long.as_ref().map(|long| rows.iter().map(|&row| long[row]).collect()),
        }
    }

    /// Number of texts with more tokens than the encoder embeds at once, if texts were embedded.
    pub(crate) fn long_texts(&self) -> Option<usize> {
        self.long.as_ref().map(|long| long.iter().filter(|&&long| long).count())
    }
}
