//! `predict`: classes and probabilities from a decrypted head, or from encrypted scores.

use std::path::Path;

use fhe_head::ckks::SecretKey;
use fhe_head::client;
use fhe_head::head::Head as _;
use fhe_head::labels::Classes;
use fhe_head::metrics;
use fhe_head::plan::Plan;
use ndarray::Array2;
use serde_json::json;

use super::encrypt::read_secret;
use crate::args::{DataArgs, Encoder, HeadEncoderArgs, PlanAndKeyArgs, PredictArgs};
use crate::console::{Console, Outcome};
use crate::exit::{Failure, Kind, Result, training_failure};
use crate::files::embeddings::encoder_failure;
use crate::files::head::Head;
use crate::files::plan::PlanFile;
use crate::files::{ciphertexts, predictions};
use crate::samples::{self, LoadedEncoder, Matrix, Raw};

/// # Errors
/// A head or data that cannot be worked with; those of writing.
pub(super) fn run(arguments: &PredictArgs, console: &Console) -> Result<Outcome> {
    if let (Some(scores), Some(plan), Some(keys)) = (&arguments.scores, &arguments.plan, &arguments.keys) {
        let (plan, keys) = (plan.clone(), keys.clone());
        let party = PlanAndKeyArgs { plan, keys, passphrase: arguments.passphrase.clone() };
        return from_scores(arguments, scores, &party, console);
    }
    let Some(head) = &arguments.head else {
        return Err(Failure::usage(
            "nothing to predict with: give --head, or --scores with --plan and --keys",
        ));
    };
    let head = Head::read(head)?;
    let (matrix, probabilities) = probabilities(&head, &arguments.data, &arguments.encoder, false, console)?;
    report(&arguments.out, &head.description.classes, matrix.labels.as_deref(), &probabilities)
}

/// Predictions from encrypted scores. The data say how many samples there are, and their labels if they have any.
fn from_scores(
    arguments: &PredictArgs,
    scores: &Path,
    party: &PlanAndKeyArgs,
    console: &Console,
) -> Result<Outcome> {
    let file = PlanFile::read(&party.plan)?;
    let plan = file.plan()?;
    let raw = samples::read(&arguments.data.resolve()?, false, file.feature_names())?;
    let secret = read_secret(party, &plan)?;
    let scores = decrypt_scores(scores, &secret, &plan, raw.len())?;
    let half_width = plan.job.head().score_unit();
    let outside = scores.outer_iter().filter(|row| row.iter().any(|z| z.abs() > half_width)).count();
    if outside > 0 {
        console.warn(format!(
            "{outside} of {} samples have scores outside [-{half_width}, {half_width}], the interval of the training",
            raw.len()
        ));
    }
    let probabilities = file.probabilities(scores);
    report(&arguments.out, file.classes(), raw.labels(), &probabilities)
}

/// Decrypts the scores of so many samples: samples (rows) by outputs.
///
/// # Errors
/// Scores of another key or plan, or of another number of samples; garbage that a diverged training left.
pub(super) fn decrypt_scores(
    path: &Path,
    secret: &SecretKey,
    plan: &Plan,
    samples: usize,
) -> Result<Array2<f64>> {
    let (job, iteration, scores) = ciphertexts::read_scores(path, secret)?;
    if job != plan.job {
        let message = format!("{}: these scores come from a head of another plan", path.display());
        return Err(Failure::file(message).help("give the plan that the samples were encrypted by"));
    }
    let rows = job.packing().block_samples();
    if samples.div_ceil(rows) != scores.len() {
        return Err(Failure::data(format!(
            "{} holds scores of {} to {} samples, the data are {samples}",
            path.display(),
            scores.len().saturating_sub(1) * rows + 1,
            scores.len() * rows
        ))
        .help("give the data that were encrypted for scoring"));
    }
    client::decrypt_scores(secret, &job, samples, &scores).map_err(|error| {
        let failure = training_failure(error);
        match failure.kind() {
            Kind::Diverged => Failure::diverged(format!(
                "{}: scores of the head after {iteration} iterations are out of range",
                path.display()
            ))
            .because(failure)
            .help("do the samples come from the same encoder or table? `train-head decrypt` checks the head itself"),
            _ => failure,
        }
    })
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
