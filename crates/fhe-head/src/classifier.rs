//! Classifiers of several classes as the data party asks for them: options, checked options, a prepared training.

use ckks::Parameters;
use ndarray::{Array1, Array2, ArrayView1, ArrayView2, Axis};
use serde::{Deserialize, Serialize};

use crate::activation::{Activation, Shape};
use crate::dense_linear::{self, Iterate, Loss, Problem};
use crate::engine::trace::RefreshContract;
use crate::error::{Error, Result};
use crate::features::{FeatureMap, Preprocessing};
use crate::head::Head;
use crate::heads::{BuiltIn, Logistic, Mlp, Multinomial, Output};
use crate::labels::stratified_folds;
use crate::model::Classifier as Model;
use crate::optimizer::{Optimizer, RateSchedule};
use crate::plan::{Depth, Plan, Request};
use crate::samples::Samples;
use crate::sigmoid::{Degree, Fit, Sigmoid};
use crate::softmax::{self, Softmax};
use crate::twins;

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
    /// Weight of the L2 penalty (scikit-learn's `alpha`, `1 / (C n)`). Whitening regularises by its ridge.
    pub alpha: f64,
    /// Every class counts the same instead of every sample.
    pub balanced: bool,
    /// Leave levels for scoring encrypted samples with the encrypted head.
    pub scoring: bool,
    /// Fixes folds, shuffles and initial weights.
    pub random_state: u64,
}

impl Classifier {
    /// Defaults for a head.
    pub fn new(kind: Kind) -> Self {
        Self {
            kind,
            preprocessing: None,
            optimizer: None,
            learning_rate: None,
            schedule: RateSchedule::Constant,
            max_iter: None,
            batch_size: None,
            interval: None,
            alpha: 0.0,
            balanced: false,
            scoring: false,
            random_state: 0,
        }
    }

