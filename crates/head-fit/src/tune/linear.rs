//! Linear heads: first the maps and the optimiser, with the exact link; then, for the best of these, the polynomial and its interval,
//! with the arithmetic that ciphertexts will do. Candidates whose logits leave the interval drop out.

use fhe_head::{Error, Head as _, Optimizer, Result};
use ndarray::Array1;

use super::approximation::Approximation;
use super::grid::{Grid, HALF_WIDTHS};
use super::round::{Score, validate};
use super::task::{Rehearsed, Task};
use crate::classifier::Classifier;
use crate::cleartext::{Iterate, Link, Method, Problem, train_linear};
use crate::data::Fold;
use crate::features::Preprocessing;
use crate::kind::Kind;
use crate::labels::{Split, shuffled};

const FOLDS: usize = 4;
/// Samples beyond this number do not change the choice, and cost time.
const SAMPLE_LIMIT: usize = 2400;
/// Methods of the first round that enter the second.
const FINALISTS: usize = 12;
/// Held-out loss that a mean deviation of the probabilities from those of the exact link is worth. A smooth measure of fidelity chooses
/// better than counting equal predictions; 0 to 10 were compared over 20 splits of the breast cancer table: from 3 on, predictions
/// agree on 99.5 % or more, beyond it accuracy falls.
const FIDELITY: f64 = 3.0;
/// A cheaper method wins if it is within this share of the best.
const TOLERANCE: f64 = 0.005;

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

/// A whole method.
#[derive(Clone)]
struct Candidate {
    preprocessing: Preprocessing,
    optimizer: Optimizer,
    learning_rate: f64,
    approximation: Approximation,
    iterations: usize,
    /// Held-out loss, and what the deviation from the exact link is worth.
    objective: f64,
}

impl Candidate {
    /// Multiplicative depth of the iterations after the first.
    fn depth(&self) -> usize {
        (self.iterations - 1) * (2 + self.approximation.depth())
    }
}

/// Chooses and rehearses: the best candidate that stays inside its interval on all samples.
pub(super) fn choose(task: Task<'_, '_>) -> Result<Rehearsed> {
    let grid = Grid::new(task)?;
    let candidates = match (Search { task, grid: &grid }).candidates() {
        // where nothing is open, the rehearsal on all samples decides, whatever the folds reach
        Err(error @ Error::OutsideInterval { .. }) => match only_candidate(task, &grid)? {
            Some(only) => vec![only],
            None => return Err(error),
        },
        candidates => candidates?,
    };
    let mut refusal = None;
    for candidate in &candidates {
        match rehearse(task, &grid, candidate)? {
            Ok(rehearsed) => return Ok(rehearsed),
            Err(error) => refusal = refusal.or(Some(error)),
        }
    }
    // all samples reach further than the folds did: the best method on wider intervals
    if let (Some(best), None) = (candidates.first(), task.options.interval) {
        for half_width in HALF_WIDTHS.into_iter().filter(|width| *width > best.approximation.half_width()) {
            let Some(approximation) = grid.plainest(half_width)? else { break };
            if let Ok(rehearsed) = rehearse(task, &grid, &Candidate { approximation, ..best.clone() })? {
                return Ok(rehearsed);
            }
        }
    }
    Err(refusal.unwrap_or_else(|| Error::Data("there is no method to choose from".into())))
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
        objective: 0.0,
    }))
}

struct Search<'a, 'd> {
    task: Task<'a, 'd>,
    grid: &'a Grid,
}

