//! `estimate`: the plan of a training, before anything is encrypted.

use fhe_head::ckks::Parameters;
use fhe_head::head::Head as _;
use fhe_head::heads::{BuiltIn, Logistic};
use fhe_head::plan::Plan;
use serde_json::json;

use super::planned::{Planned, from_shape};
use super::warm_start;
use crate::args::{EstimateArgs, Hyper, activation_name};
use crate::console::{Console, Outcome};
use crate::exit::{Failure, Result};
use crate::report::optimizer_name;
use crate::samples::{self, Matrix};
use crate::{input, progress, resources};

/// # Errors
/// Data that cannot be trained on; parameters that are refused; those of writing.
pub(super) fn run(arguments: EstimateArgs, console: &Console) -> Result<Outcome> {
    let mut hyper = arguments.training.resolve()?;
    hyper.scoring |= arguments.validation_fraction.is_some();
    let Some((samples, dimension)) = arguments.samples.zip(arguments.dimension) else {
        let source = arguments.data.resolve()?;
        let column = arguments.weights.column();
        let start = warm_start::head(&arguments.start)?;
        let wanted = start.as_ref().and_then(|head| head.description.feature_names.as_deref());
        let matrix = samples::read_weighted(&source, true, wanted, column)?.embed(None, console)?;
        let labels = matrix.labels.as_deref().unwrap_or_default();
        let classes = match &start {
            Some(head) => head.description.classes.clone(),
            None => input::fit_classes(labels, arguments.positive_label.as_deref())?,
        };
        if let Some(head) = start {
            warm_start::expect_features(&head.description, &matrix)?;
            hyper.start_from(head.model);
        }
        let matrix = match arguments.validation_fraction {
            Some(share) => {
                let [training, _] = matrix.hold_out(&classes, share, hyper.random_state)?;
                training
            }
            None => matrix,
        };
        if let Some(earlier) = &arguments.continue_from {
            let file = warm_start::continued(earlier, &matrix, &hyper)?
                .with_validation(arguments.validation_fraction);
            // says what does not fit
            file.samples(&matrix)?;
            let (plan, parameters) = (file.plan()?, file.parameters()?);
            if let Some(path) = &arguments.out {
                file.write(path)?;
            }
            return Ok(outcome(&plan, &parameters, samples_of(&matrix), &hyper));
        }
        let y = matrix.encode_labels(&classes, "the training data")?;
        let planned = Planned::new(&matrix, &y, &classes, &hyper, console)?;
        let file = planned.file.with_validation(arguments.validation_fraction);
        if let Some(path) = &arguments.out {
            file.write(path)?;
        }
        return Ok(outcome(&planned.prepared.plan, &planned.parameters, samples_of(&matrix), &hyper));
    };
    if arguments.start.warm_start.is_some() || arguments.weights.column().is_some() {
        return Err(Failure::usage("--warm-start and --sample-weight need the data: give --features FILE"));
    }
    let (plan, parameters) = from_shape(samples, dimension, arguments.classes, &hyper)?;
    Ok(outcome(&plan, &parameters, (samples, dimension), &hyper))
}

fn samples_of(matrix: &Matrix) -> (usize, usize) {
    matrix.x.dim()
}

/// Memory of the compute party: data, keys, the bootstrap's diagonals, and room to work.
pub(super) fn memory(plan: &Plan) -> u64 {
    const WORK: usize = 256 << 20;
    (plan.sizes.data_bytes + plan.sizes.key_bytes + plan.sizes.diagonal_bytes + WORK) as u64
}

/// What stands for the function of the head's logits, in words and as JSON.
fn approximation(head: &BuiltIn) -> (String, serde_json::Value) {
    match head {
        BuiltIn::Logistic(Logistic { sigmoid, .. }) => {
            let (degree, w) = (sigmoid.degree().value(), sigmoid.half_width());
            let text = format!("sigmoid of degree {degree} on [-{w}, {w}]");
            (text, json!({ "degree": degree, "half_width": w }))
        }
        BuiltIn::Softmax(_) => {
            let w = head.score_unit();
            (format!("softmax on [-{w}, {w}]"), json!({ "half_width": w }))
        }
        BuiltIn::Mlp(network) => {
            let (w, a) = (head.score_unit(), network.activation.half_width());
            let name = activation_name(network.activation.shape());
            let text =
                format!("{} hidden units ({name} on [-{a}, {a}]), logits on [-{w}, {w}]", network.hidden);
            (text, json!({ "half_width": w }))
        }
    }
}

