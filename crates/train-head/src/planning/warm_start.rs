//! A training that starts from an earlier head, in the clear or encrypted.

use std::path::Path;

use fhe_head::plan::Request;

use super::options::{alpha, optimizer};
use super::settings;
use super::shape::expect_batch;
use crate::args::{HeadStartArgs, Hyper};
use crate::exit::{Failure, Result, encoder_failure, training_failure};
use crate::files::head::{Description, Head};
use crate::plan::PlanFile;
use crate::samples::Matrix;

/// The head in the clear that `--warm-start` names, if it names one.
///
/// # Errors
/// Those of reading it.
pub(crate) fn head(arguments: &HeadStartArgs) -> Result<Option<Head>> {
    arguments.warm_start.as_deref().map(Head::read).transpose()
}

/// Refuses to start from a head that was trained on other features than those of the data.
///
/// # Errors
/// Another number of features, or another encoder.
pub(crate) fn expect_features(head: &Description, training: &Matrix) -> Result<()> {
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

/// A plan that goes on from the encrypted head of an earlier one. It keeps the earlier map, head, intervals and parameter set; the
/// flags may change the iterations, and the data the samples.
///
/// # Errors
/// Flags that the earlier plan has settled; a parameter set without bootstrapping.
pub(crate) fn continued(earlier: &Path, training: &Matrix, hyper: &Hyper) -> Result<PlanFile> {
    let earlier = PlanFile::read(earlier)?;
    if let Some(flag) = hyper.settled_by_a_plan() {
        return Err(Failure::usage(format!(
            "{flag} cannot be used with --continue-from: the earlier plan sets it"
        )));
    }
    let (before, samples) = (earlier.request(), training.x.nrows());
    expect_batch(hyper, samples)?;
    let rate = hyper.steps.learning_rate.or(before.learning_rates.last().copied()).unwrap_or(1.0);
    let iterations = hyper.max_iter.unwrap_or(before.learning_rates.len());
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
    Ok(earlier.with_request(request, settings(hyper), training))
}