    /// Checks the options.
    ///
    /// # Errors
    /// [`Error::Parameter`] with the option, its value and its range.
    pub fn check(self) -> Result<ValidClassifier> {
        let refuse = |name, got: String, expected: &str| {
            Err(Error::Parameter { name, got, expected: expected.into() })
        };
        self.preprocessing.map(Preprocessing::check).transpose()?;
        self.optimizer.map(Optimizer::check).transpose()?;
        self.schedule.check()?;
        if let Kind::Mlp { hidden, .. } = self.kind
            && !(hidden.is_power_of_two() && (8..=128).contains(&hidden))
        {
            return refuse("hidden_layer_sizes", hidden.to_string(), "8, 16, 32, 64 or 128 units");
        }
        match (self.learning_rate, self.max_iter, self.interval, self.batch_size) {
            (Some(rate), ..) if !(rate.is_finite() && rate > 0.0) => {
                refuse("learning_rate", rate.to_string(), "a positive number")
            }
            (_, Some(0), ..) => refuse("max_iter", "0".into(), "at least one iteration"),
            (_, _, Some(width), _) if !(0.5..=100.0).contains(&width) => {
                refuse("interval", width.to_string(), "a half-width between 0.5 and 100")
            }
            (.., Some(0)) => refuse("batch_size", "0".into(), "at least one sample"),
            _ if !(self.alpha.is_finite() && self.alpha >= 0.0) => {
                refuse("alpha", self.alpha.to_string(), "a number of at least 0")
            }
            _ => Ok(ValidClassifier(self)),
        }
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

/// Ridges of the whitening in units of the mean eigenvalue.
const RIDGES: [f64; 5] = [0.01, 0.1, 0.3, 1.0, 3.0];
/// Learning rates; the inverse of the steepest slope is 4 for the logistic function and 2 for the softmax.
const LOGISTIC_RATES: [f64; 3] = [4.0, 6.0, 10.0];
const SOFTMAX_RATES: [f64; 3] = [2.0, 4.0, 6.0];
/// Iterations that are tried unless asked for more.
const MOST_ITERATIONS: usize = 6;
/// Half-widths of intervals.
const HALF_WIDTHS: [f64; 12] = [3.0, 4.0, 5.0, 6.0, 8.0, 10.0, 12.0, 14.0, 16.0, 20.0, 24.0, 32.0];
const FOLDS: usize = 3;
/// Samples beyond this number do not change the choice, and cost time.
const SAMPLE_LIMIT: usize = 3000;
/// A shorter training wins if its held-out loss is within this share of the best.
const TOLERANCE: f64 = 0.01;
/// Defaults of a hidden layer.
const MLP_RIDGE: f64 = 0.3;
const MLP_RATE: f64 = 0.5;
const MLP_MOMENTUM: f64 = 0.9;
const MLP_ITERATIONS: usize = 30;
/// Room for the difference between polynomial and function.
const MARGIN: f64 = 1.1;

/// A method for a linear head.
#[derive(Clone, Copy, Debug)]
struct Method {
    preprocessing: Preprocessing,
    optimizer: Optimizer,
    learning_rate: f64,
    iterations: usize,
}

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
        let counts = check_data(x, y, classes)?;
        let n = y.len();
        if let Some(size) = self.0.batch_size.filter(|&size| size > n) {
            return Err(Error::Parameter {
                name: "batch_size",
                got: size.to_string(),
                expected: format!("at most the number of training samples, {n}"),
            });
        }
        let weight = |label: &f64| {
            if self.0.balanced { n as f64 / (classes * counts[*label as usize]) as f64 } else { 1.0 }
        };
        let weights: Array1<f64> = y.iter().map(weight).collect();
        let data = Data { x: *x, y: *y, weights: weights.view(), classes };
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

    fn prepare_linear(
        &self,
        data: Data<'_>,
        kind: Kind,
        parameters: &Parameters,
        contract: Option<&RefreshContract>,
    ) -> Result<PreparedClassifier> {
        let residual = match kind {
            Kind::Softmax(depth) => depth.levels(),
            Kind::OneVsRest(degree) => degree.depth(),
            Kind::Mlp { .. } => 0,
        };
        let levels = parameters.max_level() - usize::from(self.0.scoring);
        let fit = match contract {
            Some(_) => usize::MAX,
            None => Depth::linear(residual).iterations_in(levels),
        };
        let most = self.0.max_iter.unwrap_or(MOST_ITERATIONS.min(fit)).max(1);
        let method = self.choose(data, kind, most)?;
        let (map, samples) = self.mapped(data, method.preprocessing)?;
        let rates = self.0.schedule.rates(method.learning_rate, method.iterations)?;
        let problem = Problem { batches: self.batches(samples.len()), ..problem(&samples, data.classes) };
        let (head, run) = self.rehearse(kind, &problem, method.optimizer, &rates)?;
        let half_width = head.score_unit();
        let state = |iterate: &Iterate| match method.optimizer.has_momentum() {
            true => dense_linear::largest(&iterate.weights).max(iterate.largest_momentum),
            false => dense_linear::largest(&iterate.weights),
        };
        let request = Request {
            optimizer: method.optimizer,
            alpha: self.0.alpha,
            batches: problem.batches,
            scoring: self.0.scoring,
            largest_state: run.iter().map(state).fold(0.0, f64::max) / half_width,
            ..Request::new(head, samples.len(), map.outputs(), rates)
        };
        let plan = Plan::new(parameters, contract, &request)?;
        let preprocessing = method.preprocessing;
        Ok(PreparedClassifier { map, preprocessing, samples, request, plan, start: None })
    }

    /// Fits the map and maps the samples; a feature more than a power of two would double everything, and whitening gives up its
    /// least direction instead.
    fn mapped(&self, data: Data<'_>, preprocessing: Preprocessing) -> Result<(FeatureMap, Samples)> {
        let whitens = matches!(preprocessing, Preprocessing::Whiten { .. });
        let limit = match data.x.ncols() {
            n if n.is_power_of_two() && n > 1 && whitens => n - 1,
            n => n,
        };
        let map = FeatureMap::fit(&data.x, &data.weights, preprocessing, limit)?;
        let samples = Samples::new(&map.apply(&data.x)?.view(), &data.y, &data.weights)?;
        let batches = self.batches(samples.len());
        let samples = if batches > 1 { samples.shuffled(self.0.random_state) } else { samples };
        Ok((map, samples))
    }

    /// The interval by rehearsal: with the exact function, then with the polynomial, widened until it holds the logits.
    fn rehearse(
        &self,
        kind: Kind,
        problem: &Problem<'_>,
        optimizer: Optimizer,
        rates: &[f64],
    ) -> Result<(BuiltIn, Vec<Iterate>)> {
        let run = |loss: Loss<'_>| dense_linear::train(problem, loss, optimizer, rates, self.0.alpha);
        let reach = |run: &[Iterate]| run.iter().map(|iterate| iterate.largest_logit).fold(0.0, f64::max);
        let exact = reach(&run(exact_loss(kind)));
        let widths = match self.0.interval {
            Some(width) => vec![width],
            None => HALF_WIDTHS.iter().copied().filter(|&width| width >= exact).collect(),
        };
        let mut refusal = Error::OutsideInterval {
            logit: exact,
            half_width: HALF_WIDTHS[HALF_WIDTHS.len() - 1],
            when: "in plain training".into(),
        };
        for half_width in widths {
            let (head, iterates) = match kind {
                Kind::Softmax(depth) => {
                    let softmax = Softmax::new(problem.classes, depth, half_width)?;
                    let iterates = run(Loss::Softmax(Some(&softmax)));
                    (BuiltIn::Softmax(Multinomial::new(softmax)), iterates)
                }
                Kind::OneVsRest(degree) => {
                    let sigmoid = Sigmoid::new(degree, half_width, Fit::LeastSquares)?;
                    let iterates = run(Loss::OneVsRest(Some(&sigmoid)));
                    (BuiltIn::Logistic(Logistic::one_vs_rest(problem.classes, sigmoid)), iterates)
                }
                Kind::Mlp { .. } => return Err(refusal),
            };
            let logit = reach(&iterates);
            if logit <= half_width {
                return Ok((head, iterates));
            }
            refusal = Error::OutsideInterval { logit, half_width, when: "in plain training".into() };
        }
        Err(refusal)
    }

    /// Map, method and iterations by cross-validation with the exact function.
    fn choose(&self, data: Data<'_>, kind: Kind, most: usize) -> Result<Method> {
        let options = &self.0;
        let maps = match options.preprocessing {
            Some(map) => vec![map],
            None => RIDGES.map(|ridge| Preprocessing::Whiten { ridge, standardize: false }).to_vec(),
        };
        let optimizers = match options.optimizer {
            Some(optimizer) => vec![optimizer],
            None => vec![Optimizer::GradientDescent, Optimizer::NesterovSchedule],
        };
        let rates = match (options.learning_rate, kind) {
            (Some(rate), _) => vec![rate],
            (None, Kind::Softmax(_)) => SOFTMAX_RATES.to_vec(),
            (None, _) => LOGISTIC_RATES.to_vec(),
        };
        let fixed = options.max_iter.is_some();
        let mut tried: Vec<(f64, Method)> = Vec::new();
        let folds = data.folds(options.random_state);
        for &preprocessing in &maps {
            let folds = folds
                .iter()
                .map(|(train, test)| data.fold(train, test, preprocessing))
                .collect::<Result<Vec<_>>>()?;
            for &optimizer in &optimizers {
                for &learning_rate in &rates {
                    let mut losses = vec![0.0; most];
                    let schedule = options.schedule.rates(learning_rate, most)?;
                    for (train, test) in &folds {
                        let (train, test) = (problem(train, data.classes), problem(test, data.classes));
                        let loss = exact_loss(kind);
                        let run = dense_linear::train(&train, loss, optimizer, &schedule, options.alpha);
                        for (sum, iterate) in losses.iter_mut().zip(&run) {
                            *sum += dense_linear::loss_and_accuracy(&test, loss, &iterate.weights).0;
                        }
                    }
                    for (iterations, loss) in (1..).zip(losses) {
                        // one iteration never sees a logit: that is discriminant analysis
                        if iterations == most || !fixed && iterations > 1 {
                            tried
                                .push((loss, Method { preprocessing, optimizer, learning_rate, iterations }));
                        }
                    }
                }
            }
        }
        let best = tried.iter().map(|(loss, _)| *loss).fold(f64::INFINITY, f64::min);
        let near = tried.iter().filter(|(loss, _)| *loss <= best * (1.0 + TOLERANCE));
        near.min_by(|a, b| {
            (a.1.iterations, a.0).partial_cmp(&(b.1.iterations, b.0)).unwrap_or(std::cmp::Ordering::Equal)
        })
        .map(|(_, method)| *method)
        .ok_or_else(|| Error::Data("every learning rate diverged in plain training: give a lower one".into()))
    }

    fn prepare_hidden(
        &self,
        data: Data<'_>,
        hidden: usize,
        shape: Shape,
        parameters: &Parameters,
        contract: Option<&RefreshContract>,
    ) -> Result<PreparedClassifier> {
        let options = &self.0;
        let whitened = Preprocessing::Whiten { ridge: MLP_RIDGE, standardize: false };
        let preprocessing = options.preprocessing.unwrap_or(whitened);
        let (map, samples) = self.mapped(data, preprocessing)?;
        let rates = options
            .schedule
            .rates(options.learning_rate.unwrap_or(MLP_RATE), options.max_iter.unwrap_or(MLP_ITERATIONS))?;
        let head = |arguments: f64, logits: f64| -> Result<Mlp> {
            let output = match data.classes {
                2 => {
                    let sigmoid = Sigmoid::new(Degree::Three, logits, Fit::LeastSquares)?;
                    Output::Logistic(Logistic::binary(sigmoid))
                }
                classes => {
                    Output::Softmax(Multinomial::new(Softmax::new(classes, softmax::Depth::Two, logits)?))
                }
            };
            Ok(Mlp { hidden, activation: Activation::new(shape, arguments)?, output })
        };
        let optimizer = options.optimizer.unwrap_or(Optimizer::Nesterov(MLP_MOMENTUM));
        let (mut arguments, mut logits) = (4.0, options.interval.unwrap_or(4.0));
        // widened until a rehearsal with the polynomials stays inside
        for _ in 0..HALF_WIDTHS.len() {
            let head = head(arguments, logits)?;
            let start: Vec<Array1<f64>> = head
                .initial(samples.padded_features(), options.random_state)
                .unwrap_or_default()
                .into_iter()
                .map(Array1::from_vec)
                .collect();
            let request = Request {
                optimizer,
                alpha: options.alpha,
                batches: self.batches(samples.len()),
                scoring: options.scoring,
                ..Request::new(BuiltIn::Mlp(head), samples.len(), map.outputs(), rates.clone())
            };
            let plan = Plan::new(parameters, contract, &request)?;
            let reach = twins::rehearse_hidden(&plan, &samples, &start)?;
            let next = |reach: f64| HALF_WIDTHS.iter().copied().find(|&width| width >= MARGIN * reach);
            match (next(reach.arguments), next(reach.logits)) {
                (Some(a), Some(l)) if a <= arguments && l <= logits => {
                    let request = Request { largest_state: reach.state, ..request };
                    let plan = Plan::new(parameters, contract, &request)?;
                    return Ok(PreparedClassifier {
                        map,
                        preprocessing,
                        samples,
                        request,
                        plan,
                        start: Some(start),
                    });
                }
                (Some(a), Some(l)) => (arguments, logits) = (arguments.max(a), logits.max(l)),
                _ => break,
            }
        }
        Err(Error::OutsideInterval {
            logit: f64::INFINITY,
            half_width: HALF_WIDTHS[HALF_WIDTHS.len() - 1],
            when: "in plain training of the hidden layer".into(),
        })
    }
}

fn exact_loss(kind: Kind) -> Loss<'static> {
    match kind {
        Kind::OneVsRest(_) => Loss::OneVsRest(None),
        Kind::Softmax(_) | Kind::Mlp { .. } => Loss::Softmax(None),
    }
}

