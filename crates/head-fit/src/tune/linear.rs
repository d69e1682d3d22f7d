//! Linear heads: first the maps and the optimiser, with the exact link; then, for the best of these, the polynomial and its interval,
//! with the arithmetic that ciphertexts will do. Candidates whose logits leave the interval drop out.

use std::sync::Arc;

use fhe_head::{Degree, Error, Head as _, Optimizer, Result, SoftmaxDepth};
use ndarray::Array1;
use rayon::prelude::*;

use super::approximation::{Approximation, Family};
use super::grid::{Grid, HALF_WIDTHS, maps};
use super::round::{Round, Score};
use super::task::{Rehearsed, Task};
use crate::baseline::HeldOut;
use crate::classifier::Classifier;
use crate::cleartext::{Iterate, Link, Method, Problem, train_linear};
use crate::data::{Data, Fold};
use crate::features::Preprocessing;
use crate::kind::Kind;
use crate::labels::{Split, shuffled};

const FOLDS: usize = 5;
/// Samples beyond this number do not change the choice, and cost time; of wide tables fewer.
const SAMPLE_LIMIT: usize = 2400;
const ENTRY_LIMIT: usize = 2_400_000;
const LEAST_SAMPLES: usize = 1000;
/// Held-out samples that suffice to find the finalists.
const SCREENED: usize = 400;
/// Methods of the first round that enter the second; of several outputs fewer, since each costs more.
const FINALISTS: usize = 8;
const FINALISTS_OF_SEVERAL: usize = 6;
/// Half-width of a moderate interval.
const MODERATE: f64 = 10.0;
/// Shortened trainings of a finalist enter the second round if their loss is at most this much larger than the best.
const SHORTENED: f64 = 0.1;
/// Numbers of iterations of a finalist that get polynomials.
const LENGTHS: usize = 4;
/// Held-out loss that a mean deviation of the probabilities from those of the exact link is worth. A smooth measure of fidelity chooses
/// better than counting equal predictions.
const FIDELITY: f64 = 1.0;
/// A cheaper method wins if it is within this share of the best.
const TOLERANCE: f64 = 0.005;

/// A map and an optimiser, with the loss at their best iteration.
#[derive(Clone, Copy)]
struct Finalist {
    /// Index of the feature map.
    map: usize,
    optimizer: Optimizer,
    learning_rate: f64,
    /// Iterations whose logits some interval holds, or a moderate one.
    held: usize,
    loss: f64,
    /// Largest logit of the shortest training that may be chosen.
    reach: f64,
}

/// A whole method.
#[derive(Clone)]
struct Candidate {
    preprocessing: Preprocessing,
    optimizer: Optimizer,
    learning_rate: f64,
    approximation: Approximation,
    iterations: usize,
    temperature: f64,
    /// What cross-validation says of it, if it was asked.
    held_out: Option<HeldOut>,
    /// Held-out loss, and what the deviation from the exact link is worth.
    objective: f64,
}

impl Candidate {
    /// Multiplicative depth of the iterations after the first.
    fn depth(&self) -> usize {
        (self.iterations - 1) * (2 + self.approximation.depth())
    }
}

/// The splits on which linear heads are compared, with each other and with logistic regression in the clear.
pub(crate) fn splits(data: &Data<'_>, random_state: u64) -> Vec<Split> {
    let limit = (ENTRY_LIMIT / data.features().ncols()).clamp(LEAST_SAMPLES, SAMPLE_LIMIT);
    data.splits(FOLDS, limit, random_state)
}

