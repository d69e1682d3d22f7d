//! Logistic regression as the data party asks for it: options, checked options, a prepared training.

use ckks::Parameters;
use ndarray::{Array1, Array2, ArrayView1, ArrayView2};

use crate::classifier::PreparedClassifier;
use crate::dense::{self, Iterate, Method};
use crate::engine::trace::RefreshContract;
use crate::error::{Error, Result};
use crate::features::{FeatureMap, Preprocessing};
use crate::heads::{BuiltIn, Logistic};
use crate::labels::ClassWeight;
use crate::model::{Classifier, Head};
use crate::optimizer::{Optimizer, RateSchedule};
use crate::plan::{Depth, Plan, Request};
use crate::samples::{Samples, check_weights};
use crate::sigmoid::Degree;
use crate::tune::{self, Choice, Data, Grid, LearningRates};
use crate::twins;

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

/// Iterations that are tried at most unless asked for more: beyond these, held-out loss hardly falls.
const MOST_ITERATIONS: usize = 8;
/// One iteration from zero weights never evaluates the logistic function: that is linear discriminant analysis, not
/// logistic regression.
const LEAST_ITERATIONS: usize = 2;
/// Ridges of the whitening in units of the mean eigenvalue: from almost full whitening to almost none.
const RIDGES: [f64; 5] = [0.1, 0.3, 1.0, 3.0, 10.0];
/// Four is the inverse of the logistic function's steepest slope, the safe step on whitened features; saturated
/// samples and a ridge allow more.
const LEARNING_RATES: [f64; 6] = [2.0, 4.0, 6.0, 8.0, 12.0, 16.0];
/// Shares of the safe step where features are not whitened. Momentum makes small steps long.
const SHARES: [f64; 7] = [0.02, 0.05, 0.1, 0.2, 0.4, 0.7, 1.0];
/// Half-widths of intervals.
const HALF_WIDTHS: [f64; 11] = [3.0, 4.0, 6.0, 8.0, 10.0, 12.0, 14.0, 16.0, 20.0, 24.0, 32.0];

impl LogisticRegression {
    /// Checks the options.
    ///
    /// # Errors
    /// [`Error::Parameter`] with the option, its value and its range.
    pub fn check(self) -> Result<ValidLogisticRegression> {
        let refuse = |name, got: String, expected: &str| {
            Err(Error::Parameter { name, got, expected: expected.into() })
        };
        self.preprocessing.map(Preprocessing::check).transpose()?;
        Preprocessing::check_components(self.preprocessing, self.n_components)?;
        self.optimizer.map(Optimizer::check).transpose()?;
        self.schedule.check()?;
        match (self.learning_rate, self.max_iter, self.sigmoid_interval, self.alpha) {
            (Some(rate), ..) if !(rate.is_finite() && rate > 0.0) => {
                refuse("learning_rate", rate.to_string(), "a positive number")
            }
            (_, Some(0), ..) => refuse("max_iter", "0".into(), "at least one iteration"),
            (_, _, Some(width), _) if !(0.5..=100.0).contains(&width) => {
                refuse("sigmoid_interval", width.to_string(), "a half-width between 0.5 and 100")
            }
            _ if self.batch_size == Some(0) => refuse("batch_size", "0".into(), "at least one sample"),
            (.., alpha) if !(alpha.is_finite() && alpha >= 0.0) => {
                refuse("alpha", alpha.to_string(), "a number of at least 0")
            }
            _ => Ok(ValidLogisticRegression(self)),
        }
    }
}

