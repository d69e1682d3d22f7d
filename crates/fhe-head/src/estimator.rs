//! Logistic regression as the data party asks for it: options, checked options, a prepared training.

mod grid;
mod prepared;
mod rehearsal;

pub use prepared::{Prepared, PreparedHead};

use ckks::Parameters;
use ndarray::{Array1, Array2, ArrayView1, ArrayView2};

use crate::engine::trace::RefreshContract;
use crate::error::{Error, Result};
use crate::features::Preprocessing;
use crate::labels::ClassWeight;
use crate::model::Classifier;
use crate::optimizer::{Optimizer, RateSchedule};
use crate::options;
use crate::samples::check_weights;
use crate::sigmoid::Degree;
use crate::tune::{self, Data};
use rehearsal::rehearse;

/// Options of a binary logistic head. What is left open is chosen by cross-validation on the training data in plain
/// arithmetic.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LogisticRegression {
    /// Feature map; whitening with a ridge by default.
    pub preprocessing: Option<Preprocessing>,
    /// How many whitened directions are kept, those of largest variance; all by default. A power of two is one too many for the
    /// constant feature, and gives up its least direction.
    pub n_components: Option<usize>,
    /// First-order method; gradient descent or Nesterov's by default.
    pub optimizer: Option<Optimizer>,
    /// Learning rate of the first iteration.
    pub learning_rate: Option<f64>,
    /// How it changes from then on.
    pub schedule: RateSchedule,
    /// Iterations; by default at most what fits without bootstrapping.
    pub max_iter: Option<usize>,
    /// Samples of a mini-batch; all by default.
    pub batch_size: Option<usize>,
    /// Degree of the polynomial that stands for the logistic function.
    pub sigmoid_degree: Option<Degree>,
    /// Half-width of the interval on which it does.
    pub sigmoid_interval: Option<f64>,
    /// Weight of the L2 penalty (scikit-learn's `alpha`, `1 / (C n)`). Whitening regularises by its ridge.
    pub alpha: f64,
    /// How much each class counts.
    pub class_weight: ClassWeight,
    /// A head in the clear that the training starts from, encrypted by the data party; zero without one. What is chosen by
    /// cross-validation is chosen for trainings from zero.
    pub warm_start: Option<Classifier>,
    /// Leave levels for scoring encrypted samples with the encrypted head.
    pub scoring: bool,
    /// Fixes the folds of the cross-validation and the shuffle of mini-batches.
    pub random_state: u64,
}

/// Options that were checked.
#[derive(Clone, Debug, PartialEq)]
pub struct ValidLogisticRegression(LogisticRegression);

impl LogisticRegression {
    /// Checks the options.
    ///
    /// # Errors
    /// [`Error::Parameter`] with the option, its value and its range.
    pub fn check(self) -> Result<ValidLogisticRegression> {
        options::features(self.preprocessing, self.n_components)?;
        options::method(self.optimizer, &self.schedule, self.learning_rate)?;
        options::counts(self.max_iter, self.batch_size)?;
        options::half_width("sigmoid_interval", self.sigmoid_interval)?;
        options::alpha(self.alpha)?;
        Ok(ValidLogisticRegression(self))
    }
}

impl ValidLogisticRegression {
    /// The options.
    pub fn options(&self) -> &LogisticRegression {
        &self.0
    }

    /// Chooses what is open, maps the features, plans the training, and rehearses it in plain arithmetic.
    ///
    /// `x` is samples by features, `y` their labels, 0 or 1.
    ///
    /// # Errors
    /// [`Error::Data`] on unusable data; [`Error::OutsideInterval`] if the options given force logits out of the
    /// interval; [`Error::NeedsBootstrapping`] if they ask for more depth than the parameters have.
    pub fn prepare(
        &self,
        x: &ArrayView2<'_, f64>,
        y: &ArrayView1<'_, f64>,
        parameters: &Parameters,
        contract: Option<&RefreshContract>,
    ) -> Result<Prepared> {
        self.prepare_weighted(x, y, &Array1::ones(y.len()).view(), parameters, contract)
    }

    /// As [`Self::prepare`], each sample counting as often as its weight says (scikit-learn's `sample_weight`). Weights are relative;
    /// they multiply those of the classes. The compute party sees none of them.
    ///
    /// # Errors
    /// As [`Self::prepare`]; [`Error::Parameter`] on a weight that is negative or not finite, or if all are zero.
    pub fn prepare_weighted(
        &self,
        x: &ArrayView2<'_, f64>,
        y: &ArrayView1<'_, f64>,
        sample_weight: &ArrayView1<'_, f64>,
        parameters: &Parameters,
        contract: Option<&RefreshContract>,
    ) -> Result<Prepared> {
        let (x, y) = (x.to_owned(), y.to_owned());
        check_data(&x, &y, sample_weight)?;
        let batches = batches(self.0.batch_size, y.len())?;
        let weights = self.0.class_weight.weights(&y)? * sample_weight;
        let data = Data { x: &x, y: &y, sample_weight: &weights };
        let usual = Preprocessing::Whiten { ridge: 1.0, standardize: true };
        let limit = self.0.preprocessing.unwrap_or(usual).kept(x.ncols(), self.0.n_components);
        let grid = grid::of(&self.0, parameters, contract)?;
        let mut refusal = None;
        for choice in tune::choices(data, &grid, limit, self.0.random_state)? {
            match rehearse(&self.0, data, choice, limit, batches)? {
                Ok(rehearsed) => return rehearsed.plan(&self.0, parameters, contract),
                Err(error) => refusal = refusal.or(Some(error)),
            }
        }
        Err(refusal.unwrap_or_else(|| Error::Data("there is no method to choose from".into())))
    }
}

/// Mini-batches of a size.
///
/// # Errors
/// [`Error::Parameter`] if there are fewer samples.
pub(crate) fn batches(size: Option<usize>, samples: usize) -> Result<usize> {
    match size {
        Some(size) if size > samples => Err(Error::Parameter {
            name: "batch_size",
            got: size.to_string(),
            expected: format!("at most the number of training samples, {samples}"),
        }),
        Some(size) => Ok(samples.div_ceil(size)),
        None => Ok(1),
    }
}

fn check_data(x: &Array2<f64>, y: &Array1<f64>, sample_weight: &ArrayView1<'_, f64>) -> Result<()> {
    if x.nrows() != y.len() {
        return Err(Error::Shape { what: "labels", expected: x.nrows(), got: y.len() });
    }
    if x.ncols() == 0 {
        return Err(Error::Data("there are no features".into()));
    }
    check_weights(sample_weight, x.nrows())?;
    if !y.iter().all(|y| *y == 0.0 || *y == 1.0) {
        return Err(Error::Data("labels must be 0 or 1".into()));
    }
    let count = |class: f64| y.iter().zip(sample_weight).filter(|(y, w)| **y == class && **w > 0.0).count();
    let (negatives, positives) = (count(0.0), count(1.0));
    // every fold of the cross-validation needs both
    if positives.min(negatives) < 8 {
        let weighted = if negatives + positives < y.len() { " with a weight above 0" } else { "" };
        return Err(Error::Data(format!(
            "{negatives} samples of one class and {positives} of the other{weighted}: training needs at least 8 of each"
        )));
    }
    Ok(())
}