/// Chooses and rehearses: the best candidate that stays inside its interval on all samples.
pub(super) fn choose(task: Task<'_, '_>) -> Result<Rehearsed> {
    let mut grids = Vec::new();
    let mut refusal = None;
    for families in families(task) {
        match Grid::new(task, &families) {
            Ok(grid) => grids.push(grid),
            Err(error) => refusal = refusal.or(Some(error)),
        }
    }
    if grids.is_empty() {
        return Err(refusal.unwrap_or_else(|| Error::Data("there is no head to choose from".into())));
    }
    let candidates = match candidates(task, &grids) {
        // where nothing is open, the rehearsal on all samples decides, whatever the folds reach
        Err(error @ Error::OutsideInterval { .. }) => match only_candidate(task, &grids[0])? {
            Some(only) => vec![only],
            None => return Err(error),
        },
        candidates => candidates?,
    };
    let mut refusal = None;
    for candidate in &candidates {
        match rehearse(task, candidate)? {
            Ok(rehearsed) => return Ok(rehearsed),
            Err(error) => refusal = refusal.or(Some(error)),
        }
    }
    // all samples reach further than the folds did: the best method on wider intervals
    if let (Some(best), None) = (candidates.first(), task.options.interval) {
        for half_width in HALF_WIDTHS.into_iter().filter(|width| *width > best.approximation.half_width()) {
            let approximation = best.approximation.widened(half_width)?;
            if let Ok(rehearsed) = rehearse(task, &Candidate { approximation, ..best.clone() })? {
                return Ok(rehearsed);
            }
        }
    }
    Err(refusal.unwrap_or_else(|| Error::Data("there is no method to choose from".into())))
}

/// What may stand for the links of the heads that the options allow, a list for each link.
fn families(task: Task<'_, '_>) -> Vec<Vec<Family>> {
    let classes = task.data.classes();
    let logistic = |fit| Degree::ALL.map(|degree| Family::Logistic { degree, fit }).to_vec();
    let softmax =
        |depths: &[SoftmaxDepth]| depths.iter().map(|&depth| Family::Softmax { classes, depth }).collect();
    match task.options.kind {
        Kind::Logistic { degree: Some(degree), fit } => vec![vec![Family::Logistic { degree, fit }]],
        Kind::Logistic { degree: None, fit } => vec![logistic(fit)],
        Kind::Softmax { depth } => vec![softmax(&[depth])],
        Kind::Auto if classes == 2 => vec![logistic(None)],
        Kind::Auto | Kind::Mlp { .. } => vec![logistic(None), softmax(&SoftmaxDepth::ALL)],
    }
}

/// The one method that options without anything open ask for.
fn only_candidate(task: Task<'_, '_>, grid: &Grid) -> Result<Option<Candidate>> {
    let options = task.options;
    let given = options.preprocessing.zip(options.optimizer).zip(options.learning_rate).zip(options.max_iter);
    let (Some((((preprocessing, optimizer), learning_rate), iterations)), Some(width)) =
        (given, options.interval)
    else {
        return Ok(None);
    };
    Ok(grid.plainest(width)?.map(|approximation| Candidate {
        preprocessing,
        optimizer,
        learning_rate,
        approximation,
        iterations,
        temperature: options.temperature.unwrap_or(1.0),
        held_out: None,
        objective: 0.0,
    }))
}

/// Methods that stay inside their intervals, best first: the cheapest of those that are nearly the best in held-out loss and in
/// fidelity to the exact link, then the others.
fn candidates(task: Task<'_, '_>, grids: &[Grid]) -> Result<Vec<Candidate>> {
    let maps = maps(task.options);
    let splits = splits(task.data, task.options.random_state);
    let components = task.options.n_components;
    let folds: Vec<Vec<Fold>> =
        splits.par_iter().map(|split| task.data.folds(split, &maps, components)).collect::<Result<_>>()?;
    // by map, then by split
    let mut by_map: Vec<Vec<Fold>> = maps.iter().map(|_| Vec::new()).collect();
    for split in folds {
        by_map.iter_mut().zip(split).for_each(|(folds, fold)| folds.push(fold));
    }
    let (mut candidates, mut refusal) = (Vec::new(), None);
    for grid in grids {
        match (Search { task, grid, maps: &maps, folds: &by_map }).candidates() {
            Ok(found) => candidates.extend(found),
            Err(error) => refusal = refusal.or(Some(error)),
        }
    }
    if candidates.is_empty() {
        return Err(refusal.unwrap_or_else(|| Error::Data("there is no method to choose from".into())));
    }
    candidates.sort_by(|a, b| a.objective.total_cmp(&b.objective));
    let near = candidates[0].objective * (1.0 + TOLERANCE);
    let cheapest = (0..candidates.len())
        .take_while(|&i| candidates[i].objective <= near)
        .min_by_key(|&i| (candidates[i].depth(), candidates[i].approximation.degree()))
        .unwrap_or(0);
    let chosen = candidates.remove(cheapest);
    candidates.insert(0, chosen);
    Ok(candidates)
}

