//! What an iteration takes: how many samples, and how long a step. Names are scikit-learn's where it has them.

use clap::{Args, ValueEnum};
use fhe_head::optimizer::RateSchedule;

use crate::exit::{Failure, Result};

/// Flags of the steps.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Steps")]
pub(super) struct StepArgs {
    /// Samples of a mini-batch, of which each iteration takes the next; they are shuffled once [default: all samples]
    #[arg(long, value_name = "SAMPLES")]
    batch_size: Option<usize>,
    /// Step size, of the first iteration if there is a schedule
    #[arg(long, visible_alias = "learning-rate-init", value_name = "RATE")]
    learning_rate: Option<f64>,
    /// How the step size changes [default: constant]
    #[arg(long, value_enum)]
    learning_rate_schedule: Option<Schedule>,
    /// Exponent of `invscaling` [default: 0.5]
    #[arg(long, value_name = "POWER")]
    power_t: Option<f64>,
}

/// Schedules of the step size.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Schedule {
    /// It does not
    Constant,
    /// Over the iteration to the power of --power-t
    Invscaling,
    /// Down to none along half a cosine
    Cosine,
}

/// Steps, as far as it was said.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Steps {
    /// Samples of a mini-batch.
    pub(crate) batch_size: Option<usize>,
    /// Learning rate of the first iteration.
    pub(crate) learning_rate: Option<f64>,
    /// How it changes.
    pub(crate) schedule: RateSchedule,
}

impl StepArgs {
    /// Checks ranges and combinations.
    ///
    /// # Errors
    /// The first flag that is out of range or has no meaning.
    pub(super) fn resolve(&self) -> Result<Steps> {
        if self.batch_size == Some(0) {
            return Err(Failure::usage("--batch-size 0: at least one sample is needed"));
        }
        if let Some(rate) = self.learning_rate.filter(|rate| !(rate.is_finite() && *rate > 0.0)) {
            return Err(Failure::usage(format!("--learning-rate {rate}: a positive number is needed")));
        }
        let power = self.power_t.unwrap_or(0.5);
        if !(power.is_finite() && power >= 0.0) {
            return Err(Failure::usage(format!("--power-t {power}: a number of at least 0 is needed")));
        }
        if self.power_t.is_some() && self.learning_rate_schedule != Some(Schedule::Invscaling) {
            return Err(Failure::usage(
                "--power-t has a meaning with --learning-rate-schedule invscaling alone",
            ));
        }
        Ok(Steps {
            batch_size: self.batch_size,
            learning_rate: self.learning_rate,
            schedule: match self.learning_rate_schedule {
                None | Some(Schedule::Constant) => RateSchedule::Constant,
                Some(Schedule::Invscaling) => RateSchedule::InverseScaling(power),
                Some(Schedule::Cosine) => RateSchedule::Cosine,
            },
        })
    }
}
