//! The intervals of a hidden layer, which are widened until they hold its values.

use fhe_head::{Error, Result};

use super::layer::Layer;
use crate::cleartext::HiddenRun;
use crate::tune::grid::HALF_WIDTHS;
use crate::tune::task::Task;

/// Room for the noise of encryption. The rehearsal computes the polynomials already.
const MARGIN: f64 = 1.02;

/// Half-widths of the intervals of a hidden layer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Widths {
    /// Of the activation's arguments.
    pub(super) arguments: f64,
    /// Of the logits.
    pub(super) logits: f64,
}

/// Which widths may not change.
#[derive(Clone, Copy)]
pub(super) struct Fixed {
    arguments: bool,
    logits: bool,
}

impl Fixed {
    pub(super) fn new(task: Task<'_, '_>, layer: Layer) -> Self {
        let arguments = layer.activation_interval.is_some() || task.start.is_some();
        Self { arguments, logits: task.options.interval.is_some() }
    }
}

impl Widths {
    /// What is given, else where to begin.
    pub(super) fn first(task: Task<'_, '_>, layer: Layer) -> Self {
        const NARROW: f64 = 4.0;
        let earlier = task.start.and_then(|model| model.hidden.as_ref());
        let earlier = earlier.map(|(_, activation)| activation.half_width());
        Self {
            arguments: earlier.or(layer.activation_interval).unwrap_or(NARROW),
            logits: task.options.interval.unwrap_or(NARROW),
        }
    }

    pub(super) fn hold(self, run: &HiddenRun) -> bool {
        MARGIN * run.arguments <= self.arguments && MARGIN * run.logits <= self.logits
    }

    /// The next widths to try. A training that diverges in an interval may hold in the next wider one.
    pub(super) fn widened(self, run: &HiddenRun, fixed: Fixed) -> Result<Self> {
        let widest = HALF_WIDTHS[HALF_WIDTHS.len() - 1];
        let diverged = MARGIN * run.arguments.max(run.logits) > widest;
        let next = |width: f64, reach: f64, fixed: bool| {
            let wanted = if diverged { width.next_up() } else { MARGIN * reach };
            if wanted <= width {
                return Ok(width);
            }
            let wider = HALF_WIDTHS.iter().copied().find(|&candidate| !fixed && candidate >= wanted);
            wider.ok_or_else(|| Error::OutsideInterval {
                logit: reach,
                half_width: width,
                when: "in plain training of the hidden layer".into(),
            })
        };
        if fixed.arguments && !diverged && MARGIN * run.arguments > self.arguments {
            return Err(Error::Parameter {
                name: "activation_interval",
                got: self.arguments.to_string(),
                expected: format!(
                    "at least {:.2}, which arguments reach in plain training, or a lower learning rate",
                    MARGIN * run.arguments
                ),
            });
        }
        let logits = next(self.logits, run.logits, fixed.logits)?;
        // the logits' polynomial is what diverges: arguments follow
        let arguments = if diverged { self.arguments } else { next(self.arguments, run.arguments, false)? };
        Ok(Self { arguments, logits })
    }
}
