//! Heads of your own: features, choice of method and an exported model as for the heads that come with the engine.

use fhe_head::plan::{Plan, Request};
use fhe_head::{Error, Functions, Head, Job, Optimizer, Result, Samples, Scheme, check_weights, twins};
use ndarray::{Array1, Array2, ArrayView1, ArrayView2, Axis, s};
use serde::{Deserialize, Serialize};

use crate::calibrator::Calibrator;
use crate::classifier::Options;
use crate::features::{FeatureMap, Preprocessing};
use crate::kind::HeadKind;
use crate::labels::{Split, shuffled};
use crate::presets::{PRESETS, on_first};
use crate::training::Training;

/// A family of heads that differ in the interval of their approximations: what the choice of a method has to know of a head of your
/// own.
pub trait Family: Clone {
    /// The head.
    type Head: Head;

    /// The head whose scores lie in `[-half_width, half_width]`.
    ///
    /// # Errors
    /// A half-width that the head does not take.
    fn head(&self, half_width: f64) -> Result<Self::Head>;

    /// Loss of a sample with this label, from its scores and all weights of the encrypted space (one period of each vector).
    fn loss(&self, scores: ArrayView1<'_, f64>, weights: &[Array1<f64>], label: f64) -> f64;
}

/// The kind of [`Options`] for a head of your own.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Custom<F>(pub F);

impl<F: Family> HeadKind for Custom<F> {
    type Head = F::Head;
}

const RIDGES: [f64; 3] = [0.1, 1.0, 10.0];
/// Learning rates on whitened features; a head's own curvature may ask for smaller ones than the logistic loss.
const RATES: [f64; 4] = [0.5, 1.0, 2.0, 4.0];
const ITERATIONS: usize = 4;
const HALF_WIDTHS: [f64; 6] = [3.0, 4.0, 6.0, 8.0, 12.0, 16.0];
/// One sample of so many is held out.
const HELD_OUT: usize = 4;
/// Samples that a choice looks at, at most.
const SAMPLE_LIMIT: usize = 2000;

/// A method, with the loss on held-out samples.
struct Candidate {
    preprocessing: Preprocessing,
    optimizer: Optimizer,
    learning_rate: f64,
    half_width: f64,
    loss: f64,
}

impl<F: Family> Options<Custom<F>> {
    /// As [`Self::prepare_on`], on the first of [`PRESETS`] that has the depth.
    ///
    /// # Errors
    /// As [`Self::prepare_on`].
    pub fn prepare(&self, x: &ArrayView2<'_, f64>, y: &ArrayView1<'_, f64>) -> Result<Training<Custom<F>>> {
        on_first(&PRESETS, |scheme| self.prepare_on(scheme, x, y))
    }

    /// Chooses what is open by the loss on held-out samples, maps the features, plans the training, and rehearses it in the clear on all
    /// samples: where scores leave an interval that was chosen, a wider one is taken.
    ///
    /// `x` is samples by features, `y` their labels, which mean what the head makes of them. Trials run the trainer itself in exact
    /// arithmetic, with the head's polynomials.
    ///
    /// # Errors
    /// As [`crate::Classifier::prepare_on`].
    pub fn prepare_on(
        &self,
        scheme: &Scheme,
        x: &ArrayView2<'_, f64>,
        y: &ArrayView1<'_, f64>,
    ) -> Result<Training<Custom<F>>> {
        self.check_ranges()?;
        let weight = Array1::ones(y.len());
        check_weights(&weight.view(), x.nrows())?;
        let mut best = self.choose(scheme, x, y)?;
        loop {
            let training = self.planned(scheme, x, y, &best)?;
            let logit = training.reach()?;
            if logit <= best.half_width {
                return Ok(training);
            }
            let wider = HALF_WIDTHS.into_iter().find(|width| *width > best.half_width);
            let Some(wider) =
                wider.filter(|width| self.interval.is_none() && self.kind.0.head(*width).is_ok())
            else {
                return Err(Error::OutsideInterval {
                    logit,
                    half_width: best.half_width,
                    when: "in plain training".into(),
                });
            };
            best.half_width = wider;
        }
    }

