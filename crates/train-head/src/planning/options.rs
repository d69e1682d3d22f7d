//! Flags as options of the library.

use fhe_head::ckks::Parameters;
use fhe_head::classifier::{self, Classifier, ValidClassifier};
use fhe_head::estimator::{LogisticRegression, PreparedHead, ValidLogisticRegression};
use fhe_head::features::Preprocessing;
use fhe_head::labels::{ClassWeight, Classes};
use fhe_head::optimizer::Optimizer;
use fhe_head::refresh::contract;
use fhe_head::sigmoid::Degree;
use fhe_head::softmax;
use ndarray::Array1;

use crate::args::{HeadKind, Hyper, Penalty, Preprocess, Solver};
use crate::exit::{Failure, Result, training_failure};
use crate::samples::Matrix;

/// Options of the library.
pub(super) enum Options {
    /// Logistic regression on two classes.
    Binary(ValidLogisticRegression),
    /// A head with one output per class, or with a hidden layer.
    Several(ValidClassifier),
}

impl Options {
    /// The options that the flags ask for, for this number of samples.
    ///
    /// # Errors
    /// A head that does not go with the number of classes; an option out of range.
    pub(super) fn new(hyper: &Hyper, samples: usize, classes: &Classes) -> Result<Self> {
        let found = || format!("the labels have {} ({})", classes.count(), classes.listed());
        match kind(hyper, classes.count(), found)? {
            None => Self::binary(hyper, samples),
            Some(kind) => Self::several(kind, hyper, samples),
        }
    }

    fn binary(hyper: &Hyper, samples: usize) -> Result<Self> {
        let degree = hyper.sigmoid_degree.map(Degree::try_from).transpose().map_err(training_failure)?;
        let options = LogisticRegression {
            preprocessing: preprocessing(hyper, true),
            n_components: hyper.n_components,
            optimizer: optimizer(hyper),
            learning_rate: hyper.steps.learning_rate,
            schedule: hyper.steps.schedule.clone(),
            max_iter: hyper.max_iter,
            batch_size: hyper.steps.batch_size,
            sigmoid_degree: degree,
            sigmoid_interval: hyper.sigmoid_interval,
            alpha: alpha(hyper.penalty, samples),
            class_weight: hyper.class_weight,
            warm_start: hyper.warm_start.clone(),
            scoring: hyper.scoring,
            random_state: hyper.random_state,
        };
        options.check().map(Self::Binary).map_err(training_failure)
    }

    fn several(kind: classifier::Kind, hyper: &Hyper, samples: usize) -> Result<Self> {
        let options = Classifier {
            preprocessing: preprocessing(hyper, matches!(kind, classifier::Kind::Mlp { .. })),
            n_components: hyper.n_components,
            optimizer: optimizer(hyper),
            learning_rate: hyper.steps.learning_rate,
            schedule: hyper.steps.schedule.clone(),
            max_iter: hyper.max_iter,
            batch_size: hyper.steps.batch_size,
            interval: hyper.sigmoid_interval,
            activation_interval: hyper.hidden.and_then(|layer| layer.interval),
            alpha: alpha(hyper.penalty, samples),
            balanced: hyper.class_weight == ClassWeight::Balanced,
            warm_start: hyper.warm_start.clone(),
            scoring: hyper.scoring,
            random_state: hyper.random_state,
            ..Classifier::new(kind)
        };
        options.check().map(Self::Several).map_err(training_failure)
    }

    /// Chooses what is open and plans, on a parameter set.
    ///
    /// # Errors
    /// Data that cannot be trained on; a parameter set without the depth.
    pub(super) fn prepare(
        &self,
        training: &Matrix,
        y: &Array1<f64>,
        classes: &Classes,
        parameters: &Parameters,
    ) -> fhe_head::Result<PreparedHead> {
        let weight = training.sample_weight();
        let (x, y, weight) = (training.x.view(), y.view(), weight.view());
        let contract = contract(parameters);
        let contract = contract.as_ref();
        match self {
            Self::Binary(head) => {
                head.prepare_weighted(&x, &y, &weight, parameters, contract).map(PreparedHead::from)
            }
            Self::Several(head) => head
                .prepare_weighted(&x, &y, &weight, classes.count(), parameters, contract)
                .map(PreparedHead::from),
        }
    }
}

/// The kind of head for a number of classes; `None` for logistic regression on two. `found` tells the number in messages.
///
/// # Errors
/// A head that does not go with the number of classes.
pub(super) fn kind(
    hyper: &Hyper,
    classes: usize,
    found: impl Fn() -> String,
) -> Result<Option<classifier::Kind>> {
    let degree = Degree::try_from(hyper.sigmoid_degree.unwrap_or(3)).map_err(training_failure)?;
    Ok(Some(match (hyper.head, &hyper.hidden, classes) {
        (Some(HeadKind::Mlp), Some(layer), _) => {
            classifier::Kind::Mlp { hidden: layer.units, activation: layer.activation }
        }
        (None | Some(HeadKind::Logreg), _, 2) => return Ok(None),
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
        (Some(HeadKind::Softmax), ..) => classifier::Kind::Softmax(match degree {
            Degree::Three => softmax::Depth::Two,
            _ => softmax::Depth::Three,
        }),
        (None | Some(HeadKind::Ovr | HeadKind::Mlp), ..) => classifier::Kind::OneVsRest(degree),
    }))
}

/// The feature map; `None` if it is chosen from the data. `standardize` tells if whitening starts from standardised features, as the
/// library's default for the head does.
fn preprocessing(hyper: &Hyper, standardize: bool) -> Option<Preprocessing> {
    match (hyper.preprocess, hyper.ridge) {
        (Preprocess::Auto | Preprocess::Whiten, None) => None,
        (Preprocess::Auto | Preprocess::Whiten, Some(ridge)) => {
            Some(Preprocessing::Whiten { ridge, standardize })
        }
        (Preprocess::Standardize, _) => Some(Preprocessing::Standardize),
        (Preprocess::None, _) => Some(Preprocessing::Center),
    }
}

/// The first-order method; `None` if it is chosen from the data.
pub(super) fn optimizer(hyper: &Hyper) -> Option<Optimizer> {
    match (hyper.solver, hyper.momentum) {
        (Some(Solver::Gd), _) => Some(Optimizer::GradientDescent),
        (_, Some(momentum)) => Some(Optimizer::Nesterov(momentum)),
        (Some(Solver::Nesterov), None) => Some(Optimizer::NesterovSchedule),
        (None, None) => None,
    }
}

/// The weight of the L2 penalty beside the mean loss: `alpha`, or `1 / (C samples)`.
pub(super) fn alpha(penalty: Option<Penalty>, samples: usize) -> f64 {
    match penalty {
        Some(Penalty::Alpha(alpha)) => alpha,
        Some(Penalty::C(c)) => 1.0 / (c * samples as f64),
        None => 0.0,
    }
}
