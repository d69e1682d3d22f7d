//! Flags as options of the library: the only place where one becomes the other.

use clap::ValueEnum as _;
use fhe_head::{Degree, Optimizer, SoftmaxForm};
use head_fit::{Classifier, Kind, Preprocessing, Targets};

use crate::args::{HeadKind, HiddenLayer, Hyper, Optimize, Penalty, Preprocess, SoftmaxFit, Solver};
use crate::exit::{Failure, Result};

/// The options that the flags ask for, for data of `samples` samples with such targets. `found` describes the classes in messages.
///
/// # Errors
/// A head that does not go with the number of classes.
pub(super) fn classifier(
    hyper: &Hyper,
    samples: usize,
    targets: Targets,
    found: impl Fn() -> String,
) -> Result<Classifier> {
    Ok(Classifier {
        preprocessing: preprocessing(hyper),
        n_components: hyper.flags.n_components,
        optimizer: optimizer(hyper),
        learning_rate: hyper.steps.learning_rate,
        schedule: hyper.steps.schedule.clone(),
        max_iter: hyper.flags.max_iter,
        batch_size: hyper.steps.batch_size,
        interval: hyper.flags.sigmoid_interval,
        calibrator: hyper.calibrator.clone(),
        alpha: alpha(hyper.penalty, samples),
        class_weight: hyper.class_weight,
        scoring: hyper.flags.scoring,
        optimize: hyper.flags.optimize.map(Optimize::aim),
        random_state: hyper.flags.random_state,
        ..Classifier::new(kind(hyper, targets, found)?)
    })
}

/// The options of a training that goes on from the encrypted head of an earlier one. The flags may change the steps, the penalty and the
/// weights of the classes.
pub(super) fn continued(hyper: &Hyper, earlier: &Classifier, samples: usize) -> Classifier {
    Classifier {
        optimizer: optimizer(hyper).or(earlier.optimizer),
        learning_rate: hyper.steps.learning_rate.or(earlier.learning_rate),
        schedule: hyper.steps.schedule.clone(),
        max_iter: hyper.flags.max_iter.or(earlier.max_iter),
        // more iterations make logits larger by themselves
        calibrator: Some(hyper.calibrator.clone().unwrap_or_default()),
        batch_size: hyper.steps.batch_size,
        alpha: if hyper.penalty.is_some() { alpha(hyper.penalty, samples) } else { earlier.alpha },
        class_weight: hyper.class_weight,
        scoring: hyper.flags.scoring,
        optimize: hyper.flags.optimize.map(Optimize::aim),
        random_state: hyper.flags.random_state,
        ..earlier.clone()
    }
}

/// The kind of head for such targets.
///
/// # Errors
/// A head that does not go with them.
fn kind(hyper: &Hyper, targets: Targets, found: impl Fn() -> String) -> Result<Kind> {
    let degree = hyper.flags.sigmoid_degree.map(Degree::try_from).transpose()?;
    let fit = hyper.flags.sigmoid_fit;
    let logistic = Kind::Logistic { degree, fit };
    let classes = match (targets, hyper.flags.head) {
        (Targets::Classes(_), Some(HeadKind::Ridge)) => {
            return Err(Failure::usage(format!("--head ridge predicts numbers; {}", found())));
        }
        (Targets::Classes(classes), _) => classes,
        (Targets::Labels(_), None | Some(HeadKind::Logreg | HeadKind::Ovr)) => {
            return Ok(if logistic == Kind::logistic() { Kind::Auto } else { logistic });
        }
        (Targets::Numbers(_), None | Some(HeadKind::Ridge)) => return Ok(Kind::Ridge),
        (Targets::Labels(_), Some(head)) => {
            let message =
                format!("--head {}: a sample may have any number of labels; {}", name(head), found());
            return Err(
                Failure::usage(message).help("leave --head out: each label gets a logistic regression")
            );
        }
        (Targets::Numbers(_), Some(head)) => {
            let message = format!("--head {}: there are numbers to predict; {}", name(head), found());
            return Err(Failure::usage(message).help("--head ridge predicts numbers"));
        }
    };
    Ok(match (hyper.flags.head, hyper.hidden, classes) {
        (Some(HeadKind::Mlp), Some(HiddenLayer { units, activation, interval }), _) => {
            Kind::Mlp { hidden: units, activation, activation_interval: interval }
        }
        (Some(HeadKind::Ordinal), ..) => Kind::Ordinal { degree, fit },
        (None | Some(HeadKind::Logreg), _, 2) => logistic,
        (Some(HeadKind::Logreg), ..) => {
            let message = format!("--head logreg: two classes are needed, {}", found());
            return Err(Failure::usage(message).help(
                "--head ovr trains one logistic regression per class, --head softmax all classes together",
            ));
        }
        (Some(HeadKind::Ovr | HeadKind::Softmax), _, 2) => {
            return Err(Failure::usage(
                "two classes: --head logreg is the same as ovr or softmax, for half the work",
            ));
        }
        (Some(HeadKind::Softmax), ..) => Kind::Softmax {
            form: match (degree, hyper.flags.softmax_fit) {
                (_, Some(SoftmaxFit::InARow)) => Some(SoftmaxForm::InARow),
                (Some(Degree::Three), _) => Some(SoftmaxForm::Two),
                (Some(_), _) | (None, Some(SoftmaxFit::OneStandsOut)) => Some(SoftmaxForm::Three),
                (None, None) => None,
            },
        },
        (None, ..) if logistic == Kind::logistic() => Kind::Auto,
        (None | Some(HeadKind::Auto | HeadKind::Ovr | HeadKind::Mlp | HeadKind::Ridge), ..) => logistic,
    })
}

/// The value of `--head`.
fn name(head: HeadKind) -> String {
    head.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
}

/// Ridge of the whitening within classes where none is given.
const RIDGE_WITHIN: f64 = 0.1;

/// The feature map; `None` if it is chosen from the data.
fn preprocessing(hyper: &Hyper) -> Option<Preprocessing> {
    match (hyper.flags.preprocess, hyper.flags.ridge) {
        (Preprocess::Auto | Preprocess::Whiten, None) => None,
        (Preprocess::WhitenWithin, ridge) => {
            Some(Preprocessing::WhitenWithin { ridge: ridge.unwrap_or(RIDGE_WITHIN) })
        }
        (Preprocess::Auto | Preprocess::Whiten, Some(ridge)) => {
            Some(Preprocessing::Whiten { ridge, standardize: true })
        }
        (Preprocess::Standardize, _) => Some(Preprocessing::Standardize),
        (Preprocess::None, _) => Some(Preprocessing::Center),
    }
}

/// The first-order method; `None` if it is chosen from the data.
fn optimizer(hyper: &Hyper) -> Option<Optimizer> {
    match (hyper.flags.solver, hyper.flags.momentum) {
        (Some(Solver::Gd), _) => Some(Optimizer::GradientDescent),
        (_, Some(momentum)) => Some(Optimizer::Nesterov(momentum)),
        (Some(Solver::Nesterov), None) => Some(Optimizer::NesterovSchedule),
        (None, None) => None,
    }
}

/// The weight of the L2 penalty relative to the mean loss: `alpha`, or `1 / (C samples)`.
fn alpha(penalty: Option<Penalty>, samples: usize) -> f64 {
    match penalty {
        Some(Penalty::Alpha(alpha)) => alpha,
        Some(Penalty::C(c)) => 1.0 / (c * samples as f64),
        None => 0.0,
    }
}