    /// The training by a method, on all samples.
    fn planned(
        &self,
        scheme: &Scheme,
        x: &ArrayView2<'_, f64>,
        y: &ArrayView1<'_, f64>,
        best: &Candidate,
    ) -> Result<Training<Custom<F>>> {
        let weight = Array1::ones(y.len());
        let limit = self.n_components.unwrap_or(usize::MAX);
        let map = FeatureMap::fit(x, &weight.view(), best.preprocessing, limit)?;
        let batches = self.batches(y.len())?;
        let samples = Samples::new(&map.apply(x)?.view(), y, &weight.view())?;
        let samples = shuffled(samples, batches, self.random_state);
        let rates = self.schedule.rates(best.learning_rate, self.max_iter.unwrap_or(ITERATIONS))?;
        let head = self.kind.0.head(best.half_width)?;
        let request = Request {
            optimizer: best.optimizer,
            alpha: self.alpha,
            batches,
            scoring: self.scoring,
            bootstraps: self.bootstraps,
            ..Request::new(head, samples.len(), map.outputs(), rates)
        };
        let plan = Plan::new(scheme, &request)?;
        let start = request.initial(self.random_state);
        let options = Self {
            preprocessing: Some(best.preprocessing),
            optimizer: Some(best.optimizer),
            learning_rate: Some(best.learning_rate),
            max_iter: Some(plan.job.iterations()),
            interval: Some(best.half_width),
            calibrator: Some(Calibrator::default()),
            ..self.clone()
        };
        Ok(Training { start, ..Training::new(scheme.clone(), options, map, samples, plan) })
    }

    fn choose(&self, scheme: &Scheme, x: &ArrayView2<'_, f64>, y: &ArrayView1<'_, f64>) -> Result<Candidate> {
        let whiten = |ridge| Preprocessing::Whiten { ridge, standardize: true };
        let maps = self.preprocessing.map_or(RIDGES.map(whiten).to_vec(), |map| vec![map]);
        let optimizers = match self.optimizer {
            Some(optimizer) => vec![optimizer],
            None => vec![Optimizer::GradientDescent, Optimizer::NesterovSchedule],
        };
        let rates = self.learning_rate.map_or(RATES.to_vec(), |rate| vec![rate]);
        let step = y.len().div_ceil(SAMPLE_LIMIT);
        let (test, train) = (0..y.len()).step_by(step).partition(|i| (i / step).is_multiple_of(HELD_OUT));
        let split = Split { train, test };
        let mut best: Option<Candidate> = None;
        let mut refusal = None;
        for preprocessing in maps {
            let (trial, test) = Trial::new(self, scheme, x, y, preprocessing, &split)?;
            for &optimizer in &optimizers {
                for &learning_rate in &rates {
                    match trial.run(optimizer, learning_rate, &test)? {
                        Ok((half_width, loss)) if best.as_ref().is_none_or(|best| loss < best.loss) => {
                            best =
                                Some(Candidate { preprocessing, optimizer, learning_rate, half_width, loss });
                        }
                        Ok(_) => {}
                        Err(error) => refusal = refusal.or(Some(error)),
                    }
                }
            }
        }
        best.ok_or_else(|| refusal.unwrap_or_else(|| Error::Data("there is no method to choose from".into())))
    }
}

/// Trainings on one part of the samples behind one map.
struct Trial<'a, F: Family> {
    options: &'a Options<Custom<F>>,
    samples: Samples,
    plan: Plan<F::Head>,
    start: Option<Vec<Array1<f64>>>,
}

/// Held-out samples behind the map, and their labels.
struct HeldOut {
    x: Array2<f64>,
    y: Array1<f64>,
}

impl<'a, F: Family> Trial<'a, F> {
    fn new(
        options: &'a Options<Custom<F>>,
        scheme: &Scheme,
        x: &ArrayView2<'_, f64>,
        y: &ArrayView1<'_, f64>,
        preprocessing: Preprocessing,
        Split { train, test }: &Split,
    ) -> Result<(Self, HeldOut)> {
        let (rows, labels) = (x.select(Axis(0), train), y.select(Axis(0), train));
        let weight = Array1::ones(train.len());
        let limit = options.n_components.unwrap_or(usize::MAX);
        let map = FeatureMap::fit(&rows.view(), &weight.view(), preprocessing, limit)?;
        let samples = Samples::new(&map.apply(&rows.view())?.view(), &labels.view(), &weight.view())?;
        let head = options.kind.0.head(options.interval.unwrap_or(HALF_WIDTHS[0]))?;
        let rates = options.schedule.rates(1.0, options.max_iter.unwrap_or(ITERATIONS))?;
        let request =
            Request { alpha: options.alpha, ..Request::new(head, samples.len(), map.outputs(), rates) };
        let plan = Plan::new(scheme, &request)?;
        let start = request.initial(options.random_state);
        let x = map.apply(&x.select(Axis(0), test).view())?;
        Ok((Self { options, samples, plan, start }, HeldOut { x, y: y.select(Axis(0), test) }))
    }

