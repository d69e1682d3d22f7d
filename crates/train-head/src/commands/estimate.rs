//! `estimate`: the plan of a training, before anything is encrypted.

use fhe_head::ckks::Parameters;
use fhe_head::classifier::{self, Classifier, ValidClassifier};
use fhe_head::estimator::{LogisticRegression, PreparedHead, ValidLogisticRegression};
use fhe_head::features::Preprocessing;
use fhe_head::head::Head as _;
use fhe_head::heads::{BuiltIn, Logistic};
use fhe_head::labels::{ClassWeight, Classes};
use fhe_head::optimizer::Optimizer;
use fhe_head::plan::{Plan, Request};
use fhe_head::refresh::contract;
use fhe_head::sigmoid::{Degree, Fit, Sigmoid};
use fhe_head::softmax;
use ndarray::Array1;
use serde_json::json;

use crate::args::{EstimateArgs, HeadKind, Hyper, Penalty, Preprocess, Solver};
use crate::console::{Console, Outcome};
use crate::exit::{Failure, Kind, Result, training_failure};
use crate::files::keys::preset;
use crate::files::plan::PlanFile;
use crate::report::optimizer_name;
use crate::samples::{self, Matrix};
use crate::{input, progress, resources};

/// Parameter sets to try where nobody names one: the first that has the depth. The last bootstraps.
const PRESETS: [&str; 2] = ["n15-l18", "n15-boot-l6"];

/// # Errors
/// Data that cannot be trained on; parameters that are refused; those of writing.
pub(super) fn run(arguments: EstimateArgs, console: &Console) -> Result<Outcome> {
    let hyper = arguments.training.resolve()?;
    let Some((samples, dimension)) = arguments.samples.zip(arguments.dimension) else {
        let source = arguments.data.resolve()?;
        let matrix = samples::read(&source, true, None)?.embed(None, console)?;
        let labels = matrix.labels.as_deref().unwrap_or_default();
        let classes = input::fit_classes(labels, arguments.positive_label.as_deref())?;
        let y = matrix.encode_labels(&classes, "the training data")?;
        let planned = Planned::new(&matrix, &y, &classes, &hyper, console)?;
        if let Some(path) = &arguments.out {
            planned.file.write(path)?;
        }
        return Ok(outcome(&planned.prepared.plan, &planned.parameters, samples_of(&matrix), &hyper));
    };
    let (plan, parameters) = from_shape(samples, dimension, arguments.classes, &hyper)?;
    Ok(outcome(&plan, &parameters, (samples, dimension), &hyper))
}

fn samples_of(matrix: &Matrix) -> (usize, usize) {
    matrix.x.dim()
}

/// A training that is ready to be encrypted.
#[derive(Debug)]
pub(super) struct Planned {
    pub(super) parameters: Parameters,
    pub(super) prepared: PreparedHead,
    /// What the data party keeps of it.
    pub(super) file: PlanFile,
}

impl Planned {
    /// Chooses what is open and plans.
    ///
    /// # Errors
    /// Data that cannot be trained on; parameters that are refused.
    pub(super) fn new(
        training: &Matrix,
        y: &Array1<f64>,
        classes: &Classes,
        hyper: &Hyper,
        console: &Console,
    ) -> Result<Self> {
        let alpha = alpha(hyper.penalty, training.x.nrows());
        let (options, several) = (options(hyper, alpha)?, several(hyper, alpha, classes)?);
        let phase = console.phase("plan", 1);
        let (x, y) = (training.x.view(), y.view());
        let (parameters, prepared) = with_presets(hyper, |parameters| {
            let contract = contract(parameters);
            let contract = contract.as_ref();
            match &several {
                Some(head) => {
                    head.prepare(&x, &y, classes.count(), parameters, contract).map(PreparedHead::from)
                }
                None => options.prepare(&x, &y, parameters, contract).map(PreparedHead::from),
            }
        })?;
        phase.done();
        let file = PlanFile::new(&prepared, hyper.class_weight, classes, training);
        Ok(Self { parameters, prepared, file })
    }
}

