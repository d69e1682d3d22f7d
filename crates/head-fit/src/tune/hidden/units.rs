//! How many hidden units, where nobody says.

use fhe_head::{Degree, Error, Result};

use super::layer::Layer;
use super::network::Network;
use super::widths::Widths;
use crate::data::Fold;
use crate::tune::task::Task;

/// Numbers of units to try. The cost of a training is in proportion to them.
const UNITS: [usize; 4] = [8, 16, 32, 64];
/// Most weights of the network for each sample. There may be several: few iterations and small initial weights keep them small.
const WEIGHTS_OF_SAMPLE: usize = 4;
/// Share of the loss that more units must save.
const SAVED: f64 = 0.01;

/// The number of units: that of the model that the training starts from; else the smallest whose held-out loss is nearly the least, among
/// those that the padded features hold and for which there are enough samples.
///
/// # Errors
/// [`Error::Parameter`] if the features hold none.
pub(super) fn fitting(
    task: Task<'_, '_>,
    layer: impl Fn(usize) -> Layer,
    fold: &Fold,
    padded_features: usize,
) -> Result<usize> {
    if let Some((earlier, _)) = task.start.and_then(|model| model.hidden.as_ref()) {
        return Ok(earlier.intercept.len());
    }
    let bearable = WEIGHTS_OF_SAMPLE * task.data.len() / padded_features;
    let fits = |units: &usize| *units <= padded_features && *units <= bearable.max(UNITS[0]);
    let mut best: Option<(f64, usize)> = None;
    for hidden in UNITS.into_iter().filter(fits) {
        let network = Network { task, layer: layer(hidden) };
        // the degree that hardly ever diverges
        let losses = network.rates_by_loss(fold, Degree::Seven, Widths::first(task, network.layer))?;
        let loss = losses.first().map_or(f64::INFINITY, |(loss, _)| *loss);
        if best.is_none_or(|(least, _)| loss < least * (1.0 - SAVED)) {
            best = Some((loss, hidden));
        }
    }
    best.map(|(_, hidden)| hidden).ok_or_else(|| Error::Parameter {
        name: "hidden_layer_sizes",
        got: "open".into(),
        expected: format!("at least {} features with the constant, padded to {padded_features}", UNITS[0]),
    })
}
