//! Choosing what the options leave open, by cross-validation in the clear, and the rehearsal of what was chosen.

mod approximation;
mod grid;
mod held_out;
mod hidden;
mod linear;
mod round;
mod task;

pub(crate) use held_out::Measured;
pub(crate) use hidden::MLP_ITERATIONS;
pub(crate) use linear::splits;
pub(crate) use task::{Rehearsed, Task};

use fhe_head::Result;

use crate::kind::Kind;

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
