//! The search among methods of one kind of head: first the maps and the optimiser, with the exact link; then, for the best of these, the
//! polynomial and its interval.

use fhe_head::{Error, Optimizer, Result, stop};

use super::candidate::Candidate;
use crate::cleartext::{LinkFunction, Method};
use crate::data::Fold;
use crate::features::Preprocessing;
use crate::tune::grid::Grid;
use crate::tune::round::{Round, Score};
use crate::tune::task::Task;

/// Held-out samples that suffice to find the finalists.
const SCREENED: usize = 400;
/// Methods of the first round that enter the second; fewer with several outputs, where each costs more.
const FINALISTS: usize = 8;
const FINALISTS_OF_SEVERAL: usize = 6;
/// Half-width of a moderate interval.
const MODERATE: f64 = 10.0;
/// Shortened trainings of a finalist enter the second round if their loss is at most this much larger than the best.
const SHORTENED: f64 = 0.1;
/// Numbers of iterations of a finalist that get polynomials.
const LENGTHS: usize = 4;
/// Weight of fidelity beside the held-out loss. Fidelity is the mean deviation of the probabilities from those of the exact link; this
/// smooth measure chooses better than a count of equal predictions.
const FIDELITY: f64 = 1.0;

/// A map and an optimiser, with the loss at their best iteration.
#[derive(Clone, Copy)]
struct Finalist {
    /// Index of the feature map.
    map: usize,
    optimizer: Optimizer,
    learning_rate: f64,
    /// Iterations whose logits the interval of the pool holds: the widest one, or a moderate one.
    held: usize,
    loss: f64,
    /// Largest logit of the shortest training that may be chosen.
    reach: f64,
}

/// The search among methods of one kind of head.
pub(super) struct Search<'a, 'd> {
    pub(super) task: Task<'a, 'd>,
    pub(super) grid: &'a Grid,
    pub(super) maps: &'a [Preprocessing],
    /// By map, then by split.
    pub(super) folds: &'a [Vec<Fold>],
}

impl Search<'_, '_> {
    /// Methods that stay inside their intervals.
    ///
    /// # Errors
    /// [`Error::OutsideInterval`] or [`Error::Data`] if there is none.
    pub(super) fn candidates(&self) -> Result<Vec<Candidate>> {
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
        Round::new(&self.folds[map], self.grid.outputs, self.task.options.calibrator.as_ref())
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
        Round::new(&self.folds[map][..count], self.grid.outputs, self.task.options.calibrator.as_ref())
    }

    fn method<'m>(
        &self,
        optimizer: Optimizer,
        learning_rate: f64,
        link: LinkFunction<'m>,
        iterations: usize,
    ) -> Result<Method<'m>> {
        let options = self.task.options;
        let rates = options.schedule.rates(learning_rate, iterations)?;
        Ok(Method { optimizer, rates, alpha: options.alpha, link, within: f64::INFINITY })
    }

    /// Maps and optimisers, with the exact link. The first pool has trainings as long as their logits stay on the widest interval, the
    /// second as long as they stay on a moderate one, where polynomials are closer.
    fn first_round(&self) -> Result<[Vec<Finalist>; 2]> {
        let grid = self.grid;
        let mut pools = [Vec::new(), Vec::new()];
        for (map, &preprocessing) in self.maps.iter().enumerate() {
            stop::check()?;
            let rates = grid.rates(preprocessing, self.folds[map].first());
            let pairs = grid
                .optimizers
                .iter()
                .flat_map(|&optimizer| rates.iter().map(move |&rate| (optimizer, rate)));
            let pairs: Vec<_> = pairs.collect();
            let methods: Vec<_> = pairs
                .iter()
                .map(|&(optimizer, rate)| {
                    self.method(optimizer, rate, LinkFunction::exact(grid.link), grid.longest())
                })
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
                    let losses = grid.wanted(&scores[..held]).map(|(_, score)| score.held_out.loss());
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
            stop::check()?;
            let round = self.round(map);
            let methods: Vec<_> = finalists
                .iter()
                .map(|f| {
                    self.method(f.optimizer, f.learning_rate, LinkFunction::exact(grid.link), grid.longest())
                })
                .collect::<Result<_>>()?;
            let exact = round.validate(&methods, true);
            let mut tried = Vec::new();
            for (finalist, exact) in finalists.iter().zip(&exact) {
                let close = |score: &Score| score.held_out.loss() <= near.max(finalist.loss);
                let iterations: Vec<usize> = grid
                    .wanted(&exact[..finalist.held])
                    .filter(|(_, score)| close(score))
                    .map(|(t, _)| t)
                    .collect();
                let mut iterations = spread(&iterations, LENGTHS);
                iterations.extend(grid.wanted(exact).map(|(t, _)| t).take(1));
                for approximation in grid.approximations(exact, &iterations)? {
                    tried.push((finalist, exact, approximation));
                }
            }
            stop::check()?;
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
                    // the published twin has the exact link, and the calibrator of the private one
                    let predictions =
                        |logits: &[f64]| round.labels.predictions(grid.link, logits, &score.calibrator);
                    let [ours, exactly] =
                        [score, &exact[iterations - 1]].map(|score| predictions(&score.logits));
                    candidates.push(Candidate {
                        preprocessing,
                        optimizer: finalist.optimizer,
                        learning_rate: finalist.learning_rate,
                        approximation: approximation.clone(),
                        iterations,
                        calibrator: score.calibrator.clone(),
                        held_out: Some(score.held_out),
                        objective: score.held_out.loss() + FIDELITY * mean_deviation(&ours, &exactly),
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