impl Search<'_, '_> {
    /// Methods that stay inside their intervals, best first: the cheapest of those that are nearly the best in held-out loss and in
    /// fidelity to the exact link, then the others.
    fn candidates(&self) -> Result<Vec<Candidate>> {
        let splits = self.task.data.folds(FOLDS, SAMPLE_LIMIT, self.task.options.random_state);
        let mut finalists = self.first_round(&splits)?;
        finalists.retain(|finalist| finalist.loss.is_finite());
        if finalists.is_empty() {
            return Err(Error::Data(
                "every learning rate diverged in plain training: give a lower one".into(),
            ));
        }
        finalists.sort_by(|a, b| a.loss.total_cmp(&b.loss));
        finalists.truncate(FINALISTS);
        let mut candidates = self.second_round(&splits, &finalists)?;
        if candidates.is_empty() {
            let logit = finalists.iter().map(|finalist| finalist.reach).fold(f64::INFINITY, f64::min);
            let half_width = self.grid.half_widths.iter().copied().fold(0.0, f64::max);
            if logit > half_width {
                return Err(Error::OutsideInterval { logit, half_width, when: "in cross-validation".into() });
            }
            return Err(Error::Data(
                "no learning rate and interval of those allowed keep the logits inside: allow a wider interval"
                    .into(),
            ));
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

    fn folds(&self, splits: &[Split], preprocessing: Preprocessing) -> Result<Vec<Fold>> {
        use rayon::prelude::*;
        let components = self.task.options.n_components;
        splits.par_iter().map(|split| self.task.data.fold(split, preprocessing, components)).collect()
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

    /// Maps and optimisers, with the exact link.
    fn first_round(&self, splits: &[Split]) -> Result<Vec<Finalist>> {
        let grid = self.grid;
        let mut finalists = Vec::new();
        for &preprocessing in &grid.maps {
            let folds = self.folds(splits, preprocessing)?;
            let rates = grid.rates(preprocessing, folds.first());
            let pairs = grid
                .optimizers
                .iter()
                .flat_map(|&optimizer| rates.iter().map(move |&rate| (optimizer, rate)));
            let pairs: Vec<_> = pairs.collect();
            let methods: Vec<_> = pairs
                .iter()
                .map(|&(optimizer, rate)| self.method(optimizer, rate, grid.link(), grid.longest()))
                .collect::<Result<_>>()?;
            let scores = validate(&folds, grid.outputs, &methods);
            for ((optimizer, learning_rate), scores) in pairs.into_iter().zip(scores) {
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
    fn second_round(&self, splits: &[Split], finalists: &[Finalist]) -> Result<Vec<Candidate>> {
        let grid = self.grid;
        let mut candidates = Vec::new();
        for &preprocessing in &grid.maps {
            let finalists: Vec<Finalist> =
                finalists.iter().copied().filter(|f| f.preprocessing == preprocessing).collect();
            if finalists.is_empty() {
                continue;
            }
            let folds = self.folds(splits, preprocessing)?;
            let methods: Vec<_> = finalists
                .iter()
                .map(|f| self.method(f.optimizer, f.learning_rate, grid.link(), grid.longest()))
                .collect::<Result<_>>()?;
            let exact = validate(&folds, grid.outputs, &methods);
            let mut tried = Vec::new();
            for (finalist, exact) in finalists.iter().zip(&exact) {
                for approximation in grid.approximations(exact)? {
                    tried.push((finalist, exact, approximation));
                }
            }
            let methods: Vec<_> = tried
                .iter()
                .map(|(f, _, approximation)| {
                    let iterations = grid.longest_with(approximation);
                    self.method(f.optimizer, f.learning_rate, approximation.link(), iterations)
                })
                .collect::<Result<_>>()?;
            for ((finalist, exact, approximation), scores) in
                tried.iter().zip(validate(&folds, grid.outputs, &methods))
            {
                let inside = |score: &&Score| score.largest_logit <= approximation.half_width();
                let within = scores.iter().take_while(inside).count();
                for (iterations, score) in
                    grid.wanted(&scores).filter(|(iterations, _)| *iterations <= within)
                {
                    let deviation =
                        mean_deviation(&score.probabilities, &exact[iterations - 1].probabilities);
                    candidates.push(Candidate {
                        preprocessing,
                        optimizer: finalist.optimizer,
                        learning_rate: finalist.learning_rate,
                        approximation: approximation.clone(),
                        iterations,
                        objective: score.loss + FIDELITY * deviation,
                    });
                }
            }
        }
        Ok(candidates)
    }
}

fn mean_deviation(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).sum::<f64>() / a.len() as f64
}

/// Trains on all samples with the polynomial; the inner error says that the logits left their interval.
fn rehearse(task: Task<'_, '_>, grid: &Grid, candidate: &Candidate) -> Result<Result<Rehearsed>> {
    let (options, approximation) = (task.options, &candidate.approximation);
    let (map, samples) = task.data.mapped(candidate.preprocessing, options.n_components)?;
    let samples = shuffled(samples, task.batches, options.random_state);
    let head = approximation.head(grid.outputs);
    let rates = options.schedule.rates(candidate.learning_rate, candidate.iterations)?;
    let method = Method {
        optimizer: candidate.optimizer,
        rates: rates.clone(),
        alpha: options.alpha,
        link: approximation.link(),
    };
    let start = task.start.map(|model| model.weights(&head, &map)).transpose()?;
    let problem = Problem::new(&samples, task.batches);
    let iterates = train_linear(&problem, grid.outputs, start.as_deref(), &[method]).remove(0);
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
        ..options.clone()
    };
    let largest_state = largest_state(&iterates, start.as_deref(), candidate.optimizer) / half_width;
    Ok(Ok(Rehearsed { options, map, samples, head, rates, start, largest_state }))
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
