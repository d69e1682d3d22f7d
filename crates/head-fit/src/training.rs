//! Trainings that are ready to be encrypted, with their plain and simulated twins.

use std::cell::OnceCell;

use fhe_head::engine::Operation;
use fhe_head::plan::{Plan, Request};
use fhe_head::twins::{self, SimulatedHead};
use fhe_head::{BuiltIn, Error, Functions, Result, Samples, Scheme, stop};
use ndarray::Array1;
use serde::{Deserialize, Serialize};

use crate::baseline::{HeldOut, HeldOutErrors, cross_validated, ridge_cross_validated};
use crate::classifier::{Classifier, Options};
use crate::data::Data;
use crate::features::{FeatureMap, Preprocessing};
use crate::kind::{HeadKind, Kind};
use crate::labels::Targets;
use crate::model::Model;
use crate::presets::{BOOTSTRAPPED, PRESETS, all_schemes, on_first};
use crate::tune::{Measured, Rehearsed, Task, bytes_to_choose, choose, splits};
use crate::units::TargetUnits;

/// A training that is ready to be encrypted.
#[derive(Clone, Debug)]
pub struct Training<K: HeadKind = Kind> {
    /// The parameter set.
    pub scheme: Scheme,
    /// What was asked for, with everything filled in that was chosen.
    pub options: Options<K>,
    /// The feature map; the data party keeps it.
    pub map: FeatureMap,
    /// Samples in the space that is encrypted, in the order in which mini-batches take them.
    pub samples: Samples,
    /// Job, levels, keys.
    pub plan: Plan<K::Head>,
    /// Weights to start from, one period of each vector, if not from zero.
    pub start: Option<Vec<Array1<f64>>>,
    /// What cross-validation says of the training, for linear heads whose options left something open.
    pub expected: Option<Expected>,
    /// The same for regressions.
    pub expected_errors: Option<ExpectedErrors>,
}

/// What to expect of a training on new samples, beside what plain logistic regression would give.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Expected {
    /// The training, in cross-validation with its polynomials.
    pub training: HeldOut,
    /// Logistic regression in the clear on standardised features, `C` by cross-validation (scikit-learn's `LogisticRegressionCV`), on
    /// the same splits.
    pub logistic_regression: HeldOut,
}

/// What to expect of a regression on new samples, beside what ridge regression in the clear would give.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ExpectedErrors {
    /// The training, in cross-validation.
    pub training: HeldOutErrors,
    /// Ridge regression in closed form on standardised features, its penalty by cross-validation (scikit-learn's `RidgeCV`), on the same
    /// splits.
    pub ridge_regression: HeldOutErrors,
}

impl Expected {
    /// Whether users are warned of it: worse than logistic regression in the clear by more than a point of accuracy or a tenth of the log loss.
    pub fn is_poor(&self) -> bool {
        self.falls_short(0.01, 0.1)
    }

    /// Whether the training is expected to be worse than logistic regression in the clear: by more than these shares of accuracy and of
    /// log loss. Losses that differ by less than 0.005 differ by nothing that anybody sees, whatever share of a small one that is.
    pub fn falls_short(&self, accuracy: f64, log_loss: f64) -> bool {
        let (ours, clear) = (self.training, self.logistic_regression);
        let seen = (clear.log_loss * log_loss).max(LEAST_LOG_LOSS);
        ours.accuracy < clear.accuracy - accuracy || ours.log_loss > clear.log_loss + seen
    }
}

impl Classifier {
    /// Chooses what is open, maps the features, rehearses the training in the clear with the depth of the first of [`PRESETS`] that allows it,
    /// and plans it on the parameter set that serves the aim best.
    ///
    /// A linear head gets bootstraps, and with them more iterations, if fewer iterations are expected to fall short of logistic
    /// regression in the clear and more are expected to be better.
    ///
    /// # Errors
    /// As [`Self::prepare_on`].
    pub fn prepare(&self, data: &Data<'_>, start: Option<&Model>) -> Result<Training> {
        let clear = OnceCell::new();
        let attempt = |scheme: &Scheme| self.prepare_beside(scheme, Presets::Open, data, start, &clear);
        let training = on_first(&PRESETS, attempt)?;
        let Some(expected) = training.expected else { return Ok(training) };
        let bootstraps = training.plan.counts.of(Operation::Refresh) > 0;
        if bootstraps || self.max_iter.is_some() || !expected.falls_short(SHORT_ACCURACY, SHORT_LOG_LOSS) {
            return Ok(training);
        }
        // the shorter training stands whatever keeps a longer one from being planned, unless nobody waits for it any more
        let longer = on_first(&BOOTSTRAPPED, attempt);
        stop::check()?;
        Ok(longer.ok().filter(|longer| longer.pays_over(&training)).unwrap_or(training))
    }

