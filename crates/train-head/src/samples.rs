//! Samples as matrices, wherever they come from.

use std::path::Path;

use fhe_head::labels::{Classes, stratified_split};
use ndarray::{Array1, Array2, Axis};
use text_encoder::TextEncoder;

use crate::args::{Encoder, Source};
use crate::console::Console;
use crate::exit::{Failure, Result};
use crate::files::embeddings::{self, UsedEncoder, encoder_failure};
use crate::input::{self, Features, SampleWeights, Selection, Texts};
use crate::interrupt;

/// Samples as read, before any text is embedded.
#[derive(Debug)]
pub(crate) enum Raw {
    /// Texts that need an encoder.
    Texts(Texts),
    /// Numbers, and the encoder that they come from if that is known.
    Features(Features, Option<Box<UsedEncoder>>),
}

/// Samples as numbers.
#[derive(Clone, Debug)]
pub(crate) struct Matrix {
    /// Samples by features.
    pub(crate) x: Array2<f64>,
    /// One label each, if there are labels.
    pub(crate) labels: Option<Vec<String>>,
    /// One weight each, if they do not count alike.
    pub(crate) weights: Option<SampleWeights>,
    /// Names of the features, if they come from a table.
    pub(crate) names: Option<Vec<String>>,
    /// The encoder, if they come from texts.
    pub(crate) encoder: Option<UsedEncoder>,
}

/// Reads samples without weights: see [`read_weighted`].
///
/// # Errors
/// As [`read_weighted`].
pub(crate) fn read(source: &Source, labelled: bool, wanted: Option<&[String]>) -> Result<Raw> {
    read_weighted(source, labelled, wanted, None)
}

/// Reads samples. Labels are demanded if `labelled`; features are picked by name from a table if `wanted`; a column with
/// `weights` of the samples is no feature.
///
/// # Errors
/// What the readers refuse; no labels; another number of labels or weights than of samples.
pub(crate) fn read_weighted(
    source: &Source,
    labelled: bool,
    wanted: Option<&[String]>,
    weights: Option<&str>,
) -> Result<Raw> {
    match source {
        Source::Texts { path, text_column, columns } => {
            let label_column = columns.label_column.as_deref();
            let mut texts =
                input::read_texts(path, columns.format, text_column.as_deref(), label_column, labelled)?;
            texts.weights =
                weights.map(|column| input::read_weights(path, columns.format, column)).transpose()?;
            Ok(Raw::Texts(texts))
        }
        Source::Features { path, labels, ignored, columns } => {
            let arrays = ["npy", "safetensors"];
            let is_array =
                path.extension().is_some_and(|name| arrays.iter().any(|a| name.eq_ignore_ascii_case(a)));
            let mut ignored = ignored.clone();
            ignored.extend(weights.filter(|_| !is_array).map(str::to_owned));
            let selection = Selection {
                format: columns.format,
                label_column: columns.label_column.as_deref().filter(|_| labels.is_none()),
                ignored: &ignored,
                wanted,
                labelled: labelled && labels.is_none(),
            };
            let (mut features, encoder) = read_features(path, selection)?;
            if let Some(file) = labels {
                features.labels = Some(input::read_labels(file, columns.label_column.as_deref())?);
            }
            check_labels(path, &features, labelled)?;
            if let Some(column) = weights {
                let table = if is_array { labels.as_ref().unwrap_or(path) } else { path };
                let format = columns.format.filter(|_| !is_array);
                features.weights = Some(input::read_weights(table, format, column)?);
            }
            if let Some(weights) = &features.weights
                && weights.values.len() != features.x.nrows()
            {
                let (samples, weights) = (features.x.nrows(), weights.values.len());
                return Err(Failure::data(format!(
                    "{}: {samples} samples, but {weights} sample weights",
                    path.display()
                )));
            }
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
            .help("name a file of labels with --labels")),
        _ => Ok(()),
    }
}

impl Raw {
    /// One label each, if there are labels.
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

