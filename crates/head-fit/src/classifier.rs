//! What to fit: one options type for every kind of head.

use fhe_head::ranges;
use fhe_head::{Aim, Bootstraps, Error, Optimizer, RateSchedule, Result};
use serde::{Deserialize, Serialize};

use crate::calibrator::Calibrator;
use crate::features::Preprocessing;
use crate::kind::Kind;
use crate::labels::ClassWeight;
use crate::units::TargetUnits;

/// Options of a training. What is `None` is chosen from the training data in the clear, and comes back filled in
/// ([`Training::options`](crate::Training)).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Options<K> {
    /// Which head.
    pub kind: K,
    /// Feature map; whitening with a ridge by default.
    pub preprocessing: Option<Preprocessing>,
    /// How many whitened directions are kept, those of largest variance; all by default.
    pub n_components: Option<usize>,
    /// First-order method.
    pub optimizer: Option<Optimizer>,
    /// Learning rate of the first iteration.
    pub learning_rate: Option<f64>,
    /// How the learning rate changes from then on.
    pub schedule: RateSchedule,
    /// Iterations; by default at most what fits without bootstraps, and 30 for a hidden layer.
    pub max_iter: Option<usize>,
    /// Samples of a mini-batch; all by default.
    pub batch_size: Option<usize>,
    /// Half-width of the interval of the logits on which polynomials stand for functions.
    pub interval: Option<f64>,
    /// What the exported head's logits get, so that its probabilities fit.
    #[serde(flatten)]
    pub calibrator: Option<Calibrator>,
    /// Mean and standard deviation of the numbers that a regression predicts; those of the training samples by default. The head is
    /// trained for numbers in these units, and exported for numbers as they came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target_units: Option<TargetUnits>,
    /// Weight of the L2 penalty (scikit-learn's `alpha`, `1 / (C n)`). Whitening regularises by its ridge.
    pub alpha: f64,
    /// How much each class counts.
    pub class_weight: ClassWeight,
    /// Whether levels are left for scoring encrypted samples with the encrypted head.
    pub scoring: bool,
    /// Where bootstraps may stand.
    pub bootstraps: Bootstraps,
    /// What the plan is chosen by, of all parameter sets unless one is given: without an aim, the time of training and upload.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub optimize: Option<Aim>,
    /// Fixes folds, shuffles and initial weights.
    pub random_state: u64,
}

/// Options for one of the heads that come with the engine. [`Classifier::default`] is a linear head, of the better kind. With data of
/// numbers ([`Data::regression`](crate::Data::regression)) it is a regression.
pub type Classifier = Options<Kind>;

/// Logistic regression with everything chosen from the data: [`Classifier::default`].
pub type LogisticRegression = Classifier;

impl<K> Options<K> {
    /// Default options for a kind of head.
    pub fn new(kind: K) -> Self {
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
            calibrator: None,
            target_units: None,
            alpha: 0.0,
            class_weight: ClassWeight::Uniform,
            scoring: false,
            bootstraps: Bootstraps::Auto,
            optimize: None,
            random_state: 0,
        }
    }

    /// Refuses values out of range, whatever the kind.
    pub(crate) fn check_ranges(&self) -> Result<()> {
        self.preprocessing.map(Preprocessing::check).transpose()?;
        Preprocessing::check_components(self.preprocessing, self.n_components)?;
        self.optimizer.map(Optimizer::check).transpose()?;
        self.schedule.check()?;
        ranges::learning_rate(self.learning_rate)?;
        ranges::max_iter(self.max_iter)?;
        ranges::batch_size(self.batch_size)?;
        ranges::half_width("sigmoid_interval", self.interval)?;
        self.calibrator.as_ref().map(Calibrator::check).transpose()?;
        ranges::alpha(Some(self.alpha))
    }

    /// Mini-batches that so many samples are dealt into.
    ///
    /// # Errors
    /// [`Error::Parameter`] if a batch would hold more samples than there are.
    pub fn batches(&self, samples: usize) -> Result<usize> {
        match self.batch_size {
            Some(size) if size > samples => Err(Error::Parameter {
                name: "batch_size",
                got: size.to_string(),
                expected: format!("at most the number of training samples, {samples}"),
            }),
            Some(size) => Ok(samples.div_ceil(size)),
            None => Ok(1),
        }
    }
}

impl<K: Default> Default for Options<K> {
    fn default() -> Self {
        Self::new(K::default())
    }
}

impl Classifier {
    /// Refuses options out of range.
    ///
    /// # Errors
    /// [`Error::Parameter`] with the option, its value and its range.
    pub fn check(&self) -> Result<()> {
        self.check_ranges()?;
        self.kind.check()
    }
}
