//! Linear heads: first the maps and the optimiser, with the exact link; then, for the best of these, the polynomial and its interval,
//! with the arithmetic that ciphertexts will do. Candidates whose logits leave the interval drop out.

mod candidate;
mod rehearsal;
mod search;

use fhe_head::{Degree, Error, Link, Result, SoftmaxForm, stop};
use rayon::prelude::*;

use super::approximation::Family;
use super::grid::{Grid, HALF_WIDTHS, maps};
use super::task::{Rehearsed, Task};
use crate::classifier::Classifier;
use crate::data::{Data, Fold, splits_of};
use crate::kind::Kind;
use crate::labels::{Split, Targets};
use candidate::Candidate;
use rehearsal::{Mapped, rehearse};
use search::Search;

const FOLDS: usize = 5;
/// More where trainings of a fold have half of its samples.
const FOLDS_APART: usize = 10;
/// Samples beyond this number do not change the choice, and cost time. Wide tables have a lower limit.
const SAMPLE_LIMIT: usize = 2400;
const ENTRY_LIMIT: usize = 2_400_000;
const LEAST_SAMPLES: usize = 1000;
/// Candidates that are rehearsed on all samples before the best one gets a wider interval: as many as this many numbers allow, and
/// at least these.
const REHEARSED_ENTRIES: usize = 400_000_000;
const LEAST_REHEARSALS: usize = 4;
/// A cheaper method wins if it is within this share of the best.
const TOLERANCE: f64 = 0.005;
/// The same where a fold trains on half of its samples: a union of several parties has more, and more iterations pay there.
const TOLERANCE_APART: f64 = 0.001;

/// The splits on which linear heads are compared, with each other and with what is fitted in the clear. `parties` train together.
///
/// # Errors
/// None on data that were checked.
pub(crate) fn splits(data: &Data<'_>, random_state: u64, parties: u32) -> Result<Vec<Split>> {
    let folds = if map_of_others(data, parties) { FOLDS_APART } else { FOLDS };
    data.splits(folds, sample_limit(data.features().ncols()), random_state)
}

/// Whether the feature map will not be of the samples that are trained on: several parties train behind one of public samples.
fn map_of_others(data: &Data<'_>, parties: u32) -> bool {
    data.given_map().is_none() && parties > 1
}

fn sample_limit(features: usize) -> usize {
    (ENTRY_LIMIT / features.max(1)).clamp(LEAST_SAMPLES, SAMPLE_LIMIT)
}

/// Bytes of the folds of a choice, all of which are there at once: for each map and split the samples in as many directions as they vary
/// in at most, and the map.
pub(crate) fn bytes_of_folds(options: &Classifier, targets: Targets, [samples, features]: [usize; 2]) -> u64 {
    let maps = maps(options, targets).len();
    let (splits, thinned) = splits_of(FOLDS, samples, sample_limit(features));
    let directions = features.min(thinned).min(options.n_components.unwrap_or(usize::MAX));
    let each = [8, maps, splits, thinned.saturating_add(features), directions];
    each.iter().fold(1u64, |bytes, &count| bytes.saturating_mul(count as u64))
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
    let candidates = match only_candidate(task, &grids[0])? {
        // the folds have nothing to say
        Some(only) if task.options.leaves_nothing_open() => vec![only],
        only => match (candidates(task, &grids), only) {
            // where no number is open, the rehearsal on all samples decides, whatever the folds reach
            (Err(Error::OutsideInterval { .. }), Some(only)) => vec![only],
            (candidates, _) => candidates?,
        },
    };
    let most = (REHEARSED_ENTRIES / task.data.features().len().max(1)).max(LEAST_REHEARSALS);
    let rehearsed = &candidates[..most.min(candidates.len())];
    let (mut refusal, mut mapped) = (None, Mapped::new(rehearsed));
    for candidate in rehearsed {
        stop::check()?;
        match rehearse(task, candidate, &mut mapped)? {
            Ok(rehearsed) => return Ok(rehearsed),
            Err(error) => refusal = refusal.or(Some(error)),
        }
    }
    // all samples reach further than the folds did: the best method on wider intervals
    if let (Some(best), None) = (candidates.first(), task.options.interval) {
        for half_width in HALF_WIDTHS.into_iter().filter(|width| *width > best.approximation.half_width()) {
            stop::check()?;
            let approximation = best.approximation.widened(half_width)?;
            if let Ok(rehearsed) = rehearse(task, &Candidate { approximation, ..best.clone() }, &mut mapped)?
            {
                return Ok(rehearsed);
            }
        }
    }
    Err(refusal.unwrap_or_else(|| Error::Data("there is no method to choose from".into())))
}

