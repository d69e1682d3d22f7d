//! Samples as matrices, wherever they come from.

use std::path::Path;

use fhe_head::labels::{Classes, stratified_split};
use ndarray::{Array1, Array2, Axis};
use text_encoder::TextEncoder;

use crate::args::{Encoder, Source};
use crate::console::Console;
use crate::exit::{Failure, Result};
use crate::files::embeddings::{self, UsedEncoder, encoder_failure};
use crate::input::{self, Features, Selection, Texts};
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
    /// Names of the features, if they come from a table.
    pub(crate) names: Option<Vec<String>>,
    /// The encoder, if they come from texts.
    pub(crate) encoder: Option<UsedEncoder>,
}

/// Reads samples. Labels are demanded if `labelled`; features are picked by name from a table if `wanted`.
///
/// # Errors
/// What the readers refuse; no labels; another number of labels than of samples.
pub(crate) fn read(source: &Source, labelled: bool, wanted: Option<&[String]>) -> Result<Raw> {
    match source {
        Source::Texts { path, text_column, columns } => {
            let label_column = columns.label_column.as_deref();
            input::read_texts(path, columns.format, text_column.as_deref(), label_column, labelled)
                .map(Raw::Texts)
        }
        Source::Features { path, labels, ignored, columns } => {
            let selection = Selection {
                format: columns.format,
                label_column: columns.label_column.as_deref().filter(|_| labels.is_none()),
                ignored,
                wanted,
                labelled: labelled && labels.is_none(),
            };
            let (mut features, encoder) = read_features(path, selection)?;
            if let Some(file) = labels {
                features.labels = Some(input::read_labels(file, columns.label_column.as_deref())?);
            }
            check_labels(path, &features, labelled)?;
            Ok(Raw::Features(features, encoder))
        }
    }
}

fn read_features(path: &Path, selection: Selection<'_>) -> Result<(Features, Option<Box<UsedEncoder>>)> {
    if !embeddings::is_safetensors(path) {
        return Ok((input::read_features(path, selection)?, None));
    }
    let read = embeddings::read(path)?;
    let (labels, encoder) =
        read.metadata.map_or((None, None), |known| (known.labels, Some(Box::new(known.encoder))));
    Ok((Features { x: read.x, names: None, labels }, encoder))
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
            Self::Features(Features { x, names, labels }, encoder) => {
                Ok(Matrix { x, labels, names, encoder: encoder.map(|encoder| *encoder) })
            }
            Self::Texts(Texts { texts, labels }) => {
                let Some(encoder) = encoder else {
                    return Err(Failure::unexpected("texts without an encoder"));
                };
                let x = embed(encoder, &texts, console)?.mapv(f64::from);
                Ok(Matrix { x, labels, names: None, encoder: Some(encoder.used()) })
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
        Self {
            x: self.x.select(Axis(0), rows),
            labels,
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
