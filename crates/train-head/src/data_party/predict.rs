//! Predictions of a decrypted head, on data of any kind.

use ndarray::Array2;

use crate::args::{DataArgs, Encoder, HeadEncoderArgs};
use crate::console::Console;
use crate::exit::{Failure, Result, encoder_failure};
use crate::files::head::Head;
use crate::samples::{self, Content, LoadedEncoder, Matrix, Wanted};

/// Samples, and a head's predictions for them.
pub(crate) struct Predicted {
    /// The samples.
    pub(crate) matrix: Matrix,
    /// Samples (rows) by probabilities of classes or labels, or numbers (columns).
    pub(crate) predicted: Array2<f64>,
}

/// Reads data, embeds texts as in the head's training, and predicts. Labels are required if `labelled`.
///
/// # Errors
/// Data that do not fit the head; another encoder.
pub(crate) fn predict(
    head: &Head,
    data: &DataArgs,
    encoder: &HeadEncoderArgs,
    labelled: bool,
    console: &Console,
) -> Result<Predicted> {
    let description = &head.description;
    let wanted = Wanted {
        labels: labelled,
        labels_as: description.vocabulary.labels_as(),
        known: Some(description.known()),
        ..Wanted::default()
    };
    let raw = samples::read(&data.resolve()?, wanted, console)?;
    let encoder = match (&raw.content, &description.encoder) {
        (Content::Texts(_), None) => {
            return Err(Failure::data("the head was trained on features, not on texts")
                .help("give a table of the same features with --features"));
        }
        (Content::Texts(_), Some(wanted)) => {
            let encoder = LoadedEncoder::load(Encoder::of_head(wanted, encoder)?, console)?;
            wanted.info.expect_same(&encoder.used().info).map_err(encoder_failure)?;
            Some(encoder)
        }
        (Content::Numbers { encoder: found, .. } | Content::Stored { encoder: found, .. }, Some(wanted)) => {
            if let Some(found) = found {
                wanted.info.expect_same(&found.info).map_err(encoder_failure)?;
            }
            None
        }
        (Content::Table(_), Some(_)) => {
            return Err(Failure::data("the head was trained on embeddings of texts, not on the columns of a table")
                .help("give the texts with --input and --text-column, or what `train-head embed` made of them with --features"));
        }
        (Content::Table(_) | Content::Numbers { .. } | Content::Stored { .. }, None) => None,
    };
    let matrix = raw.matrix(encoder.as_ref(), description.table.as_ref(), console)?;
    let predicted = head.predicted(&matrix.x.view())?;
    Ok(Predicted { matrix, predicted })
}
