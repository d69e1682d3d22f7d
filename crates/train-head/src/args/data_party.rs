//! The arguments of the data party's commands, in the order of their use.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::Args;
use head_fit::measures::Aim;

use super::threshold::aim;
use super::{
    DataArgs, EncoderArgs, FeatureDataArgs, HeadEncoderArgs, NewKeyArgs, OverwriteArgs, PassphraseArgs,
    PlanAndKeyArgs, SignerArgs, TableArgs, TextDataArgs, TrainingArgs, TrustArgs, WeightArgs,
};

/// A head to start from.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Training (chosen from the data where not given)")]
pub(crate) struct HeadStartArgs {
    /// Start from the weights of a decrypted head: the folder that `decrypt` or `run` wrote. They are encrypted with the data
    #[arg(long, value_name = "FOLDER")]
    pub(crate) warm_start: Option<PathBuf>,
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
    /// Take what an interrupted command had embedded; texts that are new are embedded
    #[arg(long, help_heading = "Output")]
    pub(crate) resume: bool,
    #[command(flatten)]
    pub(crate) overwrite: OverwriteArgs,
}

/// Arguments of `estimate`.
#[derive(Args, Debug)]
pub(crate) struct EstimateArgs {
    #[command(flatten)]
    pub(crate) data: FeatureDataArgs,
    #[command(flatten)]
    pub(crate) weights: WeightArgs,
    #[command(flatten)]
    pub(crate) table: TableArgs,
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
    /// Train behind the feature map of this file, in place of one that is fitted on the samples: constants that everybody knows, or what a
    /// session of sums gave (`joint create --sums`)
    #[arg(
        long,
        value_name = "FILE",
        requires = "features",
        conflicts_with_all = ["warm_start", "continue_from", "preprocess", "ridge", "n_components"],
        help_heading = "Training (chosen from the data where not given)"
    )]
    pub(crate) feature_map: Option<PathBuf>,
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
    #[command(flatten)]
    pub(crate) overwrite: OverwriteArgs,
}

/// Arguments of `tune`.
#[derive(Args, Debug)]
pub(crate) struct TuneArgs {
    #[command(flatten)]
    pub(crate) data: FeatureDataArgs,
    #[command(flatten)]
    pub(crate) weights: WeightArgs,
    #[command(flatten)]
    pub(crate) table: TableArgs,
    #[command(flatten)]
    pub(crate) training: TrainingArgs,
    /// Job file, for --job of `estimate` and `run`
    #[arg(long, value_name = "FILE.toml", help_heading = "Output")]
    pub(crate) out: PathBuf,
    #[command(flatten)]
    pub(crate) overwrite: OverwriteArgs,
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
    #[command(flatten)]
    pub(crate) signer: SignerArgs,
    /// Folder for the keys; the compute party gets its subfolder `eval`
    #[arg(long, value_name = "FOLDER", help_heading = "Output")]
    pub(crate) out: PathBuf,
    #[command(flatten)]
    pub(crate) overwrite: OverwriteArgs,
}

/// Arguments of `encrypt`.
#[derive(Args, Debug)]
pub(crate) struct EncryptArgs {
    #[command(flatten)]
    pub(crate) data: FeatureDataArgs,
    #[command(flatten)]
    pub(crate) party: PlanAndKeyArgs,
    /// Encrypt only features, for `score`: any number of samples, with or without labels. Needs a plan with --scoring
    ///
    /// Names of samples are not encrypted: `predict --scores` reads the same samples again and takes --id-column and --keep-columns
    /// from there.
    #[arg(long)]
    pub(crate) for_scoring: bool,
    #[command(flatten)]
    pub(crate) signer: SignerArgs,
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
    /// Continue an interrupted encryption of the same command behind its last whole block; start anew if there is none
    #[arg(long, help_heading = "Output")]
    pub(crate) resume: bool,
    #[command(flatten)]
    pub(crate) overwrite: OverwriteArgs,
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
    #[command(flatten)]
    pub(crate) signer: SignerArgs,
    #[command(flatten)]
    pub(crate) trust: TrustArgs,
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
    #[command(flatten)]
    pub(crate) trust: TrustArgs,
    /// Write the head even if it is not the one that the plan's rehearsal lets expect, for a look at it
    #[arg(long, conflicts_with = "publish")]
    pub(crate) allow_deviation: bool,
    /// Folder for the exact twin of the head, which may leave the data party: the same training in the clear, never decrypted
    #[arg(long, value_name = "FOLDER", help_heading = "Output")]
    pub(crate) publish: Option<PathBuf>,
    /// Folder for the private head: head.safetensors and head.json, as secret as the key
    #[arg(long, value_name = "FOLDER", help_heading = "Output")]
    pub(crate) out: PathBuf,
    #[command(flatten)]
    pub(crate) overwrite: OverwriteArgs,
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
    /// Choose the threshold for this aim on these data, in place of the head's: `youden`, `sensitivity=0.95`, `specificity=0.9`,
    /// `cost=10:1` or a number
    #[arg(long, value_name = "AIM", value_parser = aim)]
    pub(crate) threshold: Option<Aim>,
    /// Keep the threshold in the head, for `predict` and `eval`
    #[arg(long, requires = "threshold")]
    pub(crate) save_threshold: bool,
    /// File for a page about the evaluation, for colleagues and an ethics board: measures, curves, warnings, limits. Private, like the head
    #[arg(long, value_name = "FILE.html", help_heading = "Output")]
    pub(crate) report: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) overwrite: OverwriteArgs,
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
    #[command(flatten)]
    pub(crate) trust: TrustArgs,
    /// File for the same predictions by the exact twin of the scores' head, which may leave the data party
    #[arg(long, value_name = "FILE.csv", requires = "scores", help_heading = "Output")]
    pub(crate) publish: Option<PathBuf>,
    /// File for the table of predictions: sample, predicted class, probabilities
    #[arg(long, value_name = "FILE.csv", help_heading = "Output")]
    pub(crate) out: PathBuf,
    #[command(flatten)]
    pub(crate) overwrite: OverwriteArgs,
}
