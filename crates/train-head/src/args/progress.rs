//! Flags of a running training: checkpoints, validation, early stopping.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::Args;

/// Flags of checkpoints.
#[derive(Args, Clone, Copy, Debug)]
#[command(next_help_heading = "Checkpoints")]
pub(crate) struct CheckpointArgs {
    /// Iterations between two checkpoints of the encrypted state
    #[arg(long, value_name = "ITERATIONS", default_value = "1")]
    pub(crate) checkpoint_every: NonZeroUsize,
    /// Continue an interrupted training of the same command; start anew if there is no checkpoint
    #[arg(long)]
    pub(crate) resume: bool,
}

/// Flags of validation, for the compute party.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Validation")]
pub(crate) struct ValidationArgs {
    /// Encrypted validation samples by `encrypt --validation-out`
    #[arg(long, value_name = "FILE", requires = "validation_dir")]
    pub(crate) validation: Option<PathBuf>,
    /// Iterations between two validations [default: 1]
    #[arg(long, value_name = "ITERATIONS", requires = "validation")]
    pub(crate) validation_every: Option<NonZeroUsize>,
    /// Folder for encrypted scores and heads, and for the answer of `watch`
    #[arg(long, value_name = "FOLDER", requires = "validation")]
    pub(crate) validation_dir: Option<PathBuf>,
}

/// Flags of validation and early stopping, for `run`.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Validation")]
pub(crate) struct EarlyStoppingArgs {
    /// Stratified share of the training samples to hold out for validation: they are scored encrypted during the training
    #[arg(long, value_name = "SHARE")]
    pub(crate) validation_fraction: Option<f64>,
    /// Iterations between two validations [default: 1]
    #[arg(long, value_name = "ITERATIONS", requires = "validation_fraction")]
    pub(crate) validation_every: Option<NonZeroUsize>,
    /// Stop when the log loss has not improved for --n-iter-no-change validations, with the head of lowest log loss
    #[arg(long, requires = "validation_fraction")]
    pub(crate) early_stopping: bool,
    /// Validations without improvement before stopping [default: 3]
    #[arg(long, value_name = "VALIDATIONS", requires = "early_stopping")]
    pub(crate) n_iter_no_change: Option<NonZeroUsize>,
}

impl EarlyStoppingArgs {
    /// The number of validations without improvement before stopping; `None` without early stopping.
    pub(crate) fn patience(&self) -> Option<NonZeroUsize> {
        const DEFAULT: NonZeroUsize = NonZeroUsize::new(3).unwrap();
        self.early_stopping.then(|| self.n_iter_no_change.unwrap_or(DEFAULT))
    }
}
