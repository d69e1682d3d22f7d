//! What is asked of a training.

use fhe_head::Fit;
use head_fit::{ClassWeight, Model};

use super::hidden::HiddenLayer;
use super::method::{HeadKind, Penalty, Preprocess, Solver};
use super::steps::Steps;

/// Flags of the training, checked. `None` is chosen from the data.
#[derive(Clone, Debug)]
pub(crate) struct Hyper {
    pub(crate) head: Option<HeadKind>,
    pub(crate) solver: Option<Solver>,
    pub(crate) max_iter: Option<usize>,
    pub(crate) steps: Steps,
    /// The hidden layer of a head that has one.
    pub(crate) hidden: Option<HiddenLayer>,
    pub(crate) momentum: Option<f64>,
    pub(crate) penalty: Option<Penalty>,
    pub(crate) class_weight: ClassWeight,
    pub(crate) preprocess: Preprocess,
    pub(crate) ridge: Option<f64>,
    /// Whitened components to keep.
    pub(crate) n_components: Option<usize>,
    pub(crate) sigmoid_degree: Option<usize>,
    pub(crate) sigmoid_interval: Option<f64>,
    pub(crate) sigmoid_fit: Option<Fit>,
    pub(crate) temperature: Option<f64>,
    pub(crate) preset: Option<String>,
    /// True to leave levels for encrypted predictions.
    pub(crate) scoring: bool,
    pub(crate) random_state: u64,
    /// The head to start from, for features as they are read.
    pub(crate) warm_start: Option<Model>,
}

impl Hyper {
    /// Starts from a head. It also gives the kind of head and the hidden layer, unless `--head` is given.
    pub(crate) fn start_from(&mut self, model: Model) {
        if self.head.is_none() {
            self.head = Some(match (&model.hidden, model.softmax, model.output.intercept.len()) {
                (Some(_), ..) => HeadKind::Mlp,
                (None, true, _) => HeadKind::Softmax,
                (None, false, 1) => HeadKind::Logreg,
                (None, false, _) => HeadKind::Ovr,
            });
            self.hidden = model.hidden.as_ref().map(|(layer, activation)| HiddenLayer {
                units: layer.intercept.len(),
                activation: activation.kind(),
                interval: Some(activation.half_width()),
            });
        }
        self.warm_start = Some(model);
    }

    /// The first given flag among those that an earlier plan has settled.
    pub(crate) fn settled_by_a_plan(&self) -> Option<&'static str> {
        let given = [
            ("--head", self.head.is_some()),
            ("--preprocess", self.preprocess != Preprocess::Auto),
            ("--ridge", self.ridge.is_some()),
            ("--n-components", self.n_components.is_some()),
            ("--sigmoid-degree", self.sigmoid_degree.is_some()),
            ("--sigmoid-interval", self.sigmoid_interval.is_some()),
            ("--sigmoid-fit", self.sigmoid_fit.is_some()),
            ("--preset", self.preset.is_some()),
        ];
        given.into_iter().find_map(|(flag, given)| given.then_some(flag))
    }
}