/// The options of a head with an output for each class; `None` for logistic regression on two.
///
/// # Errors
/// A head that does not go with the number of classes; an option out of range.
fn several(hyper: &Hyper, alpha: f64, classes: &Classes) -> Result<Option<ValidClassifier>> {
    let degree = Degree::try_from(hyper.sigmoid_degree.unwrap_or(3)).map_err(training_failure)?;
    let one_vs_rest = classifier::Kind::OneVsRest(degree);
    let kind = match (hyper.head, classes.count()) {
        (None | Some(HeadKind::Logreg), 2) => return Ok(None),
        (Some(HeadKind::Logreg), count) => {
            let message = format!(
                "--head logreg: two classes are needed, the labels have {count} ({})",
                classes.listed()
            );
            return Err(Failure::usage(message).help(
                "--head ovr trains one logistic regression for each class, --head softmax all together",
            ));
        }
        (Some(HeadKind::Ovr | HeadKind::Softmax), 2) => {
            return Err(Failure::usage(
                "two classes: --head logreg is the same as ovr or softmax, for half the work",
            ));
        }
        (Some(HeadKind::Softmax), _) => classifier::Kind::Softmax(match degree {
            Degree::Three => softmax::Depth::Two,
            _ => softmax::Depth::Three,
        }),
        (None | Some(HeadKind::Ovr), _) => one_vs_rest,
    };
    let options = Classifier {
        preprocessing: preprocessing(hyper),
        optimizer: optimizer(hyper),
        learning_rate: hyper.learning_rate,
        max_iter: hyper.max_iter,
        interval: hyper.sigmoid_interval,
        alpha,
        balanced: hyper.class_weight == ClassWeight::Balanced,
        random_state: hyper.random_state,
        ..Classifier::new(kind)
    };
    options.check().map(Some).map_err(training_failure)
}

fn preprocessing(hyper: &Hyper) -> Option<Preprocessing> {
    match (hyper.preprocess, hyper.ridge) {
        (Preprocess::Auto | Preprocess::Whiten, None) => None,
        (Preprocess::Auto | Preprocess::Whiten, Some(ridge)) => {
            Some(Preprocessing::Whiten { ridge, standardize: true })
        }
        (Preprocess::Standardize, _) => Some(Preprocessing::Standardize),
        (Preprocess::None, _) => Some(Preprocessing::Center),
    }
}

/// Plans with the named preset, or with the first that has the depth.
fn with_presets<T>(
    hyper: &Hyper,
    plan: impl Fn(&Parameters) -> fhe_head::Result<T>,
) -> Result<(Parameters, T)> {
    let names = match &hyper.preset {
        Some(name) => vec![name.as_str()],
        None => PRESETS.to_vec(),
    };
    let mut refusal = None;
    for name in names {
        let parameters = preset(name)?;
        match plan(&parameters).map_err(training_failure) {
            Ok(planned) => return Ok((parameters, planned)),
            Err(failure) if failure.kind() == Kind::Parameters => refusal = Some(failure),
            Err(failure) => return Err(failure),
        }
    }
    Err(refusal.unwrap_or_else(|| Failure::unexpected("no parameter set to try")))
}

/// The options of the library, from what was said.
fn options(hyper: &Hyper, alpha: f64) -> Result<ValidLogisticRegression> {
    let options = LogisticRegression {
        preprocessing: preprocessing(hyper),
        optimizer: optimizer(hyper),
        learning_rate: hyper.learning_rate,
        max_iter: hyper.max_iter,
        sigmoid_degree: hyper.sigmoid_degree.map(Degree::try_from).transpose().map_err(training_failure)?,
        sigmoid_interval: hyper.sigmoid_interval,
        alpha,
        class_weight: hyper.class_weight,
        random_state: hyper.random_state,
    };
    options.check().map_err(training_failure)
}

fn optimizer(hyper: &Hyper) -> Option<Optimizer> {
    match (hyper.solver, hyper.momentum) {
        (Some(Solver::Gd), _) => Some(Optimizer::GradientDescent),
        (_, Some(momentum)) => Some(Optimizer::Nesterov(momentum)),
        (Some(Solver::Nesterov), None) => Some(Optimizer::NesterovSchedule),
        (None, None) => None,
    }
}

