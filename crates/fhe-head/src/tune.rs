//! Choosing a method by cross-validation in plain arithmetic, on the data party's side, before anything is encrypted.
//!
//! First the maps and the optimiser, with the exact logistic function; then, for the best of these, the polynomial and
//! its interval, with the arithmetic that ciphertexts will do. Candidates whose logits leave the interval drop out.

use std::ops::RangeInclusive;

use ndarray::{Array1, Array2, Axis};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::dense::{self, Iterate, Method};
use crate::error::{Error, Result};
use crate::features::{FeatureMap, Preprocessing};
use crate::labels::{Split, stratified_folds};
use crate::metrics::agreement;
use crate::optimizer::{Optimizer, RateSchedule};
use crate::samples::Samples;
use crate::sigmoid::{Degree, Fit, Sigmoid, logistic};

/// Values to try. One value each fixes the method.
#[derive(Clone, Debug)]
pub struct Grid {
    /// Feature maps.
    pub preprocessing: Vec<Preprocessing>,
    /// First-order methods.
    pub optimizers: Vec<Optimizer>,
    /// Constant learning rates.
    pub learning_rates: LearningRates,
    /// Degrees of the polynomial, each with the most iterations that its depth allows.
    pub degrees: Vec<(Degree, usize)>,
    /// Half-widths of the polynomial's interval, ascending: the smallest that holds the logits is taken.
    pub half_widths: Vec<f64>,
    /// Numbers of iterations that may be chosen.
    pub iterations: RangeInclusive<usize>,
    /// How rates change over the iterations.
    pub schedule: RateSchedule,
    /// Weight of the L2 penalty.
    pub alpha: f64,
}

/// Learning rates to try.
#[derive(Clone, Debug, PartialEq)]
pub enum LearningRates {
    /// These.
    Given(Vec<f64>),
    /// These where features are whitened. Else the largest eigenvalue of their second moments bounds the step: shares
    /// of four over this eigenvalue, the inverse of the steepest slope of the gradient.
    Scaled {
        /// Rates for whitened features.
        whitened: Vec<f64>,
        /// Shares for others.
        shares: Vec<f64>,
    },
}

impl LearningRates {
    /// The rates for one map, whose largest second moment is taken from the first fold.
    fn of(&self, preprocessing: Preprocessing, folds: &[Fold]) -> Vec<f64> {
        match (self, preprocessing, folds.first()) {
            (Self::Given(rates), ..) => rates.clone(),
            (Self::Scaled { whitened, .. }, Preprocessing::Whiten { .. }, _)
            | (Self::Scaled { whitened, .. }, _, None) => whitened.clone(),
            (Self::Scaled { shares, .. }, _, Some(fold)) => {
                let safe = 4.0 / largest_moment(&fold.train.problem());
                shares.iter().map(|share| two_digits(share * safe)).collect()
            }
        }
    }
}

/// Two significant digits: the job is public, and shall tell no more of the data than it must.
fn two_digits(value: f64) -> f64 {
    format!("{value:.1e}").parse().unwrap_or(value)
}

/// Largest eigenvalue of the weighted second moments of the features, by power iteration.
fn largest_moment(problem: &dense::Problem<'_>) -> f64 {
    const STEPS: usize = 50;
    let share = &problem.sample_weight / problem.sample_weight.sum();
    let columns = problem.x.ncols();
    let mut direction = Array1::from_elem(columns, (columns as f64).sqrt().recip());
    let mut moment = 0.0;
    for _ in 0..STEPS {
        let image = problem.x.t().dot(&(problem.x.dot(&direction) * &share));
        moment = image.dot(&image).sqrt();
        if moment == 0.0 {
            return 1.0;
        }
        direction = image / moment;
    }
    moment
}

/// A method.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Choice {
    /// Feature map.
    pub preprocessing: Preprocessing,
    /// First-order method.
    pub optimizer: Optimizer,
    /// Learning rate.
    pub learning_rate: f64,
    /// Polynomial.
    pub sigmoid: Sigmoid,
    /// Iterations.
    pub iterations: usize,
    /// Log loss on held-out samples.
    pub log_loss: f64,
    /// Accuracy on held-out samples.
    pub accuracy: f64,
    /// Share of held-out samples on which training with the exact logistic function predicts the same.
    pub agreement: f64,
    /// Mean difference of the probabilities from those of training with the exact logistic function.
    pub deviation: f64,
}

impl Choice {
    /// Multiplicative depth of the iterations after the first.
    fn depth(&self) -> usize {
        (self.iterations - 1) * (2 + self.sigmoid.depth())
    }
}

/// Raw data.
#[derive(Clone, Copy, Debug)]
pub struct Data<'a> {
    /// Samples by features.
    pub x: &'a Array2<f64>,
    /// Labels, 0 or 1.
    pub y: &'a Array1<f64>,
    /// Weights.
    pub sample_weight: &'a Array1<f64>,
}