/// Raw data.
#[derive(Clone, Copy)]
struct Data<'a> {
    x: ArrayView2<'a, f64>,
    y: ArrayView1<'a, f64>,
    weights: ArrayView1<'a, f64>,
    classes: usize,
}

impl Data<'_> {
    fn folds(&self, random_state: u64) -> Vec<(Vec<usize>, Vec<usize>)> {
        let step = self.y.len().div_ceil(SAMPLE_LIMIT);
        let shrink = |part: Vec<usize>| part.into_iter().step_by(step).collect();
        stratified_folds(&self.y.to_owned(), FOLDS, random_state)
            .into_iter()
            .map(|split| (shrink(split.train), shrink(split.test)))
            .collect()
    }

    fn fold(
        &self,
        train: &[usize],
        test: &[usize],
        preprocessing: Preprocessing,
    ) -> Result<(Samples, Samples)> {
        let rows = |part: &[usize]| self.x.select(Axis(0), part);
        let pick = |v: &ArrayView1<'_, f64>, part: &[usize]| v.select(Axis(0), part);
        let (x, weights) = (rows(train), pick(&self.weights, train));
        let map = FeatureMap::fit(&x.view(), &weights.view(), preprocessing, x.ncols())?;
        let samples = |x: Array2<f64>, part: &[usize]| {
            let (y, weights) = (pick(&self.y, part), pick(&self.weights, part));
            Samples::new(&map.apply(&x.view())?.view(), &y.view(), &weights.view())
        };
        Ok((samples(x, train)?, samples(rows(test), test)?))
    }
}

