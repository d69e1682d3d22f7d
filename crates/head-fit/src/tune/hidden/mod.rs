//! Heads with a hidden layer: units and learning rate by held-out loss, the intervals of activation and logits by rehearsal.

mod layer;
mod network;
mod units;
mod widths;

pub(super) use layer::Layer;
pub(crate) use network::MLP_ITERATIONS;

use fhe_head::{BuiltIn, Error, Head as _, Result};

use super::task::{Rehearsed, Task};
use crate::classifier::Classifier;
use crate::data::Fold;
use crate::features::Preprocessing;
use crate::kind::Kind;
use crate::labels::shuffled;
use network::Network;
use widths::Widths;

/// Ridge of the whitening where none is given.
const RIDGE: f64 = 0.3;
const FOLDS: usize = 3;
/// Samples beyond this number do not change the choice, and cost time.
const SAMPLE_LIMIT: usize = 3000;

/// Chooses and rehearses. The number of units is chosen if there is none.
pub(super) fn choose(
    task: Task<'_, '_>,
    units: Option<usize>,
    layer: impl Fn(usize) -> Layer,
) -> Result<Rehearsed> {
    let options = task.options;
    // columns of a table come in units of their own; to embeddings it makes little difference
    let whitened = Preprocessing::Whiten { ridge: RIDGE, standardize: true };
    let preprocessing = options.preprocessing.unwrap_or(whitened);
    let (map, samples) = task.data.mapped(preprocessing, options.n_components)?;
    let samples = shuffled(samples, task.batches, options.random_state);
    let fold = || -> Result<Fold> {
        let split = task.data.splits(FOLDS, SAMPLE_LIMIT, options.random_state)?.swap_remove(0);
        Ok(task.data.folds(&split, &[preprocessing], options.n_components)?.remove(0))
    };
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
                return Ok(Rehearsed {
                    options,
                    map,
                    samples,
                    head,
                    rates,
                    start,
                    largest_state,
                    held_out: None,
                });
            }
            Err(error) => refusal = refusal.or(Some(error)),
        }
    }
    Err(refusal.unwrap_or_else(|| Error::Data("there is no learning rate to try".into())))
}