/// Samples beyond this number do not change the choice, and cost time.
const SAMPLE_LIMIT: usize = 2400;
const FOLDS: usize = 4;
/// Methods of the first round that enter the second.
const FINALISTS: usize = 12;
/// Held-out loss that a mean deviation of the probabilities from those of the exact function is worth. A smooth measure
/// of fidelity chooses better than counting equal predictions; 0 to 10 were compared over 20 splits of the breast cancer
/// table: from 3 on, predictions agree on 99.5 % or more, beyond it accuracy falls.
const FIDELITY: f64 = 3.0;
/// A cheaper method wins if it is within this share of the best.
const TOLERANCE: f64 = 0.005;

/// Methods that stay inside their intervals, best first: the cheapest of those that are nearly the best in held-out loss
/// and in fidelity to training with the exact logistic function, then the others.
///
/// # Errors
/// [`Error::Data`] if none stays inside; [`Error::Parameter`] on values out of range.
pub fn choices(data: Data<'_>, grid: &Grid, features_limit: usize, random_state: u64) -> Result<Vec<Choice>> {
    let folds = folds(data, random_state);
    let mut finalists = first_round(data, grid, &folds, features_limit)?;
    finalists.sort_by(|a, b| a.loss.total_cmp(&b.loss));
    finalists.truncate(FINALISTS);
    let mut choices = second_round(data, grid, &folds, features_limit, &finalists)?;
    if choices.is_empty() {
        let logit = finalists.iter().map(|finalist| finalist.reach).fold(f64::INFINITY, f64::min);
        let half_width = grid.half_widths.iter().copied().fold(0.0, f64::max);
        if logit > half_width {
            return Err(Error::OutsideInterval { logit, half_width, when: "in cross-validation".into() });
        }
        return Err(Error::Data(
            "no learning rate and interval of those allowed keep the logits inside: allow a wider interval"
                .into(),
        ));
    }
    let objective = |choice: &Choice| choice.log_loss + FIDELITY * choice.deviation;
    choices.sort_by(|a, b| objective(a).total_cmp(&objective(b)));
    let near = objective(&choices[0]) * (1.0 + TOLERANCE);
    let cheapest = (0..choices.len())
        .take_while(|&i| objective(&choices[i]) <= near)
        .min_by_key(|&i| (choices[i].depth(), choices[i].sigmoid.degree()))
        .unwrap_or(0);
    let chosen = choices.remove(cheapest);
    choices.insert(0, chosen);
    Ok(choices)
}

/// A map and an optimiser, with the loss at their best iteration.
#[derive(Clone, Copy)]
struct Finalist {
    preprocessing: Preprocessing,
    optimizer: Optimizer,
    learning_rate: f64,
    loss: f64,
    /// Largest logit of the shortest training that may be chosen.
    reach: f64,
}

/// Training and validation parts in a feature space.
struct Fold {
    train: Samples,
    test: Samples,
}

fn folds(data: Data<'_>, random_state: u64) -> Vec<Split> {
    let splits = stratified_folds(data.y, FOLDS, random_state);
    if data.y.len() <= SAMPLE_LIMIT {
        return splits;
    }
    // every n-th sample of parts that keep proportions keeps them too
    let step = data.y.len().div_ceil(SAMPLE_LIMIT);
    let shrink = |part: &[usize]| part.iter().copied().step_by(step).collect();
    splits.iter().map(|split| Split { train: shrink(&split.train), test: shrink(&split.test) }).collect()
}

fn map_folds(
    data: Data<'_>,
    folds: &[Split],
    preprocessing: Preprocessing,
    features_limit: usize,
) -> Result<Vec<Fold>> {
    folds
        .par_iter()
        .map(|split| {
            let rows = |part: &[usize]| data.x.select(Axis(0), part);
            let (train, test) = (rows(&split.train), rows(&split.test));
            let weights = |part: &[usize]| data.sample_weight.select(Axis(0), part);
            let weight = weights(&split.train);
            let map = FeatureMap::fit(&train.view(), &weight.view(), preprocessing, features_limit)?;
            let samples = |x: &Array2<f64>, part: &[usize]| {
                let y = data.y.select(Axis(0), part);
                Samples::new(&map.apply(&x.view())?.view(), &y.view(), &weights(part).view())
            };
            Ok(Fold { train: samples(&train, &split.train)?, test: samples(&test, &split.test)? })
        })
        .collect()
}

