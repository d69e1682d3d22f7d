//! Choosing what the options leave open, by cross-validation in the clear, and the rehearsal of what was chosen.

mod approximation;
mod calibrate;
mod grid;
mod held_out;
mod hidden;
mod linear;
mod round;
mod task;

pub(crate) use grid::HALF_WIDTHS;
pub(crate) use held_out::Measured;
pub(crate) use hidden::MLP_ITERATIONS;
pub(crate) use linear::splits;
pub(crate) use task::{Rehearsed, Task};

use fhe_head::Result;

use crate::classifier::Classifier;
use crate::kind::Kind;
use crate::labels::Targets;

/// Bytes that [`choose`] takes at once, besides the samples and their rehearsal: those of the folds.
pub(crate) fn bytes_to_choose(options: &Classifier, targets: Targets, shape: [usize; 2]) -> u64 {
    match options.kind {
        // one fold of one map
        Kind::Mlp { .. } => shape.iter().fold(8, |bytes: u64, &count| bytes.saturating_mul(count as u64)),
        _ => linear::bytes_of_folds(options, targets, shape),
    }
}

/// Chooses what is open, and rehearses it on all samples.
///
/// # Errors
/// [`fhe_head::Error::OutsideInterval`] if nothing allowed keeps values inside; [`fhe_head::Error::NeedsBootstrapping`] if the options
/// ask for more depth than the scheme has.
pub(crate) fn choose(task: Task<'_, '_>) -> Result<Rehearsed> {
    match task.options.kind {
        Kind::Auto | Kind::Logistic { .. } | Kind::Softmax { .. } | Kind::Ordinal { .. } | Kind::Ridge => {
            linear::choose(task)
        }
        Kind::Mlp { hidden, activation, activation_interval } => {
            let layer = |hidden| hidden::Layer { hidden, activation, activation_interval };
            hidden::choose(task, hidden, layer)
        }
    }
}
