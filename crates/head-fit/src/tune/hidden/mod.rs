//! Heads with a hidden layer: units and learning rate by held-out loss, the intervals of activation and logits by rehearsal.

mod layer;
mod network;
mod units;
mod widths;

pub(super) use layer::Layer;
pub(crate) use network::MLP_ITERATIONS;

use fhe_head::{BuiltIn, Degree, Error, Head as _, Result};

use super::task::{Rehearsed, Task};
use crate::classifier::Classifier;
use crate::data::Fold;
use crate::features::Preprocessing;
use crate::kind::Kind;
use crate::labels::shuffled;
use network::Network;
use widths::Widths;

/// Whitenings to choose from where none is given. Columns of a table come in units of their own, so that most are scaled first. Among those
/// of images or counts, some hardly ever differ from zero: scaled, the few samples where they do would leave every interval.
const MAPS: [Preprocessing; 2] = [whitening(true), whitening(false)];
const FOLDS: usize = 3;
/// Samples beyond this number do not change the choice, and cost time.
const SAMPLE_LIMIT: usize = 3000;

const fn whitening(standardize: bool) -> Preprocessing {
    Preprocessing::Whiten { ridge: 0.3, standardize }
}

/// Chooses and rehearses. The number of units is chosen if there is none.
pub(super) fn choose(
    task: Task<'_, '_>,
    units: Option<usize>,
    layer: impl Fn(usize) -> Layer,
) -> Result<Rehearsed> {
    let maps = match task.options.preprocessing {
        Some(given) => vec![given],
        None => maps_by_loss(task, units, &layer)?,
    };
    let mut refusal = None;
    for map in maps {
        match behind(map, task, units, &layer)? {
            Ok(rehearsed) => return Ok(rehearsed),
            Err(error) => refusal = refusal.or(Some(error)),
        }
    }
    Err(refusal.unwrap_or_else(|| Error::Data("there is no learning rate to try".into())))
}

/// One split into a training and a held-out part, behind each map.
fn folds(task: Task<'_, '_>, maps: &[Preprocessing]) -> Result<Vec<Fold>> {
    let (data, options) = (task.data, task.options);
    let split = data.splits(FOLDS, SAMPLE_LIMIT, options.random_state)?.swap_remove(0);
    data.folds(&split, maps, options.n_components)
}

/// The maps to choose from, the one with the least held-out loss first: with few units where nobody says how many.
fn maps_by_loss(
    task: Task<'_, '_>,
    units: Option<usize>,
    layer: impl Fn(usize) -> Layer,
) -> Result<Vec<Preprocessing>> {
    let network = Network { task, layer: layer(units.unwrap_or(units::FEWEST)) };
    let mut losses = Vec::with_capacity(MAPS.len());
    for (map, fold) in MAPS.into_iter().zip(folds(task, &MAPS)?) {
        let rates = network.rates_by_loss(&fold, Degree::Seven, Widths::first(task, network.layer))?;
        losses.push((rates.first().map_or(f64::INFINITY, |(loss, _)| *loss), map));
    }
    losses.sort_by(|a, b| a.0.total_cmp(&b.0));
    Ok(losses.into_iter().map(|(_, map)| map).collect())
}

/// The choice behind one map. The inner error says that no learning rate keeps values inside the intervals.
fn behind(
    preprocessing: Preprocessing,
    task: Task<'_, '_>,
    units: Option<usize>,
    layer: impl Fn(usize) -> Layer,
) -> Result<Result<Rehearsed>> {
    let options = task.options;
    let (map, samples) = task.data.mapped(preprocessing, options.n_components)?;
    let samples = shuffled(samples, task.batches, options.random_state);
    let fold = || -> Result<Fold> { Ok(folds(task, &[preprocessing])?.remove(0)) };
    let hidden = match units {
        Some(hidden) => hidden,
        None => units::fitting(task, &layer, &fold()?, samples.padded_features())?,
    };
    let layer = layer(hidden);
    if hidden > samples.padded_features() {
        return Err(Error::Parameter {
            name: "hidden_layer_sizes",
            got: hidden.to_string(),
            expected: format!(
                "at most {} units with the {} directions in which the {} features vary, or more features",
                samples.padded_features(),
                map.outputs(),
                map.inputs()
            ),
        });
    }
    let network = Network { task, layer };
    let widths = Widths::first(task, layer);
    let degree = network.degree(&samples, &map, widths)?;
    let candidates = match options.learning_rate {
        // a rate that is given is tried, whatever it does on a part of the samples
        Some(rate) => vec![(0.0, rate)],
        None => network.rates_by_loss(&fold()?, degree, widths)?,
    };
    let mut refusal = None;
    for (_, rate) in candidates {
        let rates = network.rates(rate)?;
        match network.rehearse(degree, widths, &samples, &map, &rates)? {
            Ok((head, run, start)) => {
                let head = BuiltIn::Mlp(head);
                let options = Classifier {
                    kind: Kind::of_head(&head),
                    preprocessing: Some(preprocessing),
                    optimizer: Some(network.optimizer()),
                    learning_rate: Some(rate),
                    max_iter: Some(rates.len()),
                    interval: Some(head.score_unit().value()),
                    calibrator: Some(options.calibrator.clone().unwrap_or_default()),
                    ..options.clone()
                };
                let (start, largest_state) = (Some(start), run.state);
                return Ok(Ok(Rehearsed {
                    options,
                    map,
                    samples,
                    head,
                    rates,
                    start,
                    largest_state,
                    held_out: None,
                }));
            }
            Err(error) => refusal = refusal.or(Some(error)),
        }
    }
    Ok(Err(refusal.unwrap_or_else(|| Error::Data("there is no learning rate to try".into()))))
}
