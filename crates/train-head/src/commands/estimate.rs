//! `estimate`: plans a training before anything is encrypted.

use fhe_head::ckks::{Pace, Parameters};
use fhe_head::{BuiltIn, Head as _, Plan};
use serde_json::json;

use crate::args::{EstimateArgs, Hyper};
use crate::console::{Console, Outcome};
use crate::data_party::follow::expect_log_loss;
use crate::exit::{Failure, Result};
use crate::files::feature_map::FeatureMapFile;
use crate::memory::{self, ToTrain};
use crate::plan::PlanFile;
use crate::planning::shape::{self, Shape};
use crate::planning::{Planned, describe, warm_start};
use crate::samples::{self, Columns, Prepared, Shares, Wanted};
use crate::targets::Choice;
use crate::wording::{counted, in_order};
use crate::{progress, resources};

/// # Errors
/// Data that cannot be trained on; parameters that are refused; a failed write.
pub(super) fn run(arguments: &EstimateArgs, console: &Console) -> Result<Outcome> {
    let mut hyper = Hyper::resolve(&arguments.training)?;
    hyper.flags.scoring |= arguments.validation_fraction.is_some();
    hyper.feature_map = arguments.feature_map.as_deref().map(FeatureMapFile::read).transpose()?;
    match (arguments.samples, arguments.dimension) {
        (Some(samples), Some(features)) => from_shape(arguments, samples, features, &hyper),
        _ => from_data(arguments, hyper, console),
    }
}

/// Plans for a shape, without data.
fn from_shape(arguments: &EstimateArgs, samples: usize, features: usize, hyper: &Hyper) -> Result<Outcome> {
    if arguments.start.warm_start.is_some() || arguments.weights.column().is_some() {
        return Err(Failure::usage("--warm-start and --sample-weight need the data: give --features FILE"));
    }
    let (scheme, plan) = shape::plan(Shape { samples, features, classes: arguments.classes }, hyper)?;
    outcome(&plan, scheme.parameters(), samples, features, hyper)
}

/// Plans for data, and keeps the plan if `--out` names a file.
fn from_data(arguments: &EstimateArgs, mut hyper: Hyper, console: &Console) -> Result<Outcome> {
    let source = arguments.data.resolve()?;
    arguments.out.as_deref().map(PlanFile::expect_room).transpose()?;
    let start = warm_start::head(&arguments.start)?;
    let earlier = arguments.continue_from.as_deref().map(PlanFile::read).transpose()?;
    let overrides = arguments.table.resolve()?;
    let wanted = Wanted {
        labels: true,
        labels_as: match (&start, &earlier) {
            (Some(head), _) => head.description.vocabulary.labels_as(),
            (None, Some(plan)) => plan.vocabulary().labels_as(),
            (None, None) => hyper.labels_as(),
        },
        weights: arguments.weights.column(),
        groups: arguments.weights.groups(),
        overrides: Some(&overrides),
        known: match (&start, &earlier) {
            (Some(head), _) => Some(head.description.known()),
            (None, Some(plan)) => Some(plan.known()),
            (None, None) => None,
        },
        stored: false,
    };
    let raw = samples::read(&source, wanted, console)?;
    let vocabulary = match (&start, &earlier) {
        (Some(head), _) => head.description.vocabulary.clone(),
        (None, Some(plan)) => plan.vocabulary().clone(),
        (None, None) => {
            let positive = arguments.positive_label.as_deref();
            raw.vocabulary(Choice { positive, order: &hyper.flags.class_order })?
        }
    };
    let share = arguments.validation_fraction;
    share.map(|_| expect_log_loss(&vocabulary)).transpose()?;
    let shares = Shares { test: None, validation: share.map(|share| (share, hyper.flags.random_state)) };
    let columns = match (&start, &earlier) {
        (Some(head), _) => Columns::Known(head.description.table.as_ref()),
        (None, Some(plan)) => Columns::Known(plan.recipe()),
        (None, None) => Columns::Fitted,
    };
    let Prepared { matrix, parts } = raw.prepare(&vocabulary, shares, columns, None, console)?;
    let from = start.as_ref().map(|head| head.description.secrecy);
    if let Some(head) = start {
        warm_start::expect_features(&head.description, &matrix)?;
        hyper.start_from(head.into_trained());
    }
    let validation = parts.validation.as_ref().map(|rows| matrix.select(rows));
    let validation = (share, validation.as_ref());
    let training = if share.is_some() { matrix.select(&parts.training) } else { matrix };
    let (samples, features) = training.x.dim();
    let (mut about, keep) = (None, arguments.out.is_some());
    let file = if let Some(earlier) = earlier {
        let file = warm_start::continued(earlier.clone(), &training, &hyper)?;
        // refuses data that do not fit the earlier plan
        file.samples(&training)?;
        match keep {
            true => warm_start::rehearsed(file, &earlier, &training, validation, console)?,
            false => file,
        }
    } else {
        let y = training.encode_labels(&vocabulary, "the training data")?;
        let planned = Planned::new(&training, &y, &vocabulary, &hyper, console)?;
        let planned = if keep { planned.rehearsed(validation, from, console)?.0 } else { planned };
        let shortfall = planned.shortfall();
        let training = planned.training;
        about = Some((training.options, training.expected, training.expected_errors, shortfall));
        planned.file
    };
    let mut outcome = outcome(file.plan(), &file.parameters()?, samples, features, &hyper)?;
    if matches!(file.job().head(), BuiltIn::Ordinal(_)) {
        let names = file.vocabulary().names();
        outcome.text.push_str(&format!("\norder       {}", in_order(names)));
        outcome.json["class_order"] = json!(names);
    }
    if let Some((options, expected, errors, shortfall)) = about {
        let mapped = describe::features(&options, features, file.map().outputs());
        outcome.text.push_str(&format!("\nfeatures    {mapped}"));
        outcome.json["feature_map"] =
            json!({ "text": mapped, "preprocessing": options.preprocessing, "given": file.given_map() });
        outcome.json["calibrator"] = json!(options.calibrator);
        outcome.json["expected"] = json!(expected);
        if let Some(errors) = &errors {
            outcome.json["expected"] = json!(errors);
            outcome.text.push_str(&format!("\nexpected    {}", describe::expected_errors(errors)));
        }
        if let Some(expected) = &expected {
            outcome
                .text
                .push_str(&format!("\nexpected    {}", describe::expected(expected, file.vocabulary())));
            outcome.text.push_str(&shortfall.map(|text| format!("\nwarning     {text}")).unwrap_or_default());
        }
    }
    if let Some(recipe) = file.recipe() {
        outcome.json["columns"] = json!(recipe.describe());
    }
    match &arguments.out {
        Some(path) => file.write(path)?,
        None => {
            outcome.text.push_str("\nplan        not kept: --out FILE writes it, for `keygen` and `encrypt`");
        }
    }
    Ok(outcome)
}

