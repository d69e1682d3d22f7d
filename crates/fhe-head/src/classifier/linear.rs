//! Linear heads of several classes: map, method and iterations by cross-validation, the interval by rehearsal, then the plan.

use ckks::Parameters;
use ndarray::Array1;

use super::data::Data;
use super::{HALF_WIDTHS, Kind, PreparedClassifier, ValidClassifier};
use crate::dense_linear::{self, Iterate, Loss, Problem};
use crate::engine::trace::RefreshContract;
use crate::error::{Error, Result};
use crate::features::{FeatureMap, Preprocessing};
use crate::head::Head as _;
use crate::heads::{BuiltIn, Logistic, Multinomial};
use crate::optimizer::Optimizer;
use crate::plan::{Depth, Plan, Request};
use crate::samples::Samples;
use crate::sigmoid::{Fit, Sigmoid};
use crate::softmax::Softmax;

/// Ridges of the whitening in units of the mean eigenvalue.
const RIDGES: [f64; 5] = [0.01, 0.1, 0.3, 1.0, 3.0];
/// Learning rates; the inverse of the steepest slope is 4 for the logistic function and 2 for the softmax.
const LOGISTIC_RATES: [f64; 3] = [4.0, 6.0, 10.0];
const SOFTMAX_RATES: [f64; 3] = [2.0, 4.0, 6.0];
/// Methods of the first round that enter the second.
const FINALISTS: usize = 8;
/// Iterations that are tried unless asked for more.
const MOST_ITERATIONS: usize = 6;
/// A shorter training wins if its held-out loss is within this share of the best.
const TOLERANCE: f64 = 0.01;

/// A method for a linear head.
#[derive(Clone, Copy, Debug)]
struct Method {
    preprocessing: Preprocessing,
    optimizer: Optimizer,
    learning_rate: f64,
    iterations: usize,
}
impl ValidClassifier {
    pub(super) fn prepare_linear(
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
            None => Depth::linear(residual).starting(self.0.warm_start.is_some()).iterations_in(levels),
        };
        let most = self.0.max_iter.unwrap_or(MOST_ITERATIONS.min(fit)).max(1);
        let method = self.choose(data, kind, most)?;
        let (map, samples) = self.mapped(data, method.preprocessing)?;
        let rates = self.0.schedule.rates(method.learning_rate, method.iterations)?;
        let start = self.linear_start(kind, data.classes, &map)?;
        let problem = Problem {
            batches: self.batches(samples.len()),
            start: start.as_deref(),
            ..problem(&samples, data.classes)
        };
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
            largest_state: run.iter().map(state).fold(largest_start(start.as_deref()), f64::max) / half_width,
            warm_start: start.is_some(),
            ..Request::new(head, samples.len(), map.outputs(), rates)
        };
        let plan = Plan::new(parameters, contract, &request)?;
        let preprocessing = method.preprocessing;
        Ok(PreparedClassifier { map, preprocessing, samples, request, plan, start })
    }

    /// Weights over the mapped features to start from.
    fn linear_start(&self, kind: Kind, classes: usize, map: &FeatureMap) -> Result<Option<Vec<Array1<f64>>>> {
        let Some(head) = &self.0.warm_start else { return Ok(None) };
        // the interval has no part in it
        let wanted = match kind {
            Kind::Softmax(depth) => BuiltIn::Softmax(Multinomial::new(Softmax::new(classes, depth, 8.0)?)),
            Kind::OneVsRest(degree) => {
                let sigmoid = Sigmoid::new(degree, 8.0, Fit::LeastSquares)?;
                BuiltIn::Logistic(Logistic::one_vs_rest(classes, sigmoid))
            }
            Kind::Mlp { .. } => return Ok(None),
        };
        head.parameters(&wanted, map).map(Some)
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

    /// Held-out loss of a method with the polynomial, on an interval that holds in the training part of each fold; infinite if none
    /// does.
    fn held_out_loss(&self, data: Data<'_>, kind: Kind, method: &Method) -> Result<f64> {
        let rates = self.0.schedule.rates(method.learning_rate, method.iterations)?;
        let mut sum = 0.0;
        for (train, test) in data.folds(self.0.random_state) {
            let (_, train, test) = data.fold(&train, &test, method.preprocessing)?;
            let (train, test) = (problem(&train, data.classes), problem(&test, data.classes));
            sum += match self.rehearse(kind, &train, method.optimizer, &rates) {
                Ok((_, run)) => run.last().map_or(f64::INFINITY, |last| {
                    dense_linear::loss_and_accuracy(&test, exact_loss(kind), &last.weights).0
                }),
                Err(Error::OutsideInterval { .. }) => f64::INFINITY,
                Err(error) => return Err(error),
            };
        }
        Ok(sum)
    }

    /// Map, method and iterations by cross-validation: of all with the exact function, of the best with the polynomial.
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
                    for (_, train, test) in &folds {
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
        tried.retain(|(loss, _)| loss.is_finite());
        let near = |tried: &mut Vec<(f64, Method)>, tolerance: f64| {
            let best = tried.iter().map(|(loss, _)| *loss).fold(f64::INFINITY, f64::min);
            tried.retain(|(loss, _)| *loss <= best * (1.0 + tolerance));
            tried.sort_by(|a, b| (a.1.iterations.cmp(&b.1.iterations)).then(a.0.total_cmp(&b.0)));
        };
        near(&mut tried, TOLERANCE);
        tried.truncate(FINALISTS);
        let Some(&(_, first)) = tried.first() else {
            return Err(Error::Data(
                "every learning rate diverged in plain training: give a lower one".into(),
            ));
        };
        for (loss, method) in &mut tried {
            *loss = self.held_out_loss(data, kind, method)?;
        }
        tried.retain(|(loss, _)| loss.is_finite());
        near(&mut tried, TOLERANCE);
        // where no interval holds any, the rehearsal says by how much
        Ok(tried.first().map_or(first, |(_, method)| *method))
    }
}

fn exact_loss(kind: Kind) -> Loss<'static> {
    match kind {
        Kind::OneVsRest(_) => Loss::OneVsRest(None),
        Kind::Softmax(_) | Kind::Mlp { .. } => Loss::Softmax(None),
    }
}

/// Largest weight that a training starts from.
fn largest_start(start: Option<&[Array1<f64>]>) -> f64 {
    start.into_iter().flatten().flatten().fold(0.0, |max: f64, w| max.max(w.abs()))
}

fn problem(samples: &Samples, classes: usize) -> Problem<'_> {
    let dense = samples.problem();
    Problem { x: dense.x, y: dense.y, sample_weight: dense.sample_weight, classes, batches: 1, start: None }
}