/// What may stand for the links of the heads that the options allow, a list for each link.
fn families(task: Task<'_, '_>) -> Vec<Vec<Family>> {
    let targets = task.data.targets();
    let several = |link, fit| Degree::ALL.map(|degree| Family::Logistic { link, degree, fit }).to_vec();
    let of_degree = |link, degree: Option<Degree>, fit| match degree {
        Some(degree) => vec![Family::Logistic { link, degree, fit }],
        None => several(link, fit),
    };
    let classes = match targets {
        Targets::Classes(classes) => classes,
        Targets::Labels(_) => {
            let (degree, fit) = match task.options.kind {
                Kind::Logistic { degree, fit } => (degree, fit),
                _ => (None, None),
            };
            return vec![of_degree(Link::MultiLabel, degree, fit)];
        }
        Targets::Numbers(_) => return vec![vec![Family::Identity]],
    };
    let softmax =
        |forms: &[SoftmaxForm]| forms.iter().map(|&form| Family::Softmax { classes, form }).collect();
    match task.options.kind {
        Kind::Logistic { degree, fit } => vec![of_degree(Link::Logistic, degree, fit)],
        Kind::Ordinal { degree, fit } => vec![of_degree(Link::Cumulative, degree, fit)],
        Kind::Softmax { form: Some(form) } => vec![softmax(&[form])],
        Kind::Softmax { form: None } => vec![softmax(&[SoftmaxForm::Three, SoftmaxForm::InARow])],
        Kind::Auto if classes == 2 => vec![several(Link::Logistic, None)],
        Kind::Auto | Kind::Mlp { .. } | Kind::Ridge => {
            vec![several(Link::Logistic, None), softmax(&SoftmaxForm::ALL)]
        }
    }
}

/// The one method that options without an open number ask for.
fn only_candidate(task: Task<'_, '_>, grid: &Grid) -> Result<Option<Candidate>> {
    let options = task.options;
    let given = options.preprocessing.zip(options.optimizer).zip(options.learning_rate).zip(options.max_iter);
    let unit = (options.kind == Kind::Ridge).then_some(HALF_WIDTHS[0]);
    let (Some((((preprocessing, optimizer), learning_rate), iterations)), Some(width)) =
        (given, options.interval.or(unit))
    else {
        return Ok(None);
    };
    Ok(grid.plainest(width)?.map(|approximation| Candidate {
        preprocessing,
        optimizer,
        learning_rate,
        approximation,
        iterations,
        calibrator: options.calibrator.clone().unwrap_or_default(),
        held_out: None,
        objective: 0.0,
    }))
}

/// Methods that stay inside their intervals, best first: the cheapest of those that are nearly the best in held-out loss and in
/// fidelity to the exact link, then the others.
fn candidates(task: Task<'_, '_>, grids: &[Grid]) -> Result<Vec<Candidate>> {
    let maps = maps(task.options, task.data.targets());
    let components = task.options.n_components;
    let apart = map_of_others(task.data, task.scheme.parameters().literal().secret.parties());
    let folds: Vec<Vec<Fold>> = task
        .splits
        .par_iter()
        .enumerate()
        .map(|(k, split)| match apart {
            true => task.data.folds_apart(split, k % 2 == 0, &maps, components),
            false => task.data.folds(split, &maps, components),
        })
        .collect::<Result<_>>()?;
    // by map, then by split
    let mut by_map: Vec<Vec<Fold>> = maps.iter().map(|_| Vec::new()).collect();
    for split in folds {
        for (folds, fold) in by_map.iter_mut().zip(split) {
            // a head to start from may lie outside the span of the samples
            folds.push(if task.start.is_none() { fold.for_linear()? } else { fold });
        }
    }
    let (mut candidates, mut refusal) = (Vec::new(), None);
    for grid in grids {
        match (Search { task, grid, maps: &maps, folds: &by_map }).candidates() {
            Ok(found) => candidates.extend(found),
            Err(error) => refusal = refusal.or(Some(error)),
        }
        stop::check()?;
    }
    if candidates.is_empty() {
        return Err(refusal.unwrap_or_else(|| Error::Data("there is no method to choose from".into())));
    }
    candidates.sort_by(|a, b| a.objective.total_cmp(&b.objective));
    let near = candidates[0].objective * (1.0 + if apart { TOLERANCE_APART } else { TOLERANCE });
    let cheapest = (0..candidates.len())
        .take_while(|&i| candidates[i].objective <= near)
        .min_by_key(|&i| (candidates[i].depth(), candidates[i].approximation.degree()))
        .unwrap_or(0);
    let chosen = candidates.remove(cheapest);
    candidates.insert(0, chosen);
    Ok(candidates)
}
