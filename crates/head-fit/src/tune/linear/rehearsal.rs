//! The rehearsal of a linear head: the whole training in the clear, on all samples.

use fhe_head::{BuiltIn, Error, Head as _, Optimizer, Ordinal, Result, Samples};
use ndarray::{Array1, Array2, s};

use super::candidate::Candidate;
use crate::classifier::Classifier;
use crate::cleartext::{Iterate, Method, Problem, train_linear};
use crate::features::{FeatureMap, Preprocessing};
use crate::kind::Kind;
use crate::labels::shuffled;
use crate::tune::approximation::Approximation;
use crate::tune::grid::HALF_WIDTHS;
use crate::tune::task::{Rehearsed, Task};

/// All samples behind the maps of the candidates: maps are fitted once, the first alone, since most often no other is asked for.
pub(super) struct Mapped<'a> {
    candidates: &'a [Candidate],
    maps: Vec<(Preprocessing, FeatureMap)>,
    /// Those of the last candidate: the next one often has the same map.
    samples: Option<(Preprocessing, Samples)>,
}

impl<'a> Mapped<'a> {
    pub(super) fn new(candidates: &'a [Candidate]) -> Self {
        Self { candidates, maps: Vec::new(), samples: None }
    }

    /// The samples behind a map, in the order in which mini-batches take them.
    fn behind(&mut self, wanted: Preprocessing, task: Task<'_, '_>) -> Result<(FeatureMap, Samples)> {
        let map = self.map(wanted, task)?;
        let samples = match self.samples.take() {
            Some((known, samples)) if known == wanted => samples,
            _ => shuffled(task.data.behind_map(&map)?, task.batches, task.options.random_state),
        };
        Ok((map, samples))
    }

    fn map(&mut self, wanted: Preprocessing, task: Task<'_, '_>) -> Result<FeatureMap> {
        let find = |maps: &[(Preprocessing, FeatureMap)]| {
            maps.iter().find(|(known, _)| *known == wanted).map(|(_, map)| map.clone())
        };
        if let Some(map) = find(&self.maps) {
            return Ok(map);
        }
        let mut missing = vec![wanted];
        if !self.maps.is_empty() {
            for Candidate { preprocessing, .. } in self.candidates {
                let known = self.maps.iter().any(|(known, _)| known == preprocessing);
                if !known && !missing.contains(preprocessing) {
                    missing.push(*preprocessing);
                }
            }
        }
        let fitted = task.data.fitted(&missing, task.options.n_components)?;
        self.maps.extend(missing.into_iter().zip(fitted));
        find(&self.maps).ok_or_else(|| Error::Data("there is no feature map".into()))
    }
}

/// Trains on all samples with the polynomial; the inner error says that the logits left their interval.
pub(super) fn rehearse(
    task: Task<'_, '_>,
    candidate: &Candidate,
    mapped: &mut Mapped<'_>,
) -> Result<Result<Rehearsed>> {
    let options = task.options;
    let (map, samples) = mapped.behind(candidate.preprocessing, task)?;
    let link = candidate.approximation.link();
    let outputs = task.data.targets().scores(link.link);
    candidate.calibrator.check_for(outputs)?;
    let head = candidate.approximation.head(outputs);
    let rates = options.schedule.rates(candidate.learning_rate, candidate.iterations)?;
    let within = match (&candidate.approximation, options.interval) {
        // the unit of numbers follows from what they reach
        (Approximation::Identity(_), None) => f64::INFINITY,
        (other, _) => other.half_width(),
    };
    let (optimizer, alpha) = (candidate.optimizer, options.alpha);
    let method = Method { optimizer, rates: rates.clone(), alpha, link, within };
    let start = task.start.map(|model| model.weights(&head, &map)).transpose()?;
    let problem = Problem::new(&samples, task.batches);
    let columns = start.as_deref().map(|weights| columns(&head, weights));
    let iterates = train_linear(&problem, outputs, columns.as_ref(), &[method]).remove(0);
    let approximation = match (&candidate.approximation, options.interval) {
        (Approximation::Identity(unit), None) => Approximation::Identity(holding(*unit, &problem, &iterates)),
        (other, _) => other.clone(),
    };
    let head = approximation.head(outputs);
    let half_width = approximation.half_width();
    if let Some(t) = iterates.iter().position(|iterate| iterate.largest_logit > half_width) {
        let when = format!("in iteration {}", t + 1);
        mapped.samples = Some((candidate.preprocessing, samples));
        return Ok(Err(Error::OutsideInterval { logit: iterates[t].largest_logit, half_width, when }));
    }
    let options = Classifier {
        kind: Kind::of_head(&head),
        preprocessing: Some(candidate.preprocessing),
        optimizer: Some(candidate.optimizer),
        learning_rate: Some(candidate.learning_rate),
        max_iter: Some(candidate.iterations),
        interval: Some(head.score_unit().value()),
        calibrator: Some(candidate.calibrator.clone()),
        ..options.clone()
    };
    let largest_state = largest_state(&iterates, start.as_deref(), candidate.optimizer) / half_width;
    // a threshold is at most the sum of a step's intercept and of what the steps have in common
    let largest_state = largest_state * if matches!(head, BuiltIn::Ordinal(_)) { 2.0 } else { 1.0 };
    let held_out = candidate.held_out;
    Ok(Ok(Rehearsed { options, map, samples, head, rates, start, largest_state, held_out }))
}

/// The smallest unit, at least `unit`, that bounds all predictions and leaves the weights room below their own bound. No polynomial depends
/// on it.
fn holding(unit: f64, problem: &Problem<'_>, iterates: &[Iterate]) -> f64 {
    /// Weights may be eight times their unit.
    const WEIGHTS: f64 = 0.25;
    let larger = |max: f64, w: &f64| max.max(w.abs());
    let reach = iterates.iter().fold(unit, |reach, iterate| {
        let weights = iterate.weights.iter().fold(iterate.largest_momentum, larger);
        reach.max(iterate.largest_logit).max(WEIGHTS * weights)
    });
    let last = iterates.last().map(|iterate| problem.x.dot(&iterate.weights));
    let reach = last.iter().flatten().fold(reach, larger);
    HALF_WIDTHS.into_iter().find(|width| *width >= reach).unwrap_or(reach)
}

/// Weights of each output, the intercept last, as columns, from those of a head in its order.
fn columns(head: &BuiltIn, weights: &[Array1<f64>]) -> Array2<f64> {
    let rows = weights.first().map_or(0, Array1::len);
    if let BuiltIn::Ordinal(_) = head {
        let thresholds = Ordinal::thresholds(weights);
        let mut columns = Array2::from_shape_fn((rows, thresholds.len()), |(j, _)| weights[0][j]);
        columns.slice_mut(s![rows - 1, ..]).assign(&Array1::from_vec(thresholds));
        return columns;
    }
    Array2::from_shape_fn((rows, weights.len()), |(j, k)| weights[k][j])
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
