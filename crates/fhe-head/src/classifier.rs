//! Classifiers of several classes as the data party asks for them: options, checked options, a prepared training.

mod data;
mod hidden;
mod linear;

use ckks::Parameters;
use ndarray::{Array1, ArrayView1, ArrayView2};
use serde::{Deserialize, Serialize};

use crate::activation::Shape;
use crate::engine::trace::RefreshContract;
use crate::error::{Error, Result};
use crate::features::{FeatureMap, Preprocessing};
use crate::model::Classifier as Model;
use crate::optimizer::{Optimizer, RateSchedule};
use crate::options;
use crate::plan::{Bootstraps, Plan, Request};
use crate::samples::Samples;
use crate::sigmoid::Degree;
use crate::softmax;
use crate::twins::{self, Functions};
use data::Data;
pub use hidden::MLP_ITERATIONS;

/// Which head.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// One logistic regression for each class, against the rest.
    OneVsRest(Degree),
    /// Multinomial logistic regression.
    Softmax(softmax::Depth),
    /// One hidden layer, then a softmax.
    Mlp {
        /// Hidden units: 8, 16, 32, 64 or 128.
        hidden: usize,
        /// Their activation.
        activation: Shape,
    },
}

/// Options of a classifier. What is left open is chosen on the training data in plain arithmetic.
#[derive(Clone, Debug, PartialEq)]
pub struct Classifier {
    /// Which head.
    pub kind: Kind,
    /// Feature map; whitening with a ridge by default.
    pub preprocessing: Option<Preprocessing>,
    /// How many whitened directions are kept, those of largest variance; all by default. A power of two is one too many for the
    /// constant feature, and gives up its least direction.
    pub n_components: Option<usize>,
    /// First-order method; gradient descent or Nesterov's by default, Nesterov's for a hidden layer.
    pub optimizer: Option<Optimizer>,
    /// Learning rate of the first iteration.
    pub learning_rate: Option<f64>,
    /// How it changes from then on.
    pub schedule: RateSchedule,
    /// Iterations; by default at most what fits without bootstrapping.
    pub max_iter: Option<usize>,
    /// Samples of a mini-batch; all by default.
    pub batch_size: Option<usize>,
    /// Half-width of the interval on which polynomials stand for functions of the logits.
    pub interval: Option<f64>,
    /// Half-width of the interval on which a polynomial stands for the activation of a hidden layer.
    pub activation_interval: Option<f64>,
    /// Weight of the L2 penalty (scikit-learn's `alpha`, `1 / (C n)`). Whitening regularises by its ridge.
    pub alpha: f64,
    /// Every class counts the same instead of every sample.
    pub balanced: bool,
    /// A head in the clear that the training starts from, encrypted by the data party; without one, linear heads start from zero and
    /// hidden layers from random weights. A hidden layer fixes units and activation. What is chosen by cross-validation is chosen
    /// for trainings from zero.
    pub warm_start: Option<Model>,
    /// Leave levels for scoring encrypted samples with the encrypted head.
    pub scoring: bool,
    /// Where bootstraps may stand: inside iterations too by default.
    pub bootstraps: Bootstraps,
    /// Fixes folds, shuffles and initial weights.
    pub random_state: u64,
}

impl Classifier {
    /// Defaults for a head.
    pub fn new(kind: Kind) -> Self {
        Self {
            kind,
            preprocessing: None,
            n_components: None,
            optimizer: None,
            learning_rate: None,
            schedule: RateSchedule::Constant,
            max_iter: None,
            batch_size: None,
            interval: None,
            activation_interval: None,
            alpha: 0.0,
            balanced: false,
            warm_start: None,
            scoring: false,
            bootstraps: Bootstraps::Auto,
            random_state: 0,
        }
    }

    /// Checks the options.
    ///
    /// # Errors
    /// [`Error::Parameter`] with the option, its value and its range.
    pub fn check(self) -> Result<ValidClassifier> {
        options::features(self.preprocessing, self.n_components)?;
        options::method(self.optimizer, &self.schedule, self.learning_rate)?;
        options::counts(self.max_iter, self.batch_size)?;
        options::half_width("sigmoid_interval", self.interval)?;
        options::half_width("activation_interval", self.activation_interval)?;
        options::alpha(self.alpha)?;
        let hidden = match self.kind {
            Kind::Mlp { hidden, .. } => Some(hidden),
            Kind::OneVsRest(_) | Kind::Softmax(_) => None,
        };
        let sound = |units: &usize| units.is_power_of_two() && (8..=128).contains(units);
        options::require("hidden_layer_sizes", hidden, sound, "8, 16, 32, 64 or 128 units")?;
        Ok(ValidClassifier(self))
    }
}

/// Options that were checked.
#[derive(Clone, Debug, PartialEq)]
pub struct ValidClassifier(Classifier);

