//! `predict`: classes and probabilities from a decrypted head.

use std::path::Path;

use fhe_head::labels::Classes;
use fhe_head::metrics;
use ndarray::Array2;
use serde_json::json;

use crate::args::{DataArgs, Encoder, HeadEncoderArgs, PredictArgs};
use crate::console::{Console, Outcome};
use crate::exit::{Failure, Result};
use crate::files::embeddings::encoder_failure;
use crate::files::head::Head;
use crate::files::predictions;
use crate::samples::{self, LoadedEncoder, Matrix, Raw};

/// # Errors
/// A head or data that cannot be worked with; those of writing.
pub(super) fn run(arguments: &PredictArgs, console: &Console) -> Result<Outcome> {
    let head = Head::read(&arguments.head)?;
    let (matrix, probabilities) = probabilities(&head, &arguments.data, &arguments.encoder, false, console)?;
    report(&arguments.out, &head.description.classes, matrix.labels.as_deref(), &probabilities)
}

/// Writes predictions, and says how many there are of each class.
///
/// # Errors
/// Those of writing.
pub(super) fn report(
    path: &Path,
    classes: &Classes,
    labels: Option<&[String]>,
    probabilities: &Array2<f64>,
) -> Result<Outcome> {
    let samples: Vec<usize> = (0..probabilities.nrows()).collect();
    predictions::write(path, classes, &samples, labels, &probabilities.view(), None)?;
    let mut counts = vec![0; classes.count()];
    metrics::predictions(&probabilities.view()).into_iter().for_each(|class| counts[class] += 1);
    let listed: Vec<String> =
        counts.iter().zip(classes.names()).rev().map(|(count, name)| format!("{count} {name:?}")).collect();
    let text = format!("{} samples: {}\n{}", samples.len(), listed.join(", "), path.display());
    let json = json!({
        "samples": samples.len(), "classes": classes, "predicted": counts, "file": path,
    });
    Ok(Outcome { json, text })
}

/// Reads data, embeds texts as the head's encoder did, and gives the probabilities of each.
///
/// # Errors
/// Data that do not fit the head; another encoder.
pub(super) fn probabilities(
    head: &Head,
    data: &DataArgs,
    arguments: &HeadEncoderArgs,
    labelled: bool,
    console: &Console,
) -> Result<(Matrix, Array2<f64>)> {
    let source = data.resolve()?;
    let description = &head.description;
    let raw = samples::read(&source, labelled, description.feature_names.as_deref())?;
    let encoder = match (&raw, &description.encoder) {
        (Raw::Texts(_), None) => {
            return Err(Failure::data("the head was trained on features, not on texts")
                .help("give a table of the same features with --features"));
        }
        (Raw::Texts(_), Some(wanted)) => {
            let encoder = LoadedEncoder::load(Encoder::of_head(wanted, arguments)?, console)?;
            wanted.info.expect_same(&encoder.used().info).map_err(encoder_failure)?;
            Some(encoder)
        }
        (Raw::Features(_, found), Some(wanted)) => {
            if let Some(found) = found {
                wanted.info.expect_same(&found.info).map_err(encoder_failure)?;
            }
            None
        }
        (Raw::Features(..), None) => None,
    };
    let matrix = raw.embed(encoder.as_ref(), console)?;
    let probabilities = head.probabilities(&matrix.x.view())?;
    Ok((matrix, probabilities))
}