    /// As [`Self::prepare`], on one parameter set. `start` is a model that the training starts from, encrypted by the data party; a
    /// hidden layer fixes units and activation.
    ///
    /// # Errors
    /// [`fhe_head::Error::Parameter`] on an option out of range; [`fhe_head::Error::Data`] on unusable data, for instance too few
    /// samples of a class; [`fhe_head::Error::OutsideInterval`] if the options force values out of their interval;
    /// [`fhe_head::Error::NeedsBootstrapping`] if they ask for more depth than the parameters have.
    pub fn prepare_on(&self, scheme: &Scheme, data: &Data<'_>, start: Option<&Model>) -> Result<Training> {
        self.prepare_beside(scheme, Presets::Given, data, start, &OnceCell::new())
    }

    /// Bytes that a choice of what is open takes for so many samples and features, besides the samples and the rehearsal.
    pub fn bytes_to_choose(&self, targets: Targets, shape: [usize; 2]) -> u64 {
        bytes_to_choose(self, targets, shape)
    }

    /// `clear` keeps the measures of logistic regression in the clear, which do not depend on the scheme.
    fn prepare_beside(
        &self,
        scheme: &Scheme,
        presets: Presets,
        data: &Data<'_>,
        start: Option<&Model>,
        clear: &OnceCell<HeldOut>,
    ) -> Result<Training> {
        self.check()?;
        self.kind.check_for(data.targets())?;
        data.expect_members(match (self.leaves_nothing_open(), data.given_map()) {
            (false, _) => self.least_members(data.targets()),
            (true, None) => 1,
            // the next batch of a training: a class may be missing
            (true, Some(_)) => 0,
        })?;
        let batches = self.batches(data.len())?;
        let data = data.with_class_weight(self.class_weight)?;
        let (options, data) = self.with_units(data)?;
        let start = start.map(|model| match &options.target_units {
            Some(units) => model.clone().in_units(units),
            None => model.clone(),
        });
        let start = start.as_ref();
        let options = match data.given_map() {
            None => options,
            Some(_) => options.behind_given_map()?,
        };
        let (options, data) = (&options, &data);
        let splits = match options.kind {
            Kind::Mlp { .. } => Vec::new(),
            _ if self.leaves_nothing_open() => Vec::new(),
            _ => splits(data, options.random_state, scheme.parameters().literal().secret.parties())?,
        };
        let task = Task { options, data, scheme, start, batches, splits: &splits };
        let rehearsed = choose(task)?;
        let open = self.leaves_the_method_open();
        let held_out = rehearsed.held_out.filter(|_| open);
        let training = match rehearsed.options.interval {
            Some(interval)
                if self.interval.is_none() && scheme.parameters().literal().secret.parties() > 1 =>
            {
                // others' samples, which nobody has looked at, need room as well
                let options = Classifier { interval: Some(WIDER * interval), ..rehearsed.options };
                self.of_fixed(task, options)?
            }
            _ => Training::of_rehearsed(scheme, presets, rehearsed, batches, start.is_some())?,
        };
        Ok(match held_out {
            None => training,
            Some(Measured::Classes(measured)) => {
                let logistic_regression = match clear.get() {
                    Some(known) => *known,
                    None => cross_validated(data, &splits)?,
                };
                let logistic_regression = *clear.get_or_init(|| logistic_regression);
                Training { expected: Some(Expected { training: measured, logistic_regression }), ..training }
            }
            Some(Measured::Numbers(measured)) => {
                let ridge_regression = ridge_cross_validated(data, &splits)?;
                let expected = ExpectedErrors { training: measured, ridge_regression };
                Training { expected_errors: Some(expected), ..training }
            }
        })
    }