    /// Trains on the narrowest interval that holds the scores of every iteration: that half-width and the held-out loss. The inner error
    /// says that none holds.
    fn run(&self, optimizer: Optimizer, learning_rate: f64, test: &HeldOut) -> Result<Result<(f64, f64)>> {
        let rates = self.options.schedule.rates(learning_rate, self.plan.job.iterations())?;
        let widths = self.options.interval.map_or(HALF_WIDTHS.to_vec(), |width| vec![width]);
        let (mut logit, mut tried) = (0.0, 0.0);
        for half_width in widths {
            let mut spec = self.plan.job.spec().clone();
            (spec.head, spec.optimizer) = (self.options.kind.0.head(half_width)?, optimizer);
            spec.learning_rates.clone_from(&rates);
            let plan = Plan { job: Job::new(spec)?, ..self.plan.clone() };
            let start = self.start.as_deref();
            let iterates = twins::trajectory(&plan, &self.samples, start, Functions::Polynomials)?;
            let reach = reach(&plan.job, &iterates, &self.samples);
            if reach <= half_width {
                let Some(weights) = iterates.last() else { continue };
                let scores = twins::score(&plan.job, weights, &test.x.view(), Functions::Polynomials)?;
                let losses = scores.rows().into_iter().zip(&test.y);
                let loss = losses
                    .map(|(scores, &label)| self.options.kind.0.loss(scores, weights, label))
                    .sum::<f64>();
                return Ok(Ok((half_width, loss / test.y.len() as f64)));
            }
            (logit, tried) = (reach, half_width);
        }
        Ok(Err(Error::OutsideInterval { logit, half_width: tried, when: "in plain training".into() }))
    }
}

/// The largest score of the samples in a training.
fn reach<H: Head>(job: &Job<H>, iterates: &[Vec<Array1<f64>>], samples: &Samples) -> f64 {
    let features = samples.features();
    // without the constant one
    let features = features.slice(s![.., ..-1]);
    let largest = |scores: Array2<f64>| {
        scores.fold(0.0, |max: f64, z| if z.is_nan() { f64::INFINITY } else { max.max(z.abs()) })
    };
    let of = |weights: &Vec<Array1<f64>>| {
        // weights beyond what a training may start from are far outside any interval
        twins::score(job, weights, &features, Functions::Polynomials).map_or(f64::INFINITY, largest)
    };
    iterates.iter().map(of).fold(0.0, f64::max)
}

/// A trained head of any kind with its feature map: what is exported.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(bound = "H: Head")]
pub struct FittedHead<H: Head> {
    /// The job that it was trained by; it says what the head is.
    pub job: Job<H>,
    /// Weights of the encrypted space, one period of each vector.
    pub weights: Vec<Array1<f64>>,
    /// The feature map.
    pub map: FeatureMap,
}

impl<H: Head> FittedHead<H> {
    /// Scores of samples (rows) with features as they came.
    ///
    /// # Errors
    /// [`Error::Shape`] on another number of features.
    pub fn decision_function(&self, x: &ArrayView2<'_, f64>) -> Result<Array2<f64>> {
        twins::score(&self.job, &self.weights, &self.map.apply(x)?.view(), Functions::Polynomials)
    }
}

impl<F: Family> Training<Custom<F>> {
    /// The largest score of the samples in the plain training.
    fn reach(&self) -> Result<f64> {
        Ok(reach(&self.plan.job, &self.trajectory(Functions::Polynomials)?, &self.samples))
    }

    /// The trained head, from weights of the encrypted space.
    pub fn fitted(&self, weights: Vec<Array1<f64>>) -> FittedHead<F::Head> {
        FittedHead { job: self.plan.job.clone(), weights, map: self.map.clone() }
    }
}
