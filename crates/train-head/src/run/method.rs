//! How a head was trained, for the report.

use fhe_head::{BuiltIn, Head as _, Optimizer};
use head_fit::{Calibrator, ClassWeight, Preprocessing};
use serde::Serialize;

use crate::planning::{Planned, describe};

/// How a head was trained.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Method {
    /// First-order method.
    pub(crate) solver: Optimizer,
    /// Learning rate of the first iteration.
    pub(crate) learning_rate: f64,
    /// Weight of the L2 penalty.
    pub(crate) alpha: f64,
    /// How much each class counts.
    pub(crate) class_weight: ClassWeight,
    /// What the feature map does before the encryption.
    pub(crate) preprocessing: Option<Preprocessing>,
    /// Learning rates of all iterations.
    pub(crate) learning_rates: Vec<f64>,
    /// Number of mini-batches; 1 for full batches.
    pub(crate) batches: usize,
    /// Units, activation and its interval, if the head has a hidden layer.
    pub(crate) hidden: Option<serde_json::Value>,
    /// Whether the classes have an order that the head keeps.
    pub(crate) ordinal: bool,
    /// Degree of the polynomial in place of the logistic function, if the head has logistic functions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) sigmoid_degree: Option<usize>,
    /// Half-width of the interval of the logits; none of a regression, which has no function of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) sigmoid_interval: Option<f64>,
    /// What the logits of the exported head got.
    #[serde(flatten)]
    pub(crate) calibrator: Option<Calibrator>,
    /// What the feature map does, in words.
    pub(crate) features: String,
}

impl Method {
    /// The method of a plan.
    pub(super) fn new(planned: &Planned) -> Self {
        let (options, job) = (&planned.training.options, planned.file.job());
        let (spec, head) = (job.spec(), job.head());
        Self {
            solver: spec.optimizer,
            learning_rate: spec.learning_rates.first().copied().unwrap_or_default(),
            alpha: spec.alpha,
            class_weight: options.class_weight,
            preprocessing: options.preprocessing,
            learning_rates: spec.learning_rates.clone(),
            batches: spec.packing.batches(),
            hidden: describe::hidden_layer(head),
            ordinal: matches!(head, BuiltIn::Ordinal(_)),
            sigmoid_degree: describe::sigmoid_degree(head),
            sigmoid_interval: (!matches!(head, BuiltIn::Ridge(_))).then(|| head.score_unit().value()),
            calibrator: options.calibrator.clone(),
            features: describe::features(
                options,
                planned.training.map.inputs(),
                planned.training.map.outputs(),
            ),
        }
    }
}