    /// The same options for samples behind a map that was made elsewhere.
    fn behind_given_map(self) -> Result<Self> {
        match (self.preprocessing, self.n_components) {
            (None | Some(Preprocessing::Given), None) => {
                Ok(Self { preprocessing: Some(Preprocessing::Given), ..self })
            }
            (map, components) => Err(Error::Parameter {
                name: "preprocessing",
                got: [map.map(|map| map.to_string()), components.map(|kept| format!("{kept} components"))]
                    .into_iter()
                    .flatten()
                    .collect::<Vec<_>>()
                    .join(", "),
                expected: "none beside a map that was made elsewhere".into(),
            }),
        }
    }

    /// The training by a method that was chosen but for its interval, which may ask for a polynomial of a higher degree: then as many
    /// iterations as the levels leave, unless these options say how many.
    fn of_fixed(&self, task: Task<'_, '_>, options: Self) -> Result<Training> {
        let with = |options: &Self| {
            let rehearsed = choose(Task { options, ..task })?;
            Training::of_rehearsed(task.scheme, Presets::Given, rehearsed, task.batches, task.start.is_some())
        };
        match with(&options) {
            Err(Error::NeedsBootstrapping { fit, .. }) if self.max_iter.is_none() && fit > 0 => {
                with(&Self { max_iter: Some(fit), ..options })
            }
            training => training,
        }
    }

    /// Numbers in units in which they have mean 0 and standard deviation 1, unless the options give others; classes and labels as they are.
    fn with_units<'d>(&self, data: Data<'d>) -> Result<(Self, Data<'d>)> {
        let Targets::Numbers(columns) = data.targets() else { return Ok((self.clone(), data)) };
        let units = match &self.target_units {
            Some(units) => units.clone(),
            None => TargetUnits::fit(&data.labels(), &data.weights())?,
        };
        units.check(columns)?;
        let data = data.in_units(&units);
        Ok((Self { target_units: Some(units), ..self.clone() }, data))
    }

    /// What a trained model becomes: its logits calibrated, its numbers in the unit in which they came. The options are
    /// those of a training, with everything filled in.
    pub fn export(&self, model: Model) -> Model {
        let model = match &self.calibrator {
            Some(calibrator) => model.calibrated(calibrator),
            None => model,
        };
        match &self.target_units {
            Some(units) => model.out_of_units(units),
            None => model,
        }
    }

    /// Whether these options say everything that is otherwise chosen from the samples, as those of a [`Training`] do.
    pub fn leaves_nothing_open(&self) -> bool {
        let of_kind = match self.kind {
            Kind::Auto => false,
            Kind::Logistic { degree, fit } | Kind::Ordinal { degree, fit } => {
                degree.is_some() && fit.is_some()
            }
            Kind::Softmax { form } => form.is_some(),
            Kind::Ridge => true,
            Kind::Mlp { hidden, activation_interval, .. } => {
                hidden.is_some() && activation_interval.is_some()
            }
        };
        // of numbers the interval is a unit, which the rehearsal finds, and nothing divides them
        let numbers = self.kind == Kind::Ridge || (self.interval.is_some() && self.calibrator.is_some());
        of_kind && numbers && self.optimizer.is_some() && !self.leaves_the_method_open()
    }

    /// Fewest training samples, of a class, or with and without a label, where something is chosen: every fold of the cross-validation needs
    /// some.
    pub fn least_members(&self, targets: Targets) -> usize {
        if let Targets::Numbers(_) = targets {
            // two for each fold
            return 10;
        }
        let binary = targets == Targets::Classes(2) && !matches!(self.kind, Kind::Mlp { .. });
        if binary { 8 } else { 3 }
    }

    fn leaves_the_method_open(&self) -> bool {
        self.preprocessing.is_none() || self.learning_rate.is_none() || self.max_iter.is_none()
    }
}

/// Whether the parameter set is given.
#[derive(Clone, Copy, Debug)]
enum Presets {
    Given,
    /// Any will do.
    Open,
}

/// Factor by which the interval of the logits is wider than the samples ask for, where several parties train by a method that was chosen
/// on others' samples.
const WIDER: f64 = 1.5;
/// Shares of accuracy and log loss by which a training falls short of logistic regression in the clear, so that bootstraps are tried.
const SHORT_ACCURACY: f64 = 0.005;
const SHORT_LOG_LOSS: f64 = 0.05;
/// Differences of log loss that count: classes that a plane separates have losses near zero, whose shares say nothing.
const LEAST_LOG_LOSS: f64 = 0.005;
/// Bootstraps are taken if they save this share of the log loss,
const SAVED_LOG_LOSS: f64 = 0.03;
/// and the training takes at most this long, in seconds on a usual core.
const MOST_SECONDS: f64 = 300.0;

