//! The arguments of each command.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::Args;

use super::{
    CheckpointArgs, DataArgs, EarlyStoppingArgs, EncoderArgs, FeatureDataArgs, HeadEncoderArgs, NewKeyArgs,
    PassphraseArgs, PlanAndKeyArgs, TestArgs, TextDataArgs, TrainingArgs, ValidationArgs, WeightArgs,
};

/// What a training starts from.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Training (chosen from the data where not given)")]
pub(crate) struct HeadStartArgs {
    /// Start from a head in the clear, in the place of zero or of random weights: the folder of `decrypt` or `run`. It travels
    /// encrypted with the data
    #[arg(long, value_name = "FOLDER")]
    pub(crate) warm_start: Option<PathBuf>,
}

/// Everything in one go.
#[derive(Args, Debug)]
pub(crate) struct RunArgs {
    #[command(flatten)]
    pub(crate) data: DataArgs,
    #[command(flatten)]
    pub(crate) test: TestArgs,
    #[command(flatten)]
    pub(crate) weights: WeightArgs,
    /// Label to call positive [default: the larger number, or the last in alphabetical order]
    #[arg(long, value_name = "LABEL", help_heading = "Data")]
    pub(crate) positive_label: Option<String>,
    #[command(flatten)]
    pub(crate) encoder: EncoderArgs,
    #[command(flatten)]
    pub(crate) training: TrainingArgs,
    #[command(flatten)]
    pub(crate) start: HeadStartArgs,
    #[command(flatten)]
    pub(crate) stopping: EarlyStoppingArgs,
    #[command(flatten)]
    pub(crate) passphrase: PassphraseArgs,
    #[command(flatten)]
    pub(crate) checkpoints: CheckpointArgs,
    /// Folder for everything that comes out; the secret key lies in its subfolder `client`, unencrypted (0600) unless
    /// there is a passphrase
    #[arg(long, value_name = "FOLDER", help_heading = "Output")]
    pub(crate) out: PathBuf,
}

/// Texts to embeddings.
#[derive(Args, Debug)]
pub(crate) struct EmbedArgs {
    #[command(flatten)]
    pub(crate) data: TextDataArgs,
    #[command(flatten)]
    pub(crate) weights: WeightArgs,
    #[command(flatten)]
    pub(crate) encoder: EncoderArgs,
    /// File to write: .safetensors (with labels and encoder) or .npy (numbers alone)
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    pub(crate) out: PathBuf,
}

/// A plan.
#[derive(Args, Debug)]
pub(crate) struct EstimateArgs {
    #[command(flatten)]
    pub(crate) data: FeatureDataArgs,
    #[command(flatten)]
    pub(crate) weights: WeightArgs,
    /// Label to call positive [default: the larger number, or the last in alphabetical order]
    #[arg(long, value_name = "LABEL", help_heading = "Data")]
    pub(crate) positive_label: Option<String>,
    /// Number of samples, where there is no file of features yet
    #[arg(
        long,
        value_name = "N",
        conflicts_with = "features",
        requires = "dimension",
        help_heading = "Data"
    )]
    pub(crate) samples: Option<usize>,
    /// Number of features, where there is no file of features yet
    #[arg(long, value_name = "D", conflicts_with = "features", requires = "samples", help_heading = "Data")]
    pub(crate) dimension: Option<usize>,
    /// Number of classes, where there is no file of features yet
    #[arg(long, value_name = "K", requires = "samples", default_value = "2", help_heading = "Data")]
    pub(crate) classes: usize,
    #[command(flatten)]
    pub(crate) training: TrainingArgs,
    #[command(flatten)]
    pub(crate) start: HeadStartArgs,
    /// Plan a training that goes on from the encrypted head of this plan's (`train --warm-start`), under the same key
    #[arg(
        long,
        value_name = "PLAN",
        requires = "features",
        conflicts_with = "warm_start",
        help_heading = "Training (chosen from the data where not given)"
    )]
    pub(crate) continue_from: Option<PathBuf>,
    /// Share of the samples to hold out, stratified, so that `watch` can follow the training; implies --scoring
    #[arg(long, value_name = "SHARE", requires = "features", help_heading = "Data")]
    pub(crate) validation_fraction: Option<f64>,
    /// Keep the plan in this file: `keygen`, `encrypt` and `decrypt` need it. It holds statistics of the features
    /// and stays with the data party
    #[arg(long, value_name = "FILE", requires = "features", help_heading = "Output")]
    pub(crate) out: Option<PathBuf>,
}

/// A method.
#[derive(Args, Debug)]
pub(crate) struct TuneArgs {
    #[command(flatten)]
    pub(crate) data: FeatureDataArgs,
    #[command(flatten)]
    pub(crate) weights: WeightArgs,
    #[command(flatten)]
    pub(crate) training: TrainingArgs,
    /// Job file to write, for `--job` of `estimate` and `run`
    #[arg(long, value_name = "FILE.toml", help_heading = "Output")]
    pub(crate) out: PathBuf,
}

/// Keys.
#[derive(Args, Debug)]
pub(crate) struct KeygenArgs {
    /// Plan that `estimate` wrote
    #[arg(long, value_name = "FILE")]
    pub(crate) plan: PathBuf,
    #[command(flatten)]
    pub(crate) new_key: NewKeyArgs,
    /// Keep the secret key of this folder, and make evaluation keys alone: for a plan that goes on from another's head
    #[arg(long, value_name = "FOLDER", conflicts_with = "no_passphrase")]
    pub(crate) keys: Option<PathBuf>,
    /// Folder for the keys; its subfolder `eval` is what the compute party gets
    #[arg(long, value_name = "FOLDER", help_heading = "Output")]
    pub(crate) out: PathBuf,
}