/// Maps and optimisers, with the exact logistic function.
fn first_round(data: Data<'_>, grid: &Grid, folds: &[Split], features_limit: usize) -> Result<Vec<Finalist>> {
    let most = grid.most_iterations();
    let mut finalists = Vec::new();
    for &preprocessing in &grid.preprocessing {
        let folds = map_folds(data, folds, preprocessing, features_limit)?;
        let rates = grid.learning_rates.of(preprocessing, &folds);
        let pairs: Vec<_> = grid
            .optimizers
            .iter()
            .flat_map(|&optimizer| rates.iter().map(move |&rate| (optimizer, rate)))
            .collect();
        let methods: Vec<_> = pairs
            .iter()
            .map(|&(optimizer, rate)| grid.method(optimizer, rate, None, most))
            .collect::<Result<_>>()?;
        for ((optimizer, learning_rate), scores) in pairs.into_iter().zip(validate(&folds, &methods)) {
            let losses = grid.wanted(&scores).map(|(_, score)| score.loss);
            if let Some(loss) = losses.min_by(f64::total_cmp) {
                let shortest = &scores[..scores.len().min(*grid.iterations.start())];
                let reach = shortest.iter().map(|score| score.largest_logit).fold(0.0, f64::max);
                finalists.push(Finalist { preprocessing, optimizer, learning_rate, loss, reach });
            }
        }
    }
    Ok(finalists)
}

/// Polynomials for the best of these.
fn second_round(
    data: Data<'_>,
    grid: &Grid,
    folds: &[Split],
    features_limit: usize,
    finalists: &[Finalist],
) -> Result<Vec<Choice>> {
    let most = grid.most_iterations();
    let mut choices = Vec::new();
    for &preprocessing in &grid.preprocessing {
        let finalists: Vec<Finalist> =
            finalists.iter().copied().filter(|f| f.preprocessing == preprocessing).collect();
        if finalists.is_empty() {
            continue;
        }
        let folds = map_folds(data, folds, preprocessing, features_limit)?;
        let methods: Vec<_> = finalists
            .iter()
            .map(|f| grid.method(f.optimizer, f.learning_rate, None, most))
            .collect::<Result<_>>()?;
        let exact = validate(&folds, &methods);

        let mut tried = Vec::new();
        for (finalist, exact) in finalists.iter().zip(&exact) {
            for sigmoid in grid.sigmoids(exact)? {
                tried.push((finalist, exact, sigmoid));
            }
        }
        let methods: Vec<_> = tried
            .iter()
            .map(|(f, _, sigmoid)| {
                grid.method(f.optimizer, f.learning_rate, Some(sigmoid), grid.iterations_of(sigmoid.degree()))
            })
            .collect::<Result<_>>()?;
        for ((finalist, exact, sigmoid), scores) in tried.iter().zip(validate(&folds, &methods)) {
            let inside = |score: &Score| score.largest_logit <= sigmoid.half_width();
            let within = scores.iter().take_while(|score| inside(score)).count();
            for (iterations, score) in grid.wanted(&scores).filter(|(iterations, _)| *iterations <= within) {
                let reference = &exact[iterations - 1].probabilities;
                choices.push(Choice {
                    preprocessing,
                    optimizer: finalist.optimizer,
                    learning_rate: finalist.learning_rate,
                    sigmoid: sigmoid.clone(),
                    iterations,
                    log_loss: score.loss,
                    accuracy: score.accuracy,
                    agreement: agreement(&score.probabilities, reference),
                    deviation: mean_deviation(&score.probabilities, reference),
                });
            }
        }
    }
    Ok(choices)
}

impl Grid {
    fn most_iterations(&self) -> usize {
        self.degrees.iter().map(|&(_, iterations)| iterations).max().unwrap_or(0)
    }

    fn iterations_of(&self, degree: Degree) -> usize {
        self.degrees
            .iter()
            .filter(|(d, _)| *d == degree)
            .map(|&(_, iterations)| iterations)
            .max()
            .unwrap_or(0)
    }