impl Training {
    fn of_rehearsed(
        scheme: &Scheme,
        presets: Presets,
        rehearsed: Rehearsed,
        batches: usize,
        warm_start: bool,
    ) -> Result<Self> {
        let Rehearsed { options, map, samples, head, rates, start, largest_state, .. } = rehearsed;
        let request = Request {
            optimizer: options.optimizer.unwrap_or(fhe_head::Optimizer::GradientDescent),
            alpha: options.alpha,
            batches,
            scoring: options.scoring,
            bootstraps: options.bootstraps,
            aim: options.optimize.unwrap_or_default(),
            largest_weight: match head {
                BuiltIn::Mlp(_) => samples.largest_weight(batches),
                _ => 1.0,
            },
            largest_state,
            warm_start,
            ..Request::new(head, samples.len(), map.outputs(), rates)
        };
        // what was chosen was chosen for the depth of this scheme: it must have it, even if another one is cheaper
        let plan = Plan::new(scheme, &request)?;
        let (scheme, plan) = match presets {
            Presets::Open => plan.or_cheaper(scheme, &all_schemes()?, &request)?,
            Presets::Given => (scheme.clone(), plan),
        };
        Ok(Self { start, ..Self::new(scheme, options, map, samples, plan) })
    }

    /// Whether this training with bootstraps is worth its time.
    fn pays_over(&self, shorter: &Self) -> bool {
        let loss = |training: &Self| training.expected.map_or(f64::INFINITY, |e| e.training.log_loss);
        let seconds = self.plan.usual_seconds(self.scheme.parameters()).unwrap_or(f64::INFINITY);
        let saved = (loss(shorter) * SAVED_LOG_LOSS).max(LEAST_LOG_LOSS);
        loss(self) <= loss(shorter) - saved && seconds <= MOST_SECONDS
    }

    /// The model for features as they came, from weights of the encrypted space.
    ///
    /// # Errors
    /// [`fhe_head::Error::Shape`] on other weights.
    pub fn model(&self, weights: &[Array1<f64>]) -> Result<Model> {
        Ok(self.options.export(Model::from_weights(self.plan.job.head(), &self.map, weights)?))
    }

    /// The model of the plain twin: exact arithmetic and exact functions, in predictions too.
    ///
    /// # Errors
    /// None on data that was prepared.
    pub fn plain_model(&self) -> Result<Model> {
        Ok(self.model(&self.train_plain()?)?.with_functions(Functions::Exact))
    }
}

impl<K: HeadKind> Training<K> {
    /// A training that starts from zero weights, and of which nothing is known beforehand.
    pub fn new(
        scheme: Scheme,
        options: Options<K>,
        map: FeatureMap,
        samples: Samples,
        plan: Plan<K::Head>,
    ) -> Self {
        Self { scheme, options, map, samples, plan, start: None, expected: None, expected_errors: None }
    }

    /// Weights of the plain twin: exact arithmetic, exact functions. One period of each vector.
    ///
    /// # Errors
    /// None on data that was prepared.
    pub fn train_plain(&self) -> Result<Vec<Array1<f64>>> {
        twins::train_plain(&self.plan, &self.samples, self.start.as_deref())
    }

    /// Weights after each iteration in exact arithmetic.
    ///
    /// # Errors
    /// None on data that was prepared.
    pub fn trajectory(&self, functions: Functions) -> Result<Vec<Vec<Array1<f64>>>> {
        twins::trajectory(&self.plan, &self.samples, self.start.as_deref(), functions)
    }

    /// The simulated twin: polynomials, levels, scales and noise as under encryption.
    ///
    /// # Errors
    /// Whatever ciphertexts would refuse.
    pub fn train_simulated(&self) -> Result<SimulatedHead> {
        twins::train_simulated(&self.plan, &self.scheme, &self.samples, self.start.as_deref())
    }

    /// The same training ended after fewer iterations: its twins are those of a training that the data party stopped early.
    ///
    /// # Errors
    /// [`fhe_head::Error::Parameter`] if no iteration is left.
    pub fn until(&self, iterations: usize) -> Result<Self> {
        Ok(Self { plan: self.plan.until(iterations)?, ..self.clone() })
    }
}
