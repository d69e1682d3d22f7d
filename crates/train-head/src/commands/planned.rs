//! From flags to a training that is ready to be encrypted: options of the library, parameter sets to try, the plan.

use fhe_head::activation::Activation;
use fhe_head::ckks::Parameters;
use fhe_head::classifier::{self, Classifier, ValidClassifier};
use fhe_head::estimator::{LogisticRegression, PreparedHead, ValidLogisticRegression};
use fhe_head::features::Preprocessing;
use fhe_head::heads::{BuiltIn, Logistic, Mlp, Multinomial, Output};
use fhe_head::labels::{ClassWeight, Classes};
use fhe_head::optimizer::Optimizer;
use fhe_head::plan::{Plan, Request};
use fhe_head::refresh::contract;
use fhe_head::samples::padded_features;
use fhe_head::sigmoid::{Degree, Fit, Sigmoid};
use fhe_head::softmax::{self, Softmax};
use ndarray::Array1;

use crate::args::{HeadKind, Hyper, Penalty, Preprocess, Solver};
use crate::console::Console;
use crate::exit::{Failure, Kind, Result, training_failure};
use crate::files::keys::preset;
use crate::files::plan::PlanFile;
use crate::samples::Matrix;

/// Parameter sets to try where nobody names one: the first that has the depth. Those of `boot` bootstrap, weights alone or inside
/// iterations too where the head allows it; what takes more levels between two bootstraps than the smaller one leaves has the larger.
const PRESETS: [&str; 4] = ["n15-l18", "n15-boot-l6", "n16-l36", "n16-boot-l15"];

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
        let phase = console.phase("plan", 1);
        let planned = Self::quietly(training, y, classes, hyper)?;
        phase.done();
        Ok(planned)
    }

    /// The same as a part of another phase.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub(super) fn quietly(
        training: &Matrix,
        y: &Array1<f64>,
        classes: &Classes,
        hyper: &Hyper,
    ) -> Result<Self> {
        let options = Options::new(hyper, alpha(hyper.penalty, training.x.nrows()), classes)?;
        let weight = training.sample_weight();
        let (x, y, weight) = (training.x.view(), y.view(), weight.view());
        let (parameters, prepared) = with_presets(hyper, |parameters| {
            let contract = contract(parameters);
            let contract = contract.as_ref();
            match &options {
                Options::Several(head) => head
                    .prepare_weighted(&x, &y, &weight, classes.count(), parameters, contract)
                    .map(PreparedHead::from),
                Options::Binary(head) => {
                    head.prepare_weighted(&x, &y, &weight, parameters, contract).map(PreparedHead::from)
                }
            }
        })?;
        let file = PlanFile::new(&prepared, hyper, classes, training);
        Ok(Self { parameters, prepared, file })
    }
}

/// The options of the library, from what was said.
enum Options {
    /// Logistic regression on two classes.
    Binary(ValidLogisticRegression),
    /// A head with an output for each class, or with a hidden layer.
    Several(ValidClassifier),
}

impl Options {
    /// # Errors
    /// A head that does not go with the number of classes; an option out of range.
    fn new(hyper: &Hyper, alpha: f64, classes: &Classes) -> Result<Self> {
        let Some(kind) = kind(hyper, classes.count(), || format!("the labels have {}", listed(classes)))?
        else {
            let options = LogisticRegression {
                preprocessing: preprocessing(hyper, true),
                n_components: hyper.n_components,
                optimizer: optimizer(hyper),
                learning_rate: hyper.steps.learning_rate,
                schedule: hyper.steps.schedule.clone(),
                max_iter: hyper.max_iter,
                batch_size: hyper.steps.batch_size,
                sigmoid_degree: hyper
                    .sigmoid_degree
                    .map(Degree::try_from)
                    .transpose()
                    .map_err(training_failure)?,
                sigmoid_interval: hyper.sigmoid_interval,
                alpha,
                class_weight: hyper.class_weight,
                warm_start: hyper.warm_start.clone(),
                scoring: hyper.scoring,
                random_state: hyper.random_state,
            };
            return options.check().map(Self::Binary).map_err(training_failure);
        };
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
            alpha,
            balanced: hyper.class_weight == ClassWeight::Balanced,
            warm_start: hyper.warm_start.clone(),
            scoring: hyper.scoring,
            random_state: hyper.random_state,
            ..Classifier::new(kind)
        };
        options.check().map(Self::Several).map_err(training_failure)
    }
}

fn listed(classes: &Classes) -> String {
    format!("{} ({})", classes.count(), classes.listed())
}