/// A training that is ready to be encrypted.
#[derive(Clone, Debug)]
pub struct Prepared {
    /// The feature map; the data party keeps it.
    pub map: FeatureMap,
    /// Samples in the space that is encrypted.
    pub samples: Samples,
    /// The method.
    pub choice: Choice,
    /// What was planned.
    pub request: Request,
    /// Job, levels, keys.
    pub plan: Plan,
    /// Trajectory with the polynomial in plain arithmetic: inside the interval throughout.
    pub rehearsal: Vec<Iterate>,
    /// Parameters to start from, if not from zero.
    pub start: Option<Vec<Array1<f64>>>,
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
        let grid = self.grid(parameters, contract)?;
        let mut refusal = None;
        for choice in tune::choices(data, &grid, limit, self.0.random_state)? {
            match self.rehearse(data, choice, limit, batches)? {
                Ok(rehearsed) => return rehearsed.plan(&self.0, parameters, contract),
                Err(error) => refusal = refusal.or(Some(error)),
            }
        }
        Err(refusal.unwrap_or_else(|| Error::Data("there is no method to choose from".into())))
    }

    /// Trains with the polynomial in plain arithmetic; the inner error says that it left its interval.
    fn rehearse(
        &self,
        data: Data<'_>,
        choice: Choice,
        limit: usize,
        batches: usize,
    ) -> Result<Result<Rehearsed>> {
        let map = FeatureMap::fit(&data.x.view(), &data.sample_weight.view(), choice.preprocessing, limit)?;
        let mapped = map.apply(&data.x.view())?;
        let samples = Samples::new(&mapped.view(), &data.y.view(), &data.sample_weight.view())?;
        let samples = samples.for_batches(batches, self.0.random_state);
        let method = Method {
            optimizer: choice.optimizer,
            learning_rates: self.0.schedule.rates(choice.learning_rate, choice.iterations)?,
            alpha: self.0.alpha,
            sigmoid: Some(&choice.sigmoid),
        };
        let start = match &self.0.warm_start {
            Some(head) => {
                let wanted = BuiltIn::Logistic(Logistic::binary(choice.sigmoid.clone()));
                Some(head.parameters(&wanted, &map)?)
            }
            None => None,
        };
        let first = start.as_ref().map(|start| start[0].view());
        let problem = dense::Problem { batches, start: first, ..samples.problem() };
        let iterates = dense::train(&problem, &method);
        let rates = method.learning_rates;
        let half_width = choice.sigmoid.half_width();
        let outside = iterates.iter().position(|iterate| iterate.largest_logit > half_width);
        Ok(match outside {
            None => Ok(Rehearsed { map, samples, batches, choice, rates, start, iterates }),
            Some(t) => Err(Error::OutsideInterval {
                logit: iterates[t].largest_logit,
                half_width,
                when: format!("in iteration {}", t + 1),
            }),
        })
    }

    fn grid(&self, parameters: &Parameters, contract: Option<&RefreshContract>) -> Result<Grid> {
        let options = &self.0;
        let degrees = match options.sigmoid_degree {
            Some(degree) => vec![degree],
            None => Degree::ALL.to_vec(),
        };
        let scoring = usize::from(options.scoring);
        let levels = parameters.max_level().saturating_sub(scoring);
        let depth = |degree: Degree| Depth::linear(degree.depth()).starting(options.warm_start.is_some());
        let mut allowed = Vec::new();
        let mut refusal = None;
        for degree in degrees {
            let fit = match contract {
                Some(_) => usize::MAX,
                None => depth(degree).iterations_in(levels),
            };
            match options.max_iter {
                Some(wanted) if wanted > fit => {
                    refusal = Some(Error::NeedsBootstrapping {
                        preset: parameters.name().to_owned(),
                        iterations: wanted,
                        needed: depth(degree).of(wanted) + scoring,
                        levels: parameters.max_level(),
                        fit,
                    });
                }
                Some(wanted) => allowed.push((degree, wanted)),
                None if fit == 0 => {}
                None => allowed.push((degree, fit.min(MOST_ITERATIONS))),
            }
        }
        if allowed.is_empty() {
            return Err(refusal.unwrap_or_else(|| Error::Parameter {
                name: "preset",
                got: parameters.name().to_owned(),
                expected: "a parameter set with at least two levels".into(),
            }));
        }
        let most = allowed.iter().map(|&(_, iterations)| iterations).max().unwrap_or(1);
        let one_or = |given: Option<f64>, all: &[f64]| given.map_or(all.to_vec(), |value| vec![value]);
        Ok(Grid {
            preprocessing: match options.preprocessing {
                Some(preprocessing) => vec![preprocessing],
                None => RIDGES.map(|ridge| Preprocessing::Whiten { ridge, standardize: true }).to_vec(),
            },
            optimizers: match options.optimizer {
                Some(optimizer) => vec![optimizer],
                None => vec![Optimizer::GradientDescent, Optimizer::NesterovSchedule],
            },
            learning_rates: match options.learning_rate {
                Some(rate) => LearningRates::Given(vec![rate]),
                None => LearningRates::Scaled { whitened: LEARNING_RATES.to_vec(), shares: SHARES.to_vec() },
            },
            degrees: allowed,
            half_widths: one_or(options.sigmoid_interval, &HALF_WIDTHS),
            iterations: match options.max_iter {
                Some(wanted) => wanted..=wanted,
                None => LEAST_ITERATIONS.min(most)..=most,
            },
            schedule: options.schedule.clone(),
            alpha: options.alpha,
        })
    }
}

/// A training that stays inside its interval.
struct Rehearsed {
    map: FeatureMap,
    samples: Samples,
    batches: usize,
    choice: Choice,
    rates: Vec<f64>,
    start: Option<Vec<Array1<f64>>>,
    iterates: Vec<Iterate>,
}