/// The hidden layer as JSON, if there is one.
pub(super) fn hidden_layer(head: &BuiltIn) -> Option<serde_json::Value> {
    let BuiltIn::Mlp(network) = head else { return None };
    let activation = network.activation;
    Some(json!({
        "hidden_layer_sizes": [network.hidden], "activation": activation_name(activation.shape()),
        "activation_interval": activation.half_width(),
    }))
}

fn outcome(
    plan: &Plan,
    parameters: &Parameters,
    (samples, features): (usize, usize),
    hyper: &Hyper,
) -> Outcome {
    let spec = plan.job.spec();
    let sizes = plan.sizes;
    let bootstraps = spec.refresh_before.len();
    let memory = memory(plan);
    let rates = &spec.learning_rates;
    let (approximation, approximation_json) = approximation(plan.job.head());
    let lines = [
        ("data", format!("{samples} samples of {features} features")),
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
                "{} iterations of {}{}, learning rate {}, alpha {}, {approximation}",
                rates.len(),
                optimizer_name(spec.optimizer),
                match spec.packing.batches() {
                    1 => String::new(),
                    batches => format!(" on {batches} mini-batches in turn"),
                },
                rates_text(rates),
                spec.alpha,
            ),
        ),
        ("bootstraps", bootstraps_text(plan)),
        ("levels", levels_text(plan)),
        (
            "packing",
            format!(
                "{} blocks of {} rows by {} columns{}, {} ciphertexts",
                spec.packing.blocks(),
                spec.packing.rows(),
                spec.packing.columns(),
                if spec.packing.is_complex() { ", two samples a slot" } else { "" },
                sizes.ciphertexts
            ),
        ),
        (
            "keys",
            format!(
                "{} evaluation keys, {} on disk, {} in memory",
                sizes.keys,
                progress::bytes(sizes.key_file_bytes as u64),
                progress::bytes(sizes.key_bytes as u64)
            ),
        ),
        ("upload", progress::bytes(sizes.upload_bytes as u64)),
        ("memory", format!("{} to train", progress::bytes(memory))),
        (
            "time",
            format!(
                "{} to train on one core, {} key switches",
                progress::seconds(plan.seconds),
                plan.key_switches()
            ),
        ),
    ];
    let mut text: Vec<String> = lines.iter().map(|(name, value)| format!("{name:<11} {value}")).collect();
    if let Some(free) = resources::available_memory().filter(|&free| free < memory) {
        text.push(format!("warning     this machine has {} of memory free", progress::bytes(free)));
    }
    let json = json!({
        "preset": plan.preset, "ring_degree": parameters.degree(), "log_qp": parameters.log_qp(),
        "security_bits": parameters.security_bits(), "samples": samples, "features": features,
        "outputs": plan.job.head().scores(), "iterations": rates.len(), "bootstraps": bootstraps, "solver": spec.optimizer,
        "learning_rate": rates.first(), "alpha": spec.alpha, "class_weight": hyper.class_weight,
        "sigmoid": approximation_json, "hidden": hidden_layer(plan.job.head()),
        "batches": spec.packing.batches(), "learning_rates": rates, "scoring": spec.score_level.is_some(),
        "bootstraps_before": one_based(&spec.refresh_before),
        "activation_bootstraps": plan.activation_bootstraps(), "bootstrapped_activations": points(plan), "packing": spec.packing.sizes(),
        "levels": plan.levels, "final_level": plan.final_level, "key_switches": plan.key_switches(),
        "keys": sizes.keys, "ciphertexts": sizes.ciphertexts,
        "bytes": {
            "keys": sizes.key_file_bytes, "data": sizes.upload_bytes, "memory": memory,
            "keys_in_memory": sizes.key_bytes, "data_in_memory": sizes.data_bytes,
            "diagonals_in_memory": sizes.diagonal_bytes,
        },
        "seconds_one_core": plan.seconds,
    });
    Outcome { json, text: text.join("\n") }
}

/// One rate, or the first and the last of many.
fn rates_text(rates: &[f64]) -> String {
    match rates {
        [first, .., last] if first != last => format!("{first} to {last:.3}"),
        _ => rates.first().copied().unwrap_or_default().to_string(),
    }
}

/// Iterations as a person counts them.
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

/// What is bootstrapped inside iterations.
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

/// Increasing numbers, runs of them as ranges.
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