/// A training that is ready to be encrypted.
#[derive(Clone, Debug)]
pub struct PreparedClassifier {
    /// The feature map; the data party keeps it.
    pub map: FeatureMap,
    /// What the map does.
    pub preprocessing: Preprocessing,
    /// Samples in the space that is encrypted, shuffled if there are mini-batches.
    pub samples: Samples,
    /// What was planned.
    pub request: Request,
    /// Job, levels, keys.
    pub plan: Plan,
    /// Parameters to start from, for a head that does not start from zero.
    pub start: Option<Vec<Array1<f64>>>,
}
/// Half-widths of intervals.
const HALF_WIDTHS: [f64; 12] = [3.0, 4.0, 5.0, 6.0, 8.0, 10.0, 12.0, 14.0, 16.0, 20.0, 24.0, 32.0];

impl ValidClassifier {
    /// The options.
    pub fn options(&self) -> &Classifier {
        &self.0
    }

    /// Chooses what is open, maps the features, plans the training, and rehearses it in plain arithmetic.
    ///
    /// `x` is samples by features, `y` their class indices below `classes`.
    ///
    /// # Errors
    /// [`Error::Data`] on unusable data, for instance a class without samples; [`Error::OutsideInterval`] if the options given force
    /// values out of their interval; [`Error::NeedsBootstrapping`] if they ask for more depth than the parameters have.
    pub fn prepare(
        &self,
        x: &ArrayView2<'_, f64>,
        y: &ArrayView1<'_, f64>,
        classes: usize,
        parameters: &Parameters,
        contract: Option<&RefreshContract>,
    ) -> Result<PreparedClassifier> {
        self.prepare_weighted(x, y, &Array1::ones(y.len()).view(), classes, parameters, contract)
    }

    /// As [`Self::prepare`], each sample counting as often as its weight says (scikit-learn's `sample_weight`). Weights are relative;
    /// with [`Classifier::balanced`] they multiply those of the classes. The compute party sees none of them.
    ///
    /// # Errors
    /// As [`Self::prepare`]; [`Error::Parameter`] on a weight that is negative or not finite, or if all are zero.
    pub fn prepare_weighted(
        &self,
        x: &ArrayView2<'_, f64>,
        y: &ArrayView1<'_, f64>,
        sample_weight: &ArrayView1<'_, f64>,
        classes: usize,
        parameters: &Parameters,
        contract: Option<&RefreshContract>,
    ) -> Result<PreparedClassifier> {
        let counts = data::check(x, y, sample_weight, classes)?;
        let n = y.len();
        if let Some(size) = self.0.batch_size.filter(|&size| size > n) {
            return Err(Error::Parameter {
                name: "batch_size",
                got: size.to_string(),
                expected: format!("at most the number of training samples, {n}"),
            });
        }
        let of_class = |label: f64| {
            if self.0.balanced { n as f64 / (classes * counts[label as usize]) as f64 } else { 1.0 }
        };
        let weights: Array1<f64> =
            y.iter().zip(sample_weight).map(|(&label, weight)| of_class(label) * weight).collect();
        let data = Data { x: *x, y: *y, weights: weights.view(), classes, components: self.0.n_components };
        match self.0.kind {
            Kind::Mlp { hidden, activation } => {
                self.prepare_hidden(data, hidden, activation, parameters, contract)
            }
            kind => self.prepare_linear(data, kind, parameters, contract),
        }
    }

    fn batches(&self, samples: usize) -> usize {
        self.0.batch_size.map_or(1, |size| samples.div_ceil(size))
    }

    /// Fits the map and maps the samples.
    fn mapped(&self, data: Data<'_>, preprocessing: Preprocessing) -> Result<(FeatureMap, Samples)> {
        let map = FeatureMap::fit(&data.x, &data.weights, preprocessing, data.limit(preprocessing))?;
        let samples = Samples::new(&map.apply(&data.x)?.view(), &data.y, &data.weights)?;
        let batches = self.batches(samples.len());
        let samples = samples.for_batches(batches, self.0.random_state);
        Ok((map, samples))
    }
}

impl PreparedClassifier {
    /// The plain twin: exact arithmetic, exact functions, in predictions too.
    ///
    /// # Errors
    /// None on data that was prepared.
    pub fn train_plain(&self) -> Result<Model> {
        let parameters = twins::train_plain(&self.plan, &self.samples, self.start.as_deref())?;
        Ok(self.model(&parameters)?.with_functions(Functions::Exact))
    }

    /// The simulated twin, and the estimated standard deviation of the noise in a weight (before the feature map).
    ///
    /// # Errors
    /// Whatever ciphertexts would refuse.
    pub fn train_simulated(
        &self,
        parameters: &Parameters,
        contract: Option<&RefreshContract>,
    ) -> Result<(Model, f64)> {
        let start = self.start.as_deref();
        let simulated = twins::train_simulated(&self.plan, parameters, contract, &self.samples, start)?;
        Ok((self.model(&simulated.parameters)?, simulated.error_std))
    }

    /// The classifier for features as they came, from parameters of the encrypted space.
    ///
    /// # Errors
    /// [`Error::Shape`] on other parameters.
    pub fn model(&self, parameters: &[Array1<f64>]) -> Result<Model> {
        Model::from_parameters(self.plan.job.head(), &self.map, parameters)
    }
}
