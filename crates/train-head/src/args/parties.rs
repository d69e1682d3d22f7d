//! The arguments of each command, data party and compute party.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::Args;

use super::{
    CheckpointArgs, DataArgs, EarlyStoppingArgs, EncoderArgs, FeatureDataArgs, HeadEncoderArgs, NewKeyArgs,
    PassphraseArgs, PlanAndKeyArgs, TestArgs, TextDataArgs, TrainingArgs, ValidationArgs, WeightArgs,
};

/// A head to start from.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Training (chosen from the data where not given)")]
pub(crate) struct HeadStartArgs {
    /// Start from the weights of a decrypted head: the folder that `decrypt` or `run` wrote. They are encrypted with the data
    #[arg(long, value_name = "FOLDER")]
    pub(crate) warm_start: Option<PathBuf>,
}

/// Arguments of `run`.
#[derive(Args, Debug)]
pub(crate) struct RunArgs {
    #[command(flatten)]
    pub(crate) data: DataArgs,
    #[command(flatten)]
    pub(crate) test: TestArgs,
    #[command(flatten)]
    pub(crate) weights: WeightArgs,
    /// Label of the positive class [default: the larger number, or the last in alphabetical order]
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
    /// Folder for all results. The secret key is in its subfolder `client`, unencrypted (0600) unless there is a
    /// passphrase
    #[arg(long, value_name = "FOLDER", help_heading = "Output")]
    pub(crate) out: PathBuf,
}

/// Arguments of `embed`.
#[derive(Args, Debug)]
pub(crate) struct EmbedArgs {
    #[command(flatten)]
    pub(crate) data: TextDataArgs,
    #[command(flatten)]
    pub(crate) weights: WeightArgs,
    #[command(flatten)]
    pub(crate) encoder: EncoderArgs,
    /// File for the embeddings: .safetensors (with labels and encoder) or .npy (only numbers)
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    pub(crate) out: PathBuf,
}

/// Arguments of `estimate`.
#[derive(Args, Debug)]
pub(crate) struct EstimateArgs {
    #[command(flatten)]
    pub(crate) data: FeatureDataArgs,
    #[command(flatten)]
    pub(crate) weights: WeightArgs,
    /// Label of the positive class [default: the larger number, or the last in alphabetical order]
    #[arg(long, value_name = "LABEL", help_heading = "Data")]
    pub(crate) positive_label: Option<String>,
    /// Number of samples, to plan without data
    #[arg(
        long,
        value_name = "N",
        conflicts_with = "features",
        requires = "dimension",
        help_heading = "Data"
    )]
    pub(crate) samples: Option<usize>,
    /// Number of features, to plan without data
    #[arg(long, value_name = "D", conflicts_with = "features", requires = "samples", help_heading = "Data")]
    pub(crate) dimension: Option<usize>,
    /// Number of classes, to plan without data
    #[arg(long, value_name = "K", requires = "samples", default_value = "2", help_heading = "Data")]
    pub(crate) classes: usize,
    #[command(flatten)]
    pub(crate) training: TrainingArgs,
    #[command(flatten)]
    pub(crate) start: HeadStartArgs,
    /// Plan a training that continues from the encrypted head of an earlier plan (`train --warm-start`), under the same key
    #[arg(
        long,
        value_name = "PLAN",
        requires = "features",
        conflicts_with = "warm_start",
        help_heading = "Training (chosen from the data where not given)"
    )]
    pub(crate) continue_from: Option<PathBuf>,
    /// Stratified share of the samples to hold out for validation with `watch`; implies --scoring
    #[arg(long, value_name = "SHARE", requires = "features", help_heading = "Data")]
    pub(crate) validation_fraction: Option<f64>,
    /// File for the plan, which `keygen`, `encrypt` and `decrypt` need. It holds statistics of the features: keep it
    /// private
    #[arg(long, value_name = "FILE", requires = "features", help_heading = "Output")]
    pub(crate) out: Option<PathBuf>,
}

/// Arguments of `tune`.
#[derive(Args, Debug)]
pub(crate) struct TuneArgs {
    #[command(flatten)]
    pub(crate) data: FeatureDataArgs,
    #[command(flatten)]
    pub(crate) weights: WeightArgs,
    #[command(flatten)]
    pub(crate) training: TrainingArgs,
    /// Job file, for --job of `estimate` and `run`
    #[arg(long, value_name = "FILE.toml", help_heading = "Output")]
    pub(crate) out: PathBuf,
}

/// Arguments of `keygen`.
#[derive(Args, Debug)]
pub(crate) struct KeygenArgs {
    /// Plan by `estimate`
    #[arg(long, value_name = "FILE")]
    pub(crate) plan: PathBuf,
    #[command(flatten)]
    pub(crate) new_key: NewKeyArgs,
    /// Make only evaluation keys, under the secret key in this folder: for a plan with --continue-from
    #[arg(long, value_name = "FOLDER", conflicts_with = "no_passphrase")]
    pub(crate) keys: Option<PathBuf>,
    /// Folder for the keys; the compute party gets its subfolder `eval`
    #[arg(long, value_name = "FOLDER", help_heading = "Output")]
    pub(crate) out: PathBuf,
}