/// The search among methods of one kind of head.
struct Search<'a, 'd> {
    task: Task<'a, 'd>,
    grid: &'a Grid,
    maps: &'a [Preprocessing],
    /// By map, then by split.
    folds: &'a [Vec<Fold>],
}

impl Search<'_, '_> {
    fn candidates(&self) -> Result<Vec<Candidate>> {
        let pools = self.first_round()?;
        let mut calmest = pools[0].clone();
        calmest.retain(|finalist| finalist.loss.is_finite());
        calmest.sort_by(|a, b| a.reach.total_cmp(&b.reach));
        let reach = pools[0].iter().map(|finalist| finalist.reach).fold(f64::INFINITY, f64::min);
        let half_width = self.grid.widest();
        let most = if self.grid.outputs == 1 { FINALISTS } else { FINALISTS_OF_SEVERAL };
        let mut finalists: Vec<Finalist> = Vec::new();
        for (mut pool, count) in pools.into_iter().zip([most, most / 2]) {
            pool.retain(|one| {
                let same = |known: &Finalist| {
                    (known.map, known.optimizer, known.learning_rate, known.held)
                        == (one.map, one.optimizer, one.learning_rate, one.held)
                };
                one.loss.is_finite() && !finalists.iter().any(same)
            });
            pool.sort_by(|a, b| a.loss.total_cmp(&b.loss));
            finalists.extend(pool.into_iter().take(count));
        }
        let mut candidates = self.second_round(&finalists)?;
        if candidates.is_empty() {
            // with polynomials the best ones leave every interval: those whose logits grow least
            calmest.truncate(most);
            candidates = self.second_round(&calmest)?;
        }
        if !candidates.is_empty() {
            return Ok(candidates);
        }
        Err(if reach.is_infinite() {
            Error::Data("every learning rate diverged in plain training: give a lower one".into())
        } else if reach > half_width {
            Error::OutsideInterval { logit: reach, half_width, when: "in cross-validation".into() }
        } else {
            Error::Data(
                "no learning rate and interval of those allowed keep the logits inside: allow a wider interval"
                    .into(),
            )
        })
    }