/// Embeddings to ciphertexts.
#[derive(Args, Debug)]
pub(crate) struct EncryptArgs {
    #[command(flatten)]
    pub(crate) data: FeatureDataArgs,
    #[command(flatten)]
    pub(crate) party: PlanAndKeyArgs,
    /// Encrypt features alone, for `score`: any number of samples, with labels or without. The plan must have been made with
    /// --scoring
    #[arg(long)]
    pub(crate) for_scoring: bool,
    /// File for the samples that the plan holds out for validation
    #[arg(long, value_name = "FILE", conflicts_with = "for_scoring", help_heading = "Output")]
    pub(crate) validation_out: Option<PathBuf>,
    /// File to write: what the compute party gets
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    pub(crate) out: PathBuf,
}

/// Predictions on ciphertexts.
#[derive(Args, Debug)]
pub(crate) struct ScoreArgs {
    /// Encrypted head
    #[arg(long, value_name = "FILE")]
    pub(crate) head: PathBuf,
    /// Samples that `encrypt --for-scoring` wrote
    #[arg(long, value_name = "FILE")]
    pub(crate) data: PathBuf,
    /// Folder of the evaluation keys
    #[arg(long, value_name = "FOLDER")]
    pub(crate) keys: PathBuf,
    /// File for the encrypted scores
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    pub(crate) out: PathBuf,
}

/// Training on ciphertexts.
#[derive(Args, Debug)]
pub(crate) struct TrainArgs {
    /// Encrypted data
    #[arg(long, value_name = "FILE")]
    pub(crate) data: PathBuf,
    /// Folder of the evaluation keys
    #[arg(long, value_name = "FOLDER")]
    pub(crate) keys: PathBuf,
    /// Encrypted head of an earlier training to go on from, under the same key; the data are encrypted by a plan of
    /// `estimate --continue-from`
    #[arg(long, value_name = "FILE")]
    pub(crate) warm_start: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) checkpoints: CheckpointArgs,
    #[command(flatten)]
    pub(crate) validation: ValidationArgs,
    /// File for the encrypted head
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    pub(crate) out: PathBuf,
}

/// A look at a training.
#[derive(Args, Debug)]
pub(crate) struct WatchArgs {
    /// Folder that the compute party fills (`train --validation-dir`)
    #[arg(long, value_name = "FOLDER")]
    pub(crate) dir: PathBuf,
    #[command(flatten)]
    pub(crate) data: FeatureDataArgs,
    #[command(flatten)]
    pub(crate) party: PlanAndKeyArgs,
    /// Ask the compute party to stop once the log loss has not fallen for so many validations, with the head of the best
    #[arg(long, value_name = "VALIDATIONS", conflicts_with = "stop")]
    pub(crate) patience: Option<NonZeroUsize>,
    /// Ask the compute party to end with the head of this iteration, and do nothing else
    #[arg(long, value_name = "ITERATION")]
    pub(crate) stop: Option<NonZeroUsize>,
    /// Show what is there, and do not wait for more
    #[arg(long)]
    pub(crate) once: bool,
}

/// Export of a head.
#[derive(Args, Debug)]
pub(crate) struct DecryptArgs {
    /// Encrypted head
    #[arg(long, value_name = "FILE")]
    pub(crate) head: PathBuf,
    #[command(flatten)]
    pub(crate) party: PlanAndKeyArgs,
    /// Folder for head.safetensors and head.json
    #[arg(long, value_name = "FOLDER", help_heading = "Output")]
    pub(crate) out: PathBuf,
}

/// Measures of a head.
#[derive(Args, Debug)]
pub(crate) struct EvalArgs {
    /// Folder of the head
    #[arg(long, value_name = "FOLDER")]
    pub(crate) head: PathBuf,
    #[command(flatten)]
    pub(crate) data: DataArgs,
    #[command(flatten)]
    pub(crate) encoder: HeadEncoderArgs,
}

/// Predictions of a head.
#[derive(Args, Debug)]
pub(crate) struct PredictArgs {
    /// Folder of the head
    #[arg(long, value_name = "FOLDER", required_unless_present = "scores")]
    pub(crate) head: Option<PathBuf>,
    /// Encrypted scores of these data that `score` wrote, in the place of a head
    #[arg(long, value_name = "FILE", conflicts_with = "head", requires_all = ["plan", "keys"])]
    pub(crate) scores: Option<PathBuf>,
    /// Plan that the scored data were encrypted by
    #[arg(long, value_name = "FILE", requires = "scores")]
    pub(crate) plan: Option<PathBuf>,
    /// Folder of the keys
    #[arg(long, value_name = "FOLDER", requires = "scores")]
    pub(crate) keys: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) passphrase: PassphraseArgs,
    #[command(flatten)]
    pub(crate) data: DataArgs,
    #[command(flatten)]
    pub(crate) encoder: HeadEncoderArgs,
    /// Table to write: sample, predicted class, probability of the positive class
    #[arg(long, value_name = "FILE.csv", help_heading = "Output")]
    pub(crate) out: PathBuf,
}

/// A file of ours.
#[derive(Args, Debug)]
pub(crate) struct InspectArgs {
    /// Key, ciphertext, plan, head or embeddings
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// Read all of it and verify every checksum
    #[arg(long)]
    pub(crate) verify: bool,
}

/// The parameter sets.
#[derive(Args, Debug)]
pub(crate) struct PresetsArgs {
    /// Print the text of docs/parameters.md
    #[arg(long)]
    pub(crate) markdown: bool,
}
