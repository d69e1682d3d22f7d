//! A method as the flags of a job file.

use clap::ValueEnum;
use fhe_head::{Fit, Optimizer, RateSchedule, SoftmaxForm};
use head_fit::{ClassWeight, Classifier, Kind, Preprocessing, Targets};
use serde_json::{Map, Value, json};

use crate::args::{HeadKind, Optimize, Preprocess, SoftmaxFit, Solver, activation_name};

/// Options with everything filled in, as the entries of a job file for data with such targets.
pub(crate) fn flags(options: &Classifier, targets: Targets, preset: &str) -> Map<String, Value> {
    let fit = match options.kind {
        Kind::Logistic { fit: Some(Fit::LeastSquares), .. }
        | Kind::Ordinal { fit: Some(Fit::LeastSquares), .. } => json!("least-squares"),
        Kind::Logistic { fit: Some(Fit::Minimax), .. } | Kind::Ordinal { fit: Some(Fit::Minimax), .. } => {
            json!("minimax")
        }
        Kind::Logistic { fit: Some(Fit::Concentrated { std }), .. }
        | Kind::Ordinal { fit: Some(Fit::Concentrated { std }), .. } => json!(std),
        _ => Value::Null,
    };
    let (head, degree, hidden) = match options.kind {
        // what was chosen is no longer open
        Kind::Auto => (Some(HeadKind::Logreg), None, None),
        Kind::Logistic { degree, .. } => {
            let several = matches!(targets, Targets::Classes(classes) if classes != 2);
            let head = if several { HeadKind::Ovr } else { HeadKind::Logreg };
            (Some(head), degree.map(|degree| degree.value()), None)
        }
        Kind::Softmax { form } => {
            let named = form.filter(|form| *form != SoftmaxForm::InARow);
            (Some(HeadKind::Softmax), named.map(SoftmaxForm::degree), None)
        }
        Kind::Mlp { hidden, activation, activation_interval } => {
            (Some(HeadKind::Mlp), None, Some((hidden, activation_name(activation), activation_interval)))
        }
        Kind::Ordinal { degree, .. } => (Some(HeadKind::Ordinal), degree.map(|degree| degree.value()), None),
        Kind::Ridge => (Some(HeadKind::Ridge), None, None),
    };
    let in_a_row = options.kind == Kind::Softmax { form: Some(SoftmaxForm::InARow) };
    // no flag asks for a heavy ball, and nothing chooses one
    let (solver, momentum) = match options.optimizer {
        Some(Optimizer::GradientDescent) => (Some(Solver::Gd), None),
        Some(Optimizer::NesterovSchedule) => (Some(Solver::Nesterov), None),
        Some(Optimizer::Nesterov(momentum) | Optimizer::Momentum(momentum)) => {
            (Some(Solver::Nesterov), Some(momentum))
        }
        None => (None, None),
    };
    let (preprocess, ridge) = match options.preprocessing {
        // no flag of a job asks for a given map
        None | Some(Preprocessing::Given) => (Preprocess::Auto, None),
        Some(Preprocessing::Center) => (Preprocess::None, None),
        Some(Preprocessing::Standardize) => (Preprocess::Standardize, None),
        Some(Preprocessing::Whiten { ridge, .. }) => (Preprocess::Whiten, Some(ridge)),
        Some(Preprocessing::WhitenWithin { ridge }) => (Preprocess::WhitenWithin, Some(ridge)),
    };
    let (schedule, power) = match options.schedule {
        RateSchedule::InverseScaling(power) => (Some("invscaling"), Some(power)),
        RateSchedule::Cosine => (Some("cosine"), None),
        RateSchedule::Constant | RateSchedule::Explicit(_) => (None, None),
    };
    let shifts = options.calibrator.as_ref().map(|calibrator| &calibrator.shifts);
    let entries = [
        ("head", json!(head.as_ref().map(name))),
        ("solver", json!(solver.as_ref().map(name))),
        ("momentum", json!(momentum)),
        ("max_iter", json!(options.max_iter)),
        ("learning_rate", json!(options.learning_rate)),
        ("learning_rate_schedule", json!(schedule)),
        ("power_t", json!(power)),
        ("batch_size", json!(options.batch_size)),
        ("alpha", json!(options.alpha)),
        ("class_weight", json!((options.class_weight == ClassWeight::Balanced).then_some("balanced"))),
        ("preprocess", json!(name(&preprocess))),
        ("ridge", json!(ridge)),
        ("n_components", json!(options.n_components)),
        ("sigmoid_degree", json!(degree)),
        ("sigmoid_interval", json!(options.interval)),
        ("sigmoid_fit", fit),
        ("softmax_fit", json!(in_a_row.then(|| name(&SoftmaxFit::InARow)))),
        ("temperature", json!(options.calibrator.as_ref().map(|calibrator| calibrator.temperature))),
        ("shifts", json!(shifts.filter(|shifts| !shifts.is_empty()))),
        ("hidden_layer_sizes", json!(hidden.map(|(units, ..)| units))),
        ("activation", json!(hidden.map(|(_, activation, _)| activation))),
        ("activation_interval", json!(hidden.and_then(|(.., interval)| interval))),
        ("preset", json!(preset)),
        ("optimize", json!(options.optimize.map(|aim| name(&Optimize::of(aim))))),
        ("scoring", json!(options.scoring.then_some(true))),
        ("random_state", json!(options.random_state)),
    ];
    let given = entries.into_iter().filter(|(_, value)| !value.is_null());
    given.map(|(name, value)| (name.to_owned(), value)).collect()
}

/// The value of a flag for a choice.
fn name(choice: &impl ValueEnum) -> String {
    choice.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
}
