//! A training that starts from an earlier head, in the clear or encrypted.

use fhe_head::plan::Request;
use fhe_head::{BuiltIn, Plan, Scheme};
use head_fit::Classifier;

use super::{options, rehearse};
use crate::args::{HeadStartArgs, Hyper};
use crate::console::Console;
use crate::exit::{Failure, Result, encoder_failure};
use crate::files::head::{Description, Head};
use crate::plan::{Kept, PlanFile};
use crate::samples::Matrix;

/// The head in the clear that `--warm-start` names, if it names one.
///
/// # Errors
/// A head that cannot be read.
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
pub(crate) fn continued(earlier: PlanFile, training: &Matrix, hyper: &Hyper) -> Result<PlanFile> {
    if let Some(flag) = hyper.settled_by_a_plan() {
        return Err(Failure::usage(format!(
            "{flag} cannot be used with --continue-from: the earlier plan sets it"
        )));
    }
    let samples = training.x.nrows();
    let options = options::continued(hyper, earlier.options(), samples);
    let batches = options.batches(samples)?;
    let (scheme, job) = (earlier.scheme()?, earlier.job());
    let spec = job.spec();
    // the rates of the earlier plan may have followed a schedule
    let rate = hyper.steps.learning_rate.or(spec.learning_rates.last().copied()).unwrap_or(1.0);
    let iterations = options.max_iter.unwrap_or(spec.learning_rates.len());
    let mapped = earlier.mapped(training, &options)?;
    let request = Request {
        optimizer: options.optimizer.unwrap_or(spec.optimizer),
        alpha: options.alpha,
        batches,
        scoring: options.scoring,
        bootstraps: options.bootstraps,
        largest_weight: match job.head() {
            BuiltIn::Mlp(_) => mapped.largest_weight(batches),
            _ => 1.0,
        },
        largest_state: largest_state(&scheme, spec.state_scale),
        continues: true,
        earlier: Some(*job.packing()),
        ..Request::new(
            job.head().clone(),
            samples,
            earlier.map().outputs(),
            options.schedule.rates(rate, iterations)?,
        )
    };
    let plan = Plan::new(&scheme, &request)?;
    let options = Classifier {
        optimizer: Some(request.optimizer),
        learning_rate: Some(rate),
        max_iter: Some(iterations),
        ..options
    };
    earlier.continued(options, plan, training)
}

/// Rehearses a plan that goes on from the head of `earlier`, whose twins it starts from, and keeps its twins. Without those of the earlier
/// plan, or where that training could end early, nobody knows what to expect.
///
/// # Errors
/// Data that do not fit the plan.
pub(crate) fn rehearsed(
    file: PlanFile,
    earlier: &PlanFile,
    training: &Matrix,
    validation: (Option<f64>, Option<&Matrix>),
    console: &Console,
) -> Result<PlanFile> {
    let samples = file.samples(training)?;
    let file = file.with_validation(validation.0, validation.1)?;
    let ([exact, Some(expected)], tolerance) = earlier.last_twins() else { return Ok(file) };
    let start = [Some(&exact.as_ref().unwrap_or(&expected)[..]), Some(&expected[..])];
    match rehearse(&file, &samples, start, console)? {
        Some(rehearsal) => file
            .with_twins(&rehearsal, Kept { each: validation.0.is_some(), exact: exact.is_some(), tolerance }),
        None => Ok(file),
    }
}

/// The bound on weights and momenta for which a plan chose this scale of the state.
fn largest_state(scheme: &Scheme, state_scale: i32) -> f64 {
    let Some(contract) = scheme.contract() else { return 1.0 };
    let gain = f64::from(state_scale) - contract.unit_scale.log2().round();
    // a plan keeps one bit clear where it raises the scale
    if gain > 0.0 { (-gain - 1.0).exp2() } else { (-gain).exp2() }
}
