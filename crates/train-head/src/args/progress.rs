//! A training under way: checkpoints, validation, early stopping.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::Args;

/// How a training survives an interruption.
#[derive(Args, Clone, Copy, Debug)]
#[command(next_help_heading = "Checkpoints")]
pub(crate) struct CheckpointArgs {
    /// Keep the encrypted state after every so many iterations, until the training ends
    #[arg(long, value_name = "ITERATIONS", default_value = "1")]
    pub(crate) checkpoint_every: NonZeroUsize,
    /// Continue where the same command was interrupted; from the start if it left no checkpoint
    #[arg(long)]
    pub(crate) resume: bool,
}

/// What the data party sees of a training that is under way.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Validation")]
pub(crate) struct ValidationArgs {
    /// Validation samples that `encrypt --validation-out` wrote
    #[arg(long, value_name = "FILE", requires = "validation_dir")]
    pub(crate) validation: Option<PathBuf>,
    /// Score them after every so many iterations [default: 1]
    #[arg(long, value_name = "ITERATIONS", requires = "validation")]
    pub(crate) validation_every: Option<NonZeroUsize>,
    /// Folder for encrypted scores and heads, and for the data party's answer (see `watch`)
    #[arg(long, value_name = "FOLDER", requires = "validation")]
    pub(crate) validation_dir: Option<PathBuf>,
}

/// Validation and early stopping of a run, which is both parties.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Validation")]
pub(crate) struct EarlyStoppingArgs {
    /// Share of the training samples to hold out, stratified: they are scored encrypted as the training goes, and the curve is shown
    #[arg(long, value_name = "SHARE")]
    pub(crate) validation_fraction: Option<f64>,
    /// Score them after every so many iterations [default: 1]
    #[arg(long, value_name = "ITERATIONS", requires = "validation_fraction")]
    pub(crate) validation_every: Option<NonZeroUsize>,
    /// End the training, with the head of least log loss, once the log loss has not fallen for --n-iter-no-change validations
    #[arg(long, requires = "validation_fraction")]
    pub(crate) early_stopping: bool,
    /// Validations without progress that end the training [default: 3]
    #[arg(long, value_name = "VALIDATIONS", requires = "early_stopping")]
    pub(crate) n_iter_no_change: Option<NonZeroUsize>,
}

impl EarlyStoppingArgs {
    /// After how many validations without progress the training ends, if it may end early.
    pub(crate) fn patience(&self) -> Option<NonZeroUsize> {
        const USUAL: NonZeroUsize = NonZeroUsize::new(3).unwrap();
        self.early_stopping.then(|| self.n_iter_no_change.unwrap_or(USUAL))
    }
}