    fn round(&self, map: usize) -> Round<'_> {
        Round::new(&self.folds[map], self.grid.outputs, self.task.options.temperature)
    }

    /// The first folds, with enough held-out samples to find the finalists.
    fn screen(&self, map: usize) -> Round<'_> {
        let mut held_out = 0;
        let enough = |fold: &&Fold| {
            let before = held_out;
            held_out += fold.test.len();
            before < SCREENED
        };
        let count = self.folds[map].iter().take_while(enough).count();
        Round::new(&self.folds[map][..count], self.grid.outputs, self.task.options.temperature)
    }

    fn method<'m>(
        &self,
        optimizer: Optimizer,
        learning_rate: f64,
        link: Link<'m>,
        iterations: usize,
    ) -> Result<Method<'m>> {
        let options = self.task.options;
        let rates = options.schedule.rates(learning_rate, iterations)?;
        Ok(Method { optimizer, rates, alpha: options.alpha, link })
    }

    /// Maps and optimisers, with the exact link: trainings whose logits stay on the widest interval, and as long as they stay on a moderate
    /// one, where polynomials are closer.
    fn first_round(&self) -> Result<[Vec<Finalist>; 2]> {
        let grid = self.grid;
        let mut pools = [Vec::new(), Vec::new()];
        for (map, &preprocessing) in self.maps.iter().enumerate() {
            let rates = grid.rates(preprocessing, self.folds[map].first());
            let pairs = grid
                .optimizers
                .iter()
                .flat_map(|&optimizer| rates.iter().map(move |&rate| (optimizer, rate)));
            let pairs: Vec<_> = pairs.collect();
            let methods: Vec<_> = pairs
                .iter()
                .map(|&(optimizer, rate)| self.method(optimizer, rate, grid.link(), grid.longest()))
                .collect::<Result<_>>()?;
            let scores = self.screen(map).validate(&methods, false);
            for ((optimizer, learning_rate), scores) in pairs.into_iter().zip(scores) {
                let reaches = scores.iter().scan(0.0, |reach: &mut f64, score| {
                    *reach = reach.max(score.largest_logit);
                    Some(*reach)
                });
                let reaches: Vec<f64> = reaches.collect();
                let shortest = scores.len().min(*grid.iterations.start());
                let reach = reaches[..shortest].last().copied().unwrap_or(f64::INFINITY);
                for (pool, limit) in pools.iter_mut().zip([grid.widest(), MODERATE]) {
                    let held = reaches.iter().filter(|reach| **reach <= limit).count();
                    let losses = grid.wanted(&scores[..held]).map(|(_, score)| score.held_out.log_loss);
                    let loss = losses.min_by(f64::total_cmp).unwrap_or(f64::INFINITY);
                    pool.push(Finalist { map, optimizer, learning_rate, held, loss, reach });
                }
            }
        }
        Ok(pools)
    }

    /// Polynomials for these.
    fn second_round(&self, finalists: &[Finalist]) -> Result<Vec<Candidate>> {
        let grid = self.grid;
        let least = finalists.iter().map(|finalist| finalist.loss).fold(f64::INFINITY, f64::min);
        let near = least * (1.0 + SHORTENED);
        let mut candidates = Vec::new();
        for (map, &preprocessing) in self.maps.iter().enumerate() {
            let finalists: Vec<&Finalist> = finalists.iter().filter(|f| f.map == map).collect();
            if finalists.is_empty() {
                continue;
            }
            let round = self.round(map);
            let methods: Vec<_> = finalists
                .iter()
                .map(|f| self.method(f.optimizer, f.learning_rate, grid.link(), grid.longest()))
                .collect::<Result<_>>()?;
            let exact = round.validate(&methods, true);
            let exact_probabilities =
                |score: &Score| round.labels.probabilities(grid.link(), &score.logits, score.temperature);
            let mut tried = Vec::new();
            for (finalist, exact) in finalists.iter().zip(&exact) {
                let close = |score: &Score| score.held_out.log_loss <= near.max(finalist.loss);
                let iterations: Vec<usize> = grid
                    .wanted(&exact[..finalist.held])
                    .filter(|(_, score)| close(score))
                    .map(|(t, _)| t)
                    .collect();
                let mut iterations = spread(&iterations, LENGTHS);
                iterations.extend(grid.wanted(exact).map(|(t, _)| t).take(1));
                let probabilities: Vec<_> = exact.iter().map(exact_probabilities).collect();
                let probabilities = Arc::new(probabilities);
                for approximation in grid.approximations(exact, &iterations)? {
                    tried.push((finalist, probabilities.clone(), approximation));
                }
            }
            let methods: Vec<_> = tried
                .iter()
                .map(|(f, _, approximation)| {
                    let iterations = grid.longest_with(approximation);
                    self.method(f.optimizer, f.learning_rate, approximation.link(), iterations)
                })
                .collect::<Result<_>>()?;
            for ((finalist, exact, approximation), scores) in tried.iter().zip(round.validate(&methods, true))
            {
                let inside = |score: &&Score| score.largest_logit <= approximation.half_width();
                let within = scores.iter().take_while(inside).count();
                for (iterations, score) in
                    grid.wanted(&scores).filter(|(iterations, _)| *iterations <= within)
                {
                    let p = round.labels.probabilities(grid.link(), &score.logits, score.temperature);
                    candidates.push(Candidate {
                        preprocessing,
                        optimizer: finalist.optimizer,
                        learning_rate: finalist.learning_rate,
                        approximation: approximation.clone(),
                        iterations,
                        temperature: score.temperature,
                        held_out: Some(score.held_out),
                        objective: score.held_out.log_loss
                            + FIDELITY * mean_deviation(&p, &exact[iterations - 1]),
                    });
                }
            }
        }
        Ok(candidates)
    }
}