/// The memory of the training, with all blocks and without.
fn memory_text(memory: ToTrain) -> String {
    let (whole, least) = (progress::bytes(memory.whole()), progress::bytes(memory.least()));
    format!("{whole} to train; {least} if samples are read in each iteration (--memory)")
}

fn outcome(
    plan: &Plan,
    parameters: &Parameters,
    samples: usize,
    features: usize,
    hyper: &Hyper,
) -> Result<Outcome> {
    let pace = Pace::of_this_machine().map_err(fhe_head::Error::from)?;
    let (seconds, key_switches) = (plan.seconds(parameters, &pace)?, plan.counts.key_switches());
    let spec = plan.job.spec();
    let sizes = plan.sizes;
    let bootstraps = spec.refresh_before.len();
    let memory = memory::to_train(plan, parameters);
    let rates = &spec.learning_rates;
    let lines = [
        ("data", format!("{} of {}", counted(samples, "sample"), counted(features, "feature"))),
        (
            "parameters",
            format!(
                "{}: N = 2^{}, log2(QP) = {:.0}, {} bits of security",
                plan.preset,
                parameters.literal().log_n,
                parameters.log_qp(),
                parameters.security_bits()
            ),
        ),
        (
            "training",
            format!(
                "{} of {}{}, learning rate {}, alpha {}, {}",
                counted(rates.len(), "iteration"),
                describe::optimizer(spec.optimizer),
                match spec.packing.batches() {
                    1 => String::new(),
                    batches => format!(" on {} in turn", counted(batches, "mini-batch")),
                },
                rates_text(rates),
                spec.alpha,
                describe::functions(plan.job.head()),
            ),
        ),
        ("bootstraps", bootstraps_text(plan)),
        ("levels", levels_text(plan)),
        (
            "packing",
            format!(
                "{} of {} by {}{}, {}",
                counted(spec.packing.blocks(), "block"),
                counted(spec.packing.rows(), "row"),
                counted(spec.packing.columns(), "column"),
                if spec.packing.is_complex() { ", two samples per slot" } else { "" },
                counted(sizes.ciphertexts, "ciphertext")
            ),
        ),
        (
            "keys",
            format!(
                "{}, {} on disk, {} in memory",
                counted(sizes.keys, "evaluation key"),
                progress::bytes(sizes.key_file_bytes as u64),
                progress::bytes(sizes.key_bytes as u64)
            ),
        ),
        (
            "upload",
            format!(
                "{}: encrypted data {}, keys {}",
                progress::bytes((sizes.upload_bytes + sizes.key_file_bytes) as u64),
                progress::bytes(sizes.upload_bytes as u64),
                progress::bytes(sizes.key_file_bytes as u64)
            ),
        ),
        ("memory", memory_text(memory)),
        ("time", format!("{} to train on one core, {key_switches} key switches", progress::seconds(seconds))),
    ];
    let mut text: Vec<String> = lines.iter().map(|(name, value)| format!("{name:<11} {value}")).collect();
    if let Some(free) = resources::memory_left().map(|left| left.bytes).filter(|&free| free < memory.least())
    {
        text.push(format!("warning     this machine has {} of memory free", progress::bytes(free)));
    }
    let json = json!({
        "preset": plan.preset, "ring_degree": parameters.degree(), "log_qp": parameters.log_qp(),
        "security_bits": parameters.security_bits(), "samples": samples, "features": features,
        "outputs": plan.job.head().scores(), "iterations": rates.len(), "bootstraps": bootstraps, "solver": spec.optimizer,
        "learning_rate": rates.first(), "alpha": spec.alpha, "class_weight": hyper.class_weight,
        "sigmoid": describe::sigmoid_json(plan.job.head()), "hidden": describe::hidden_layer(plan.job.head()),
        "batches": spec.packing.batches(), "learning_rates": rates, "scoring": spec.score_level.is_some(),
        "bootstraps_before": one_based(&spec.refresh_before),
        "activation_bootstraps": plan.activation_bootstraps(), "bootstrapped_activations": points(plan), "packing": spec.packing.sizes(),
        "levels": plan.levels, "final_level": plan.final_level, "key_switches": key_switches,
        "keys": sizes.keys, "ciphertexts": sizes.ciphertexts,
        "bytes": {
            "keys": sizes.key_file_bytes, "data": sizes.upload_bytes, "memory": memory.whole(), "least_memory": memory.least(),
            "keys_in_memory": sizes.key_bytes, "data_in_memory": sizes.data_bytes,
            "diagonals_in_memory": sizes.diagonal_bytes,
        },
        "seconds_one_core": seconds,
    });
    Ok(Outcome { json, text: text.join("\n") })
}

