//! Mini-batches and step sizes, by scikit-learn's names where it has them.

use clap::{Args, ValueEnum};
use fhe_head::{RateSchedule, ranges};

use crate::exit::{Failure, Result};

/// Flags of steps.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Steps")]
pub(super) struct StepArgs {
    /// Samples of a mini-batch; each iteration takes the next one, and samples are shuffled once [default: all samples]
    #[arg(long, value_name = "SAMPLES")]
    batch_size: Option<usize>,
    /// Step size; with a schedule, that of the first iteration
    #[arg(long, visible_alias = "learning-rate-init", value_name = "RATE")]
    learning_rate: Option<f64>,
    /// Schedule of the step size [default: constant]
    #[arg(long, value_enum)]
    learning_rate_schedule: Option<Schedule>,
    /// Exponent of invscaling [default: 0.5]
    #[arg(long, value_name = "POWER")]
    power_t: Option<f64>,
}

/// Schedules of the step size.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Schedule {
    /// The same in all iterations
    Constant,
    /// Divided by the iteration to the power of --power-t
    Invscaling,
    /// Decreasing to zero along half a cosine
    Cosine,
}

/// Flags of steps, checked.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Steps {
    /// Samples of a mini-batch.
    pub(crate) batch_size: Option<usize>,
    /// Learning rate of the first iteration.
    pub(crate) learning_rate: Option<f64>,
    /// Its schedule.
    pub(crate) schedule: RateSchedule,
}

impl StepArgs {
    /// Checks ranges and combinations.
    ///
    /// # Errors
    /// The first flag that is out of range or does not apply.
    pub(super) fn resolve(&self) -> Result<Steps> {
        ranges::batch_size(self.batch_size)?;
        ranges::learning_rate(self.learning_rate)?;
        if self.power_t.is_some() && self.learning_rate_schedule != Some(Schedule::Invscaling) {
            return Err(Failure::usage("--power-t requires --learning-rate-schedule invscaling"));
        }
        let schedule = match self.learning_rate_schedule {
            None | Some(Schedule::Constant) => RateSchedule::Constant,
            Some(Schedule::Invscaling) => RateSchedule::InverseScaling(self.power_t.unwrap_or(0.5)),
            Some(Schedule::Cosine) => RateSchedule::Cosine,
        };
        schedule.check()?;
        Ok(Steps { batch_size: self.batch_size, learning_rate: self.learning_rate, schedule })
    }
}