/// At most `count` of some numbers, the first and the last among them.
fn spread(all: &[usize], count: usize) -> Vec<usize> {
    if all.len() <= count {
        return all.to_vec();
    }
    (0..count).map(|k| all[k * (all.len() - 1) / (count - 1)]).collect()
}

fn mean_deviation(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).sum::<f64>() / a.len() as f64
}

/// Trains on all samples with the polynomial; the inner error says that the logits left their interval.
fn rehearse(task: Task<'_, '_>, candidate: &Candidate) -> Result<Result<Rehearsed>> {
    let (options, approximation) = (task.options, &candidate.approximation);
    let (map, samples) = task.data.mapped(candidate.preprocessing, options.n_components)?;
    let samples = shuffled(samples, task.batches, options.random_state);
    let outputs = if task.data.classes() == 2 { 1 } else { task.data.classes() };
    let head = approximation.head(outputs);
    let rates = options.schedule.rates(candidate.learning_rate, candidate.iterations)?;
    let method = Method {
        optimizer: candidate.optimizer,
        rates: rates.clone(),
        alpha: options.alpha,
        link: approximation.link(),
    };
    let start = task.start.map(|model| model.weights(&head, &map)).transpose()?;
    let problem = Problem::new(&samples, task.batches);
    let iterates = train_linear(&problem, outputs, start.as_deref(), &[method]).remove(0);
    let half_width = approximation.half_width();
    if let Some(t) = iterates.iter().position(|iterate| iterate.largest_logit > half_width) {
        let when = format!("in iteration {}", t + 1);
        return Ok(Err(Error::OutsideInterval { logit: iterates[t].largest_logit, half_width, when }));
    }
    let options = Classifier {
        kind: Kind::of_head(&head),
        preprocessing: Some(candidate.preprocessing),
        optimizer: Some(candidate.optimizer),
        learning_rate: Some(candidate.learning_rate),
        max_iter: Some(candidate.iterations),
        interval: Some(head.score_unit().value()),
        temperature: Some(candidate.temperature),
        ..options.clone()
    };
    let largest_state = largest_state(&iterates, start.as_deref(), candidate.optimizer) / half_width;
    let held_out = candidate.held_out;
    Ok(Ok(Rehearsed { options, map, samples, head, rates, start, largest_state, held_out }))
}

/// Largest absolute weight or momentum of a training.
fn largest_state(iterates: &[Iterate], start: Option<&[Array1<f64>]>, optimizer: Optimizer) -> f64 {
    let larger = |max: f64, w: &f64| max.max(w.abs());
    let first = start.into_iter().flatten().flatten().fold(0.0, larger);
    iterates.iter().fold(first, |max, iterate| {
        let weights = iterate.weights.iter().fold(max, larger);
        if optimizer.has_momentum() { weights.max(iterate.largest_momentum) } else { weights }
    })
}