/// Arguments of `encrypt`.
#[derive(Args, Debug)]
pub(crate) struct EncryptArgs {
    #[command(flatten)]
    pub(crate) data: FeatureDataArgs,
    #[command(flatten)]
    pub(crate) party: PlanAndKeyArgs,
    /// Encrypt only features, for `score`: any number of samples, with or without labels. Needs a plan with --scoring
    #[arg(long)]
    pub(crate) for_scoring: bool,
    #[command(flatten)]
    pub(crate) out: EncryptOutArgs,
}

/// Files that `encrypt` writes.
#[derive(Args, Debug)]
pub(crate) struct EncryptOutArgs {
    /// File for the validation samples that the plan holds out
    #[arg(long, value_name = "FILE", conflicts_with = "for_scoring", help_heading = "Output")]
    pub(crate) validation_out: Option<PathBuf>,
    /// File for the ciphertexts, for the compute party
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    pub(crate) out: PathBuf,
}

/// Arguments of `score`.
#[derive(Args, Debug)]
pub(crate) struct ScoreArgs {
    /// Encrypted head
    #[arg(long, value_name = "FILE")]
    pub(crate) head: PathBuf,
    /// Encrypted samples by `encrypt --for-scoring`
    #[arg(long, value_name = "FILE")]
    pub(crate) data: PathBuf,
    /// Folder of the evaluation keys
    #[arg(long, value_name = "FOLDER")]
    pub(crate) keys: PathBuf,
    /// File for the encrypted scores
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    pub(crate) out: PathBuf,
}

/// Arguments of `train`.
#[derive(Args, Debug)]
pub(crate) struct TrainArgs {
    /// Encrypted data
    #[arg(long, value_name = "FILE")]
    pub(crate) data: PathBuf,
    /// Folder of the evaluation keys
    #[arg(long, value_name = "FOLDER")]
    pub(crate) keys: PathBuf,
    /// Encrypted head of an earlier training to continue from, under the same key. Needs data encrypted by a plan of
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

/// Arguments of `watch`.
#[derive(Args, Debug)]
pub(crate) struct WatchArgs {
    /// Folder that the compute party fills (`train --validation-dir`)
    #[arg(long, value_name = "FOLDER")]
    pub(crate) dir: PathBuf,
    #[command(flatten)]
    pub(crate) data: FeatureDataArgs,
    #[command(flatten)]
    pub(crate) party: PlanAndKeyArgs,
    /// Validations without a lower log loss after which to stop the training, with the best head
    #[arg(long, value_name = "VALIDATIONS", conflicts_with = "stop")]
    pub(crate) patience: Option<NonZeroUsize>,
    /// Only ask the compute party to stop, with the head of this iteration
    #[arg(long, value_name = "ITERATION")]
    pub(crate) stop: Option<NonZeroUsize>,
    /// Show the present validations and do not wait for more
    #[arg(long)]
    pub(crate) once: bool,
}

/// Arguments of `decrypt`.
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

/// Arguments of `eval`.
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

/// Arguments of `predict`.
#[derive(Args, Debug)]
pub(crate) struct PredictArgs {
    /// Folder of the head
    #[arg(long, value_name = "FOLDER", required_unless_present = "scores")]
    pub(crate) head: Option<PathBuf>,
    /// Encrypted scores of these data by `score`, instead of a head
    #[arg(long, value_name = "FILE", conflicts_with = "head", requires_all = ["plan", "keys"])]
    pub(crate) scores: Option<PathBuf>,
    /// Plan by which the scored data were encrypted
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
    /// File for the table of predictions: sample, predicted class, probabilities
    #[arg(long, value_name = "FILE.csv", help_heading = "Output")]
    pub(crate) out: PathBuf,
}

/// Arguments of `inspect`.
#[derive(Args, Debug)]
pub(crate) struct InspectArgs {
    /// Key, ciphertext, plan, head or embeddings
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// Read the whole file and verify every checksum
    #[arg(long)]
    pub(crate) verify: bool,
}

/// Arguments of `presets`.
#[derive(Args, Debug)]
pub(crate) struct PresetsArgs {
    /// Print the text of docs/parameters.md
    #[arg(long)]
    pub(crate) markdown: bool,
}

/// Arguments of `completions`.
#[derive(Args, Debug)]
pub(crate) struct CompletionsArgs {
    /// Shell
    #[arg(value_enum)]
    pub(crate) shell: clap_complete::Shell,
}

/// Arguments of `man`.
#[derive(Args, Debug)]
pub(crate) struct ManArgs {
    /// Folder for the pages train-head.1, train-head-run.1, ... [default: print train-head.1]
    #[arg(value_name = "FOLDER")]
    pub(crate) folder: Option<PathBuf>,
}
