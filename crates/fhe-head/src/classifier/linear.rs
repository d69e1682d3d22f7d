//! Linear heads of several classes: map, method and iterations by cross-validation, the interval by rehearsal, then the plan.

use ckks::Parameters;

use super::data::Data;
use super::{HALF_WIDTHS, Kind, PreparedClassifier, ValidClassifier};
use crate::dense_linear::{self, Iterate, Loss, Problem};
use crate::engine::trace::RefreshContract;
use crate::error::{Error, Result};
use crate::features::Preprocessing;
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
}

fn exact_loss(kind: Kind) -> Loss<'static> {
    match kind {
        Kind::OneVsRest(_) => Loss::OneVsRest(None),
        Kind::Softmax(_) | Kind::Mlp { .. } => Loss::Softmax(None),
    }
}
fn problem(samples: &Samples, classes: usize) -> Problem<'_> {
    let dense = samples.problem();
    Problem { x: dense.x, y: dense.y, sample_weight: dense.sample_weight, classes, batches: 1 }
}