/// The rate, or the first and the last of several.
fn rates_text(rates: &[f64]) -> String {
    match rates {
        [first, .., last] if first != last => format!("{first} to {last:.3}"),
        _ => rates.first().copied().unwrap_or_default().to_string(),
    }
}

/// Iterations counted from 1.
fn one_based(iterations: &[usize]) -> Vec<usize> {
    iterations.iter().map(|t| t + 1).collect()
}

fn bootstraps_text(plan: &Plan) -> String {
    let weights = match one_based(&plan.job.spec().refresh_before)[..] {
        [] => "none".into(),
        [only] => format!("1, before iteration {only}"),
        ref before => format!("{}, before iterations {}", before.len(), ranges(before)),
    };
    match plan.activation_bootstraps() {
        0 => weights,
        count => {
            format!("of weights {weights}; inside iterations {count} ({})", points(plan).join(", "))
        }
    }
}

/// The values that are bootstrapped inside iterations.
fn points(plan: &Plan) -> Vec<&str> {
    plan.job.spec().refreshed_points.iter().map(|point| &*point.name).collect()
}

fn levels_text(plan: &Plan) -> String {
    let levels = plan.levels;
    format!(
        "samples {}, targets {}, row weights {}; the head comes out at {}",
        levels.samples, levels.targets, levels.weights, plan.final_level
    )
}

/// Increasing numbers, with runs as ranges: `3-5, 7`.
fn ranges(numbers: &[usize]) -> String {
    let runs = numbers.chunk_by(|a, b| a + 1 == *b).map(|run| match run {
        [first, .., last] => format!("{first}-{last}"),
        [only] => only.to_string(),
        [] => String::new(),
    });
    runs.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_of_numbers_are_ranges() {
        assert_eq!(ranges(&[3, 4, 5, 7, 9, 10]), "3-5, 7, 9-10");
        assert_eq!(ranges(&[2]), "2");
        assert_eq!(ranges(&[]), "");
    }
}