fn alpha(penalty: Option<Penalty>, samples: usize) -> f64 {
    match penalty {
        Some(Penalty::Alpha(alpha)) => alpha,
        Some(Penalty::C(c)) => 1.0 / (c * samples as f64),
        None => 0.0,
    }
}

/// A plan for data of this shape, with usual values for what would be chosen from the data.
fn from_shape(samples: usize, dimension: usize, classes: usize, hyper: &Hyper) -> Result<(Plan, Parameters)> {
    const ITERATIONS: usize = 4;
    if classes < 2 {
        return Err(Failure::usage(format!("--classes {classes}: at least two are needed")));
    }
    let degree = Degree::try_from(hyper.sigmoid_degree.unwrap_or(3)).map_err(training_failure)?;
    let sigmoid = Sigmoid::new(degree, hyper.sigmoid_interval.unwrap_or(8.0), Fit::default())
        .map_err(training_failure)?;
    let head = BuiltIn::Logistic(match classes {
        2 => Logistic::binary(sigmoid),
        _ => Logistic::one_vs_rest(classes, sigmoid),
    });
    let rates = vec![hyper.learning_rate.unwrap_or(4.0); hyper.max_iter.unwrap_or(ITERATIONS)];
    let request = Request {
        optimizer: optimizer(hyper).unwrap_or(Optimizer::NesterovSchedule),
        alpha: alpha(hyper.penalty, samples),
        ..Request::new(head, samples, dimension, rates)
    };
    let (parameters, plan) =
        with_presets(hyper, |parameters| Plan::new(parameters, contract(parameters).as_ref(), &request))?;
    Ok((plan, parameters))
}

/// Memory of the compute party: data, keys, and room to work.
pub(super) fn memory(plan: &Plan) -> u64 {
    const WORK: usize = 256 << 20;
    (plan.sizes.data_bytes + plan.sizes.key_bytes + WORK) as u64
}

/// What stands for the function of the head's logits, in words and as JSON.
fn approximation(head: &BuiltIn) -> (String, serde_json::Value) {
    match head {
        BuiltIn::Logistic(Logistic { sigmoid, .. }) => {
            let (degree, w) = (sigmoid.degree().value(), sigmoid.half_width());
            let text = format!("sigmoid of degree {degree} on [-{w}, {w}]");
            (text, json!({ "degree": degree, "half_width": w }))
        }
        head => {
            let w = head.score_unit();
            (format!("softmax on [-{w}, {w}]"), json!({ "half_width": w }))
        }
    }
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
                "{} iterations of {}, learning rate {}, alpha {}, {approximation}",
                rates.len(),
                optimizer_name(spec.optimizer),
                rates.first().copied().unwrap_or_default(),
                spec.alpha,
            ),
        ),
        ("bootstraps", bootstraps_text(plan)),
        ("levels", levels_text(plan)),
        (
            "packing",
            format!(
                "{} blocks of {} rows by {} columns, {} ciphertexts",
                spec.packing.blocks(),
                spec.packing.rows(),
                spec.packing.columns(),
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
        "sigmoid": approximation_json,
        "bootstraps_before": one_based(&spec.refresh_before), "packing": spec.packing.sizes(),
        "levels": plan.levels, "final_level": plan.final_level, "key_switches": plan.key_switches(),
        "keys": sizes.keys, "ciphertexts": sizes.ciphertexts,
        "bytes": {
            "keys": sizes.key_file_bytes, "data": sizes.upload_bytes, "memory": memory,
            "keys_in_memory": sizes.key_bytes, "data_in_memory": sizes.data_bytes,
        },
        "seconds_one_core": plan.seconds,
    });
    Outcome { json, text: text.join("\n") }
}

/// Iterations as a person counts them.
fn one_based(iterations: &[usize]) -> Vec<usize> {
    iterations.iter().map(|t| t + 1).collect()
}

fn bootstraps_text(plan: &Plan) -> String {
    match one_based(&plan.job.spec().refresh_before)[..] {
        [] => "none".into(),
        [only] => format!("1, before iteration {only}"),
        ref before => format!("{}, before iterations {}", before.len(), ranges(before)),
    }
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