    /// The iterations that may be chosen, with their scores.
    fn wanted<'a>(&self, scores: &'a [Score]) -> impl Iterator<Item = (usize, &'a Score)> {
        let allowed = self.iterations.clone();
        (1..).zip(scores).filter(move |(iterations, _)| allowed.contains(iterations))
    }

    fn method<'a>(
        &self,
        optimizer: Optimizer,
        learning_rate: f64,
        sigmoid: Option<&'a Sigmoid>,
        iterations: usize,
    ) -> Result<Method<'a>> {
        let learning_rates = self.schedule.rates(learning_rate, iterations)?;
        Ok(Method { optimizer, learning_rates, alpha: self.alpha, sigmoid })
    }

    /// Polynomials to try for a training whose exact trajectory is known: for each number of iterations, the smallest
    /// interval that holds the logits and the next wider one, as the polynomial's trajectory differs a little.
    fn sigmoids(&self, exact: &[Score]) -> Result<Vec<Sigmoid>> {
        let mut specs: Vec<(Degree, f64, Fit)> = Vec::new();
        for (iterations, _) in self.wanted(exact) {
            let most = |f: fn(&Score) -> f64| exact[..iterations].iter().map(f).fold(0.0, f64::max);
            let (largest, rms) = (most(|score| score.largest_logit), most(|score| score.rms_logit));
            for &half_width in self.half_widths.iter().filter(|&&width| width >= largest).take(2) {
                for &(degree, _) in self.degrees.iter().filter(|(_, most)| *most >= iterations) {
                    specs.push((degree, half_width, Fit::LeastSquares));
                    for share in [0.75, 1.25] {
                        // coarse, so that the public job tells little about the data
                        let std = (share * rms * 2.0).round() / 2.0;
                        if std >= 0.5 && std < half_width {
                            specs.push((degree, half_width, Fit::Concentrated { std }));
                        }
                    }
                }
            }
        }
        let mut distinct: Vec<(Degree, f64, Fit)> = Vec::new();
        for spec in specs {
            if !distinct.contains(&spec) {
                distinct.push(spec);
            }
        }
        distinct.into_iter().map(|(degree, half_width, fit)| Sigmoid::new(degree, half_width, fit)).collect()
    }
}

/// Held-out measures after an iteration.
struct Score {
    loss: f64,
    accuracy: f64,
    /// Largest logit at which the iteration evaluated the logistic function.
    largest_logit: f64,
    /// Their root mean square, the largest over the folds.
    rms_logit: f64,
    /// Of the held-out samples, fold after fold.
    probabilities: Vec<f64>,
}

/// Scores of every iteration of every method.
fn validate(folds: &[Fold], methods: &[Method<'_>]) -> Vec<Vec<Score>> {
    // batches small enough that residuals stay in the cache, large enough to share the reading of samples
    const BATCH: usize = 32;
    let batches: Vec<_> = methods.chunks(BATCH).collect();
    let work: Vec<_> =
        batches.iter().flat_map(|&batch| folds.iter().map(move |fold| (batch, fold))).collect();
    let parts: Vec<Vec<Vec<Score>>> =
        work.into_par_iter().map(|(batch, fold)| validate_fold(fold, batch)).collect();
    parts.chunks(folds.len()).flat_map(merge_folds).collect()
}

fn validate_fold(fold: &Fold, methods: &[Method<'_>]) -> Vec<Vec<Score>> {
    let runs = dense::train_all(&fold.train.problem(), methods);
    let problem = fold.test.problem();
    let labels = problem.y.to_vec();
    let heads: Vec<_> = runs.iter().flatten().map(|iterate| iterate.weights.view()).collect();
    let logits = dense::logits(&problem, &heads);
    let mut columns = logits.axis_iter(Axis(1));
    let mut score = |iterate: &Iterate| {
        let probabilities: Vec<f64> =
            columns.next().map(|z| z.iter().map(|&z| logistic(z)).collect()).unwrap_or_default();
        let (loss, accuracy) = loss_and_accuracy(&labels, &probabilities);
        let Iterate { largest_logit, rms_logit, .. } = *iterate;
        Score { loss, accuracy, largest_logit, rms_logit, probabilities }
    };
    runs.iter().map(|run| run.iter().map(&mut score).collect()).collect()
}

/// Joins the scores of the folds, method by method and iteration by iteration.
fn merge_folds(parts: &[Vec<Vec<Score>>]) -> Vec<Vec<Score>> {
    let share = 1.0 / parts.len() as f64;
    let merge = |method: usize, t: usize| {
        let mut merged =
            Score { loss: 0.0, accuracy: 0.0, largest_logit: 0.0, rms_logit: 0.0, probabilities: Vec::new() };
        for part in parts {
            let score = &part[method][t];
            merged.loss += share * score.loss;
            merged.accuracy += share * score.accuracy;
            merged.largest_logit = merged.largest_logit.max(score.largest_logit);
            merged.rms_logit = merged.rms_logit.max(score.rms_logit);
            merged.probabilities.extend(&score.probabilities);
        }
        merged
    };
    (0..parts[0].len())
        .map(|method| (0..parts[0][method].len()).map(|t| merge(method, t)).collect())
        .collect()
}

/// Log loss, infinite for NaN, and accuracy.
fn loss_and_accuracy(labels: &[f64], probabilities: &[f64]) -> (f64, f64) {
    let n = labels.len() as f64;
    let right = agreement(labels, probabilities);
    let likelihood = |(y, p): (&f64, &f64)| if *y > 0.5 { *p } else { 1.0 - p };
    let loss: f64 =
        labels.iter().zip(probabilities).map(likelihood).map(|p| -p.max(f64::EPSILON).ln()).sum::<f64>() / n;
    (if probabilities.iter().any(|p| p.is_nan()) { f64::INFINITY } else { loss }, right)
}

fn mean_deviation(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).sum::<f64>() / a.len() as f64
}