fn problem(samples: &Samples, classes: usize) -> Problem<'_> {
    let dense = samples.problem();
    Problem { x: dense.x, y: dense.y, sample_weight: dense.sample_weight, classes, batches: 1 }
}

/// Number of samples of each class.
fn check_data(x: &ArrayView2<'_, f64>, y: &ArrayView1<'_, f64>, classes: usize) -> Result<Vec<usize>> {
    if x.nrows() != y.len() {
        return Err(Error::Shape { what: "labels", expected: x.nrows(), got: y.len() });
    }
    if x.ncols() == 0 {
        return Err(Error::Data("there are no features".into()));
    }
    let mut counts = vec![0usize; classes];
    for (i, &label) in y.iter().enumerate() {
        match counts.get_mut(label as usize).filter(|_| label.fract() == 0.0 && label >= 0.0) {
            Some(count) => *count += 1,
            None => {
                return Err(Error::Data(format!(
                    "label {label} of sample {i} is not a class below {classes}"
                )));
            }
        }
    }
    match counts.iter().position(|&count| count < FOLDS) {
        None => Ok(counts),
        Some(class) => Err(Error::Data(format!(
            "class {class} has {} training samples: it needs at least {FOLDS}; merge it with another or leave it out",
            counts[class]
        ))),
    }
}

impl PreparedClassifier {
    /// The plain twin: exact arithmetic, exact functions.
    ///
    /// # Errors
    /// None on data that was prepared.
    pub fn train_plain(&self) -> Result<Model> {
        self.model(&twins::train_plain(&self.plan, &self.samples, self.start.as_deref())?)
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
