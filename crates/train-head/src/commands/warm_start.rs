//! What a training starts from: a head in the clear, or the encrypted head of an earlier training.

use std::path::Path;

use fhe_head::plan::Request;

use super::planned::{alpha, optimizer};
use crate::args::{HeadStartArgs, Hyper};
use crate::exit::{Failure, Result, training_failure};
use crate::files::embeddings::encoder_failure;
use crate::files::head::{Description, Head};
use crate::files::plan::PlanFile;
use crate::samples::Matrix;

/// The head to start from, if there is one.
///
/// # Errors
/// Those of reading it.
pub(super) fn head(arguments: &HeadStartArgs) -> Result<Option<Head>> {
    arguments.warm_start.as_deref().map(Head::read).transpose()
}

/// Refuses to start from a head of other features than those of the data. Its classes are those of the training.
///
/// # Errors
/// Another number of features, other names, another encoder.
pub(super) fn expect_features(head: &Description, training: &Matrix) -> Result<()> {
    let (wanted, found) = (head.features, training.x.ncols());
    if wanted != found {
        return Err(Failure::data(format!(
            "--warm-start: the head takes {wanted} features, the data have {found}"
        )));
    }
    match (&head.encoder, &training.encoder) {
        (Some(expected), Some(found)) => expected.info.expect_same(&found.info).map_err(encoder_failure),
        _ => Ok(()),
    }
}

/// A plan that goes on from the encrypted head of an earlier one: its map, head, intervals and parameter set, with other
/// iterations, and other samples if need be.
///
/// # Errors
/// Flags that say what the earlier plan has settled; a parameter set that does not bootstrap.
pub(super) fn continued(earlier: &Path, training: &Matrix, hyper: &Hyper) -> Result<PlanFile> {
    let earlier = PlanFile::read(earlier)?;
    if let Some(flag) = hyper.settled_by_a_plan() {
        return Err(Failure::usage(format!(
            "{flag} has no meaning with --continue-from: the earlier plan says it"
        )));
    }
    let (before, samples) = (earlier.request(), training.x.nrows());
    let rate = hyper.steps.learning_rate.or(before.learning_rates.last().copied()).unwrap_or(1.0);
    let iterations = hyper.max_iter.unwrap_or(before.learning_rates.len());
    if let Some(size) = hyper.steps.batch_size.filter(|&size| size > samples) {
        let message = format!("--batch-size {size}: at most the number of training samples, {samples}");
        return Err(Failure::usage(message));
    }
    let request = Request {
        samples,
        learning_rates: hyper.steps.schedule.rates(rate, iterations).map_err(training_failure)?,
        optimizer: optimizer(hyper).unwrap_or(before.optimizer),
        alpha: if hyper.penalty.is_some() { alpha(hyper.penalty, samples) } else { before.alpha },
        batches: hyper.steps.batch_size.map_or(1, |size| samples.div_ceil(size)),
        scoring: hyper.scoring,
        warm_start: false,
        continues: true,
        ..before.clone()
    };
    Ok(earlier.with_request(request, hyper, training))
}