    /// Embeds texts; numbers are what they are.
    ///
    /// # Errors
    /// Those of the encoder; there is none for texts.
    pub(crate) fn embed(self, encoder: Option<&LoadedEncoder>, console: &Console) -> Result<Matrix> {
        match self {
            Self::Features(Features { x, names, labels, weights }, encoder) => {
                Ok(Matrix { x, labels, weights, names, encoder: encoder.map(|encoder| *encoder) })
            }
            Self::Texts(Texts { texts, labels, weights }) => {
                let Some(encoder) = encoder else {
                    return Err(Failure::unexpected("texts without an encoder"));
                };
                let x = embed(encoder, &texts, console)?.mapv(f64::from);
                Ok(Matrix { x, labels, weights, names: None, encoder: Some(encoder.used()) })
            }
        }
    }
}

impl Matrix {
    /// Labels as codes 0, 1, ..; `what` names the data in messages.
    ///
    /// # Errors
    /// There are none, or one is of no class.
    pub(crate) fn encode_labels(&self, classes: &Classes, what: &str) -> Result<Array1<f64>> {
        let labels =
            self.labels.as_deref().ok_or_else(|| Failure::data(format!("{what}: there are no labels")))?;
        input::encode_labels(classes, labels, what)
    }

    /// The weight of each sample, 1 where nobody said otherwise.
    pub(crate) fn sample_weight(&self) -> Array1<f64> {
        match &self.weights {
            Some(weights) => weights.values.iter().copied().collect(),
            None => Array1::ones(self.x.nrows()),
        }
    }

    /// Samples to train on, and a stratified share to validate with.
    ///
    /// # Errors
    /// A share that leaves a class out of one part.
    pub(crate) fn hold_out(&self, classes: &Classes, share: f64, random_state: u64) -> Result<[Self; 2]> {
        let y = self.encode_labels(classes, "the data")?;
        let split = stratified_split(&y, share, random_state)
            .map_err(|error| Failure::usage(format!("--validation-fraction {share}")).because(error))?;
        Ok([self.select(&split.train), self.select(&split.test)])
    }

    /// Some of the samples, in the order of `rows`.
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
        }
    }
}

/// An encoder that is ready.
pub(crate) struct LoadedEncoder {
    encoder: TextEncoder,
    name: String,
}

impl LoadedEncoder {
    /// Loads an encoder.
    ///
    /// # Errors
    /// There is none of this name, or its folder is not in order.
    pub(crate) fn load(wanted: Encoder, console: &Console) -> Result<Self> {
        let Encoder { name, source, mut options } = wanted;
        options.hub.observer = console.downloads();
        let encoder = TextEncoder::load(&source, &options).map_err(encoder_failure)?;
        Ok(Self { encoder, name })
    }

    /// What files remember of it.
    pub(crate) fn used(&self) -> UsedEncoder {
        UsedEncoder { info: self.encoder.info().clone(), source: self.name.clone() }
    }
}

/// Embeds texts: one row each.
///
/// # Errors
/// Those of the encoder; ^C.
pub(crate) fn embed(encoder: &LoadedEncoder, texts: &[String], console: &Console) -> Result<Array2<f32>> {
    /// Texts between two looks at whether to stop: enough for batches of equal length.
    const STRETCH: usize = 2048;
    let empty = texts.iter().filter(|text| text.trim().is_empty()).count();
    if empty > 0 {
        console.warn(format!("{empty} of {} texts are empty; they all get the same embedding", texts.len()));
    }
    let encoder = &encoder.encoder;
    let progress = console.phase("embed", texts.len());
    let mut x = Array2::zeros((texts.len(), encoder.dimension()));
    for (part, mut rows) in texts.chunks(STRETCH).zip(x.axis_chunks_iter_mut(Axis(0), STRETCH)) {
        interrupt::check()?;
        rows.assign(&encoder.encode(part, |done| progress.advance(done)).map_err(encoder_failure)?);
    }
    progress.done();
    Ok(x)
}