impl Rehearsed {
    fn plan(
        self,
        options: &LogisticRegression,
        parameters: &Parameters,
        contract: Option<&RefreshContract>,
    ) -> Result<Prepared> {
        let Self { map, samples, batches, choice, rates, start, iterates } = self;
        let first = start.as_ref().map(|start| &start[0]);
        let head = BuiltIn::Logistic(Logistic::binary(choice.sigmoid.clone()));
        let request = Request {
            optimizer: choice.optimizer,
            alpha: options.alpha,
            batches,
            scoring: options.scoring,
            largest_state: largest_state(&iterates, first, choice.optimizer, &rates)
                / choice.sigmoid.half_width(),
            warm_start: start.is_some(),
            ..Request::new(head, samples.len(), map.outputs(), rates)
        };
        let plan = Plan::new(parameters, contract, &request)?;
        Ok(Prepared { map, samples, choice, request, plan, rehearsal: iterates, start })
    }
}

/// Largest absolute weight or momentum of a rehearsal, the momentum by the recurrence of [`crate::optimizer`].
fn largest_state(
    iterates: &[Iterate],
    start: Option<&Array1<f64>>,
    optimizer: Optimizer,
    rates: &[f64],
) -> f64 {
    let largest = |v: &Array1<f64>| v.iter().fold(0.0, |max: f64, x| max.max(x.abs()));
    let Some(first) = iterates.first() else { return 0.0 };
    let mut momentum = Array1::<f64>::zeros(first.weights.len());
    let mut weights = start.cloned().unwrap_or_else(|| momentum.clone());
    let mut bound = largest(&weights);
    for (iterate, step) in iterates.iter().zip(optimizer.steps(rates)) {
        let gradient = &weights - &iterate.weights - step.carry * &momentum;
        momentum = step.decay * &momentum + gradient;
        weights.assign(&iterate.weights);
        bound = bound.max(largest(&weights));
        if optimizer.has_momentum() {
            bound = bound.max(largest(&momentum));
        }
    }
    bound
}

/// A training of any head that is ready to be encrypted.
#[derive(Clone, Debug)]
pub struct PreparedHead {
    /// The feature map; the data party keeps it.
    pub map: FeatureMap,
    /// Samples in the space that is encrypted.
    pub samples: Samples,
    /// What the map does.
    pub preprocessing: Preprocessing,
    /// What was planned.
    pub request: Request,
    /// Job, levels, keys.
    pub plan: Plan,
    /// Parameters to start from, for a head that does not start from zero.
    pub start: Option<Vec<Array1<f64>>>,
}

impl From<Prepared> for PreparedHead {
    fn from(prepared: Prepared) -> Self {
        let Prepared { map, samples, choice, request, plan, start, .. } = prepared;
        Self { map, samples, preprocessing: choice.preprocessing, request, plan, start }
    }
}

impl From<PreparedClassifier> for PreparedHead {
    fn from(prepared: PreparedClassifier) -> Self {
        let PreparedClassifier { map, preprocessing, samples, request, plan, start } = prepared;
        Self { map, samples, preprocessing, request, plan, start }
    }
}

impl PreparedHead {
    /// Parameters of the plain twin: exact arithmetic, exact functions.
    ///
    /// # Errors
    /// None on data that was prepared.
    pub fn train_plain(&self) -> Result<Vec<Array1<f64>>> {
        twins::train_plain(&self.plan, &self.samples, self.start.as_deref())
    }

    /// Parameters of the simulated twin: polynomials, levels, scales and noise as under encryption.
    ///
    /// # Errors
    /// Whatever ciphertexts would refuse.
    pub fn train_simulated(
        &self,
        parameters: &Parameters,
        contract: Option<&RefreshContract>,
    ) -> Result<Vec<Array1<f64>>> {
        let start = self.start.as_deref();
        Ok(twins::train_simulated(&self.plan, parameters, contract, &self.samples, start)?.parameters)
    }

    /// The head from parameters of the encrypted space.
    ///
    /// # Errors
    /// [`Error::Shape`] on another number of parameters.
    pub fn classifier(&self, parameters: &[Array1<f64>]) -> Result<Classifier> {
        Classifier::from_parameters(self.plan.job.head(), &self.map, parameters)
    }
}

impl Prepared {
    /// The plain twin: exact arithmetic, exact logistic function.
    ///
    /// # Errors
    /// None on data that was prepared.
    pub fn train_plain(&self) -> Result<Head> {
        self.head(&twins::train_plain(&self.plan, &self.samples, self.start.as_deref())?[0])
    }

    /// The simulated twin, and the estimated standard deviation of the noise in a weight (before the feature map).
    ///
    /// # Errors
    /// Whatever ciphertexts would refuse.
    pub fn train_simulated(
        &self,
        parameters: &Parameters,
        contract: Option<&RefreshContract>,
    ) -> Result<(Head, f64)> {
        let start = self.start.as_deref();
        let simulated = twins::train_simulated(&self.plan, parameters, contract, &self.samples, start)?;
        Ok((self.head(&simulated.parameters[0])?, simulated.error_std))
    }

    /// The head from weights of the encrypted space.
    ///
    /// # Errors
    /// [`Error::Shape`] on another number of weights.
    pub fn head(&self, weights: &Array1<f64>) -> Result<Head> {
        Head::from_weights(&self.map, &weights.view())
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
