//! The method of a plan as flags: what the user gave, and what was chosen for the rest.

use fhe_head::features::Preprocessing;
use fhe_head::head::Head as _;
use fhe_head::heads::{BuiltIn, Logistic};
use fhe_head::labels::ClassWeight;
use fhe_head::optimizer::{Optimizer, RateSchedule};
use fhe_head::softmax;
use serde_json::{Map, Value, json};

use super::Planned;
use crate::args::{HeadKind, HiddenLayer, Hyper, Penalty, Preprocess, Solver, activation_name, flag_value};

impl Planned {
    /// The flags `hyper` with everything set that was chosen.
    pub(crate) fn chosen(&self, hyper: &Hyper) -> Hyper {
        let request = &self.prepared.request;
        let (solver, momentum) = match request.optimizer {
            Optimizer::NesterovSchedule => (Some(Solver::Nesterov), None),
            Optimizer::Nesterov(momentum) => (None, Some(momentum)),
            _ => (Some(Solver::Gd), None),
        };
        let (preprocess, ridge) = match self.prepared.preprocessing {
            Preprocessing::Center => (Preprocess::None, None),
            Preprocessing::Standardize => (Preprocess::Standardize, None),
            Preprocessing::Whiten { ridge, .. } => (Preprocess::Whiten, Some(ridge)),
        };
        let (head, sigmoid_degree, hidden) = match &request.head {
            BuiltIn::Logistic(Logistic { outputs, sigmoid }) => {
                let head = if *outputs == 1 { HeadKind::Logreg } else { HeadKind::Ovr };
                (head, Some(sigmoid.degree().value()), None)
            }
            BuiltIn::Softmax(head) => {
                let degree = if head.softmax.depth() == softmax::Depth::Three { 5 } else { 3 };
                (HeadKind::Softmax, Some(degree), None)
            }
            BuiltIn::Mlp(head) => {
                let activation = head.activation;
                let interval = Some(activation.half_width());
                let layer = HiddenLayer { units: head.hidden, activation: activation.shape(), interval };
                (HeadKind::Mlp, None, Some(layer))
            }
        };
        let mut chosen = Hyper {
            head: Some(head),
            solver,
            momentum,
            max_iter: Some(request.learning_rates.len()),
            penalty: Some(Penalty::Alpha(request.alpha)),
            preprocess,
            ridge,
            sigmoid_degree,
            sigmoid_interval: Some(request.head.score_unit()),
            hidden,
            preset: Some(self.parameters.name().to_owned()),
            ..hyper.clone()
        };
        chosen.steps.learning_rate = request.learning_rates.first().copied();
        chosen
    }
}

/// Flags as the entries of a job file.
pub(crate) fn flags(hyper: &Hyper) -> Map<String, Value> {
    let (penalty, penalty_value) = match hyper.penalty {
        Some(Penalty::Alpha(alpha)) => ("alpha", Some(alpha)),
        Some(Penalty::C(c)) => ("C", Some(c)),
        None => ("alpha", None),
    };
    let (schedule, power) = match hyper.steps.schedule {
        RateSchedule::InverseScaling(power) => (Some("invscaling"), Some(power)),
        RateSchedule::Cosine => (Some("cosine"), None),
        _ => (None, None),
    };
    let entries = [
        ("head", json!(hyper.head.as_ref().map(flag_value))),
        ("solver", json!(hyper.solver.as_ref().map(flag_value))),
        ("momentum", json!(hyper.momentum)),
        ("max_iter", json!(hyper.max_iter)),
        ("learning_rate", json!(hyper.steps.learning_rate)),
        ("learning_rate_schedule", json!(schedule)),
        ("power_t", json!(power)),
        ("batch_size", json!(hyper.steps.batch_size)),
        (penalty, json!(penalty_value)),
        ("class_weight", json!((hyper.class_weight == ClassWeight::Balanced).then_some("balanced"))),
        ("preprocess", json!(flag_value(&hyper.preprocess))),
        ("ridge", json!(hyper.ridge)),
        ("n_components", json!(hyper.n_components)),
        ("sigmoid_degree", json!(hyper.sigmoid_degree)),
        ("sigmoid_interval", json!(hyper.sigmoid_interval)),
        ("hidden_layer_sizes", json!(hyper.hidden.map(|layer| layer.units))),
        ("activation", json!(hyper.hidden.map(|layer| activation_name(layer.activation)))),
        ("activation_interval", json!(hyper.hidden.and_then(|layer| layer.interval))),
        ("preset", json!(hyper.preset)),
        ("scoring", json!(hyper.scoring.then_some(true))),
        ("random_state", json!(hyper.random_state)),
    ];
    let given = entries.into_iter().filter(|(_, value)| !value.is_null());
    given.map(|(name, value)| (name.to_owned(), value)).collect()
}
