//! `predict`: classes and probabilities from a decrypted head.

use serde_json::json;

use crate::args::{DataArgs, Encoder, HeadEncoderArgs, PredictArgs};
use crate::console::{Console, Outcome};
use crate::exit::{Failure, Result};
use crate::files::embeddings::encoder_failure;
use crate::files::head::Head;
use crate::files::predictions::{self, Probabilities};
use crate::samples::{self, LoadedEncoder, Matrix, Raw};

/// # Errors
/// A head or data that cannot be worked with; those of writing.
pub(super) fn run(arguments: &PredictArgs, console: &Console) -> Result<Outcome> {
    let head = Head::read(&arguments.head)?;
    let (matrix, probabilities) = probabilities(&head, &arguments.data, &arguments.encoder, false, console)?;
    let classes = head.description.classes();
    let samples: Vec<usize> = (0..probabilities.len()).collect();
    let column = Probabilities { name: "probability", values: &probabilities };
    predictions::write(&arguments.out, &classes, &samples, matrix.labels.as_deref(), &[column])?;
    let positives = probabilities.iter().filter(|&&p| p > 0.5).count();
    let text = format!(
        "{} samples: {positives} {:?}, {} {:?}\n{}",
        samples.len(),
        classes.positive,
        samples.len() - positives,
        classes.negative,
        arguments.out.display(),
    );
    let json = json!({
        "samples": samples.len(), "classes": [classes.negative, classes.positive],
        "predicted": [samples.len() - positives, positives], "file": arguments.out,
    });
    Ok(Outcome { json, text })
}

/// Reads data, embeds texts as the head's encoder did, and gives the probability of the positive class of each.
///
/// # Errors
/// Data that do not fit the head; another encoder.
pub(super) fn probabilities(
    head: &Head,
    data: &DataArgs,
    arguments: &HeadEncoderArgs,
    labelled: bool,
    console: &Console,
) -> Result<(Matrix, Vec<f64>)> {
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