/// Which head for a number of classes; `None` for logistic regression on two. `found` says how many there are.
///
/// # Errors
/// A head that does not go with the number of classes.
fn kind(hyper: &Hyper, classes: usize, found: impl Fn() -> String) -> Result<Option<classifier::Kind>> {
    let degree = Degree::try_from(hyper.sigmoid_degree.unwrap_or(3)).map_err(training_failure)?;
    let one_vs_rest = classifier::Kind::OneVsRest(degree);
    Ok(Some(match (hyper.head, &hyper.hidden, classes) {
        (Some(HeadKind::Mlp), Some(layer), _) => {
            classifier::Kind::Mlp { hidden: layer.units, activation: layer.activation }
        }
        (None | Some(HeadKind::Logreg), _, 2) => return Ok(None),
        (Some(HeadKind::Logreg), ..) => {
            let message = format!("--head logreg: two classes are needed, {}", found());
            return Err(Failure::usage(message).help(
                "--head ovr trains one logistic regression for each class, --head softmax all together",
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
        (None | Some(HeadKind::Ovr | HeadKind::Mlp), ..) => one_vs_rest,
    }))
}

/// `standardize`: whether whitening starts from standardised features, as the library's default for the head does.
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

pub(super) fn optimizer(hyper: &Hyper) -> Option<Optimizer> {
    match (hyper.solver, hyper.momentum) {
        (Some(Solver::Gd), _) => Some(Optimizer::GradientDescent),
        (_, Some(momentum)) => Some(Optimizer::Nesterov(momentum)),
        (Some(Solver::Nesterov), None) => Some(Optimizer::NesterovSchedule),
        (None, None) => None,
    }
}

pub(super) fn alpha(penalty: Option<Penalty>, samples: usize) -> f64 {
    match penalty {
        Some(Penalty::Alpha(alpha)) => alpha,
        Some(Penalty::C(c)) => 1.0 / (c * samples as f64),
        None => 0.0,
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

/// A plan for data of this shape, with usual values for what would be chosen from the data.
///
/// # Errors
/// Parameters that are refused.
pub(super) fn from_shape(
    samples: usize,
    dimension: usize,
    classes: usize,
    hyper: &Hyper,
) -> Result<(Plan, Parameters)> {
    const ITERATIONS: usize = 4;
    const INTERVAL: f64 = 8.0;
    const ACTIVATION_INTERVAL: f64 = 4.0;
    if classes < 2 {
        return Err(Failure::usage(format!("--classes {classes}: at least two are needed")));
    }
    if let Some(size) = hyper.steps.batch_size.filter(|&size| size > samples) {
        let message = format!("--batch-size {size}: at most the number of training samples, {samples}");
        return Err(Failure::usage(message));
    }
    let dimension = hyper.n_components.map_or(dimension, |kept| kept.min(dimension));
    let degree = Degree::try_from(hyper.sigmoid_degree.unwrap_or(3)).map_err(training_failure)?;
    let interval = hyper.sigmoid_interval.unwrap_or(INTERVAL);
    let sigmoid = |degree| Sigmoid::new(degree, interval, Fit::default()).map_err(training_failure);
    let multinomial =
        |depth| Softmax::new(classes, depth, interval).map(Multinomial::new).map_err(training_failure);
    let kind = kind(hyper, classes, || format!("--classes says {classes}"))?;
    let head = match kind {
        None => BuiltIn::Logistic(Logistic::binary(sigmoid(degree)?)),
        Some(classifier::Kind::OneVsRest(degree)) => {
            BuiltIn::Logistic(Logistic::one_vs_rest(classes, sigmoid(degree)?))
        }
        Some(classifier::Kind::Softmax(depth)) => BuiltIn::Softmax(multinomial(depth)?),
        Some(classifier::Kind::Mlp { hidden, activation }) => {
            let most = padded_features(dimension);
            if hidden > most {
                let message =
                    format!("--hidden-layer-sizes {hidden}: at most {most} units with {dimension} features");
                return Err(Failure::usage(message));
            }
            let interval = hyper.hidden.and_then(|layer| layer.interval).unwrap_or(ACTIVATION_INTERVAL);
            let output = match classes {
                2 => Output::Logistic(Logistic::binary(sigmoid(Degree::Three)?)),
                _ => Output::Softmax(multinomial(softmax::Depth::Two)?),
            };
            let activation = Activation::new(activation, interval).map_err(training_failure)?;
            BuiltIn::Mlp(Mlp { hidden, activation, output })
        }
    };
    let iterations = match head {
        BuiltIn::Mlp(_) => classifier::MLP_ITERATIONS,
        _ => ITERATIONS,
    };
    let rate = hyper.steps.learning_rate.unwrap_or(4.0);
    let rates = hyper.steps.schedule.rates(rate, hyper.max_iter.unwrap_or(iterations));
    let request = Request {
        optimizer: optimizer(hyper).unwrap_or(Optimizer::NesterovSchedule),
        alpha: alpha(hyper.penalty, samples),
        batches: hyper.steps.batch_size.map_or(1, |size| samples.div_ceil(size)),
        scoring: hyper.scoring,
        ..Request::new(head, samples, dimension, rates.map_err(training_failure)?)
    };
    let (parameters, plan) =
        with_presets(hyper, |parameters| Plan::new(parameters, contract(parameters).as_ref(), &request))?;
    Ok((plan, parameters))
}
