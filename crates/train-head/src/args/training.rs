//! Flags of the training, with scikit-learn's names and meanings where it has them.

use clap::Args;
use fhe_head::Fit;

use super::hidden::HiddenArgs;
use super::method::{ClassWeights, HeadKind, Optimize, Preprocess, SoftmaxFit, Solver};
use super::steps::StepArgs;

/// Flags of the training. What is not given is chosen from the training data.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Training (chosen from the data where not given)")]
pub(crate) struct TrainingArgs {
    /// Kind of head [default: logreg for two classes; for more, ovr or softmax, whichever does better in cross-validation; for
    /// samples with any number of labels logreg of each]
    #[arg(long, value_enum)]
    pub(crate) head: Option<HeadKind>,
    /// Classes from the lowest to the highest, for --head ordinal [default: numbers by value, others by the alphabet]
    #[arg(long, value_delimiter = ',', value_name = "NAMES")]
    pub(crate) class_order: Vec<String>,
    /// Optimization method
    #[arg(long, value_enum)]
    pub(crate) solver: Option<Solver>,
    /// Number of iterations, each a step on all samples or on a mini-batch
    #[arg(long, value_name = "N")]
    pub(crate) max_iter: Option<usize>,
    /// Momentum, in [0, 1)
    #[arg(long, value_name = "MU")]
    pub(crate) momentum: Option<f64>,
    /// Strength of the L2 penalty, relative to the mean loss
    #[arg(long, value_name = "ALPHA", conflicts_with = "c")]
    pub(super) alpha: Option<f64>,
    /// Inverse strength of the L2 penalty, as in LogisticRegression: alpha = 1 / (C * samples)
    #[arg(long = "C", id = "c", value_name = "C")]
    pub(super) c: Option<f64>,
    /// Weights of the classes
    #[arg(long, value_enum, default_value_t)]
    pub(super) class_weight: ClassWeights,
    /// Transformation of the features before the encryption; the exported head includes it
    #[arg(long, value_enum, default_value_t)]
    pub(crate) preprocess: Preprocess,
    /// Ridge of the whitening, relative to the mean eigenvalue [default: chosen; within classes 0.1]
    #[arg(long, value_name = "RIDGE")]
    pub(crate) ridge: Option<f64>,
    /// Number of whitened components to keep, those of largest variance, as in PCA [default: all]
    #[arg(long, value_name = "N")]
    pub(crate) n_components: Option<usize>,
    /// Degree of the polynomial that approximates the logistic function
    #[arg(long, value_name = "3|5|7")]
    pub(crate) sigmoid_degree: Option<usize>,
    /// Half-width of the interval of logits on which the polynomial holds
    #[arg(long, value_name = "B")]
    pub(crate) sigmoid_interval: Option<f64>,
    /// How the polynomial is fitted: `least-squares`, `minimax`, or closest near zero, for logits of this standard deviation
    #[arg(long, value_name = "FIT", value_parser = sigmoid_fit)]
    pub(crate) sigmoid_fit: Option<Fit>,
    /// Scores that the polynomial in place of the softmax is fitted to, for --head softmax
    #[arg(long, value_enum, value_name = "FIT")]
    pub(crate) softmax_fit: Option<SoftmaxFit>,
    /// What the logits of the exported head are divided by, so that its probabilities fit; 1 leaves them as they are
    #[arg(long, value_name = "T")]
    pub(crate) temperature: Option<f64>,
    /// What is added to the logits of the exported head after that: a number for each output
    #[arg(
        long,
        value_name = "S,S",
        value_delimiter = ',',
        allow_hyphen_values = true,
        requires = "temperature"
    )]
    pub(crate) shifts: Vec<f64>,
    /// Parameter set (see `train-head presets`)
    #[arg(long, value_name = "NAME")]
    pub(crate) preset: Option<String>,
    /// What shall be small: the time of the training, the bytes that travel (data and evaluation keys), or the compute party's memory. Every
    /// parameter set is weighed, or all plans with the one that --preset names [default: time]
    #[arg(long, value_enum, value_name = "AIM")]
    pub(crate) optimize: Option<Optimize>,
    /// Leave levels for predictions with the encrypted head (`score`)
    #[arg(long)]
    pub(crate) scoring: bool,
    /// Seed of splits, cross-validation, the shuffle of mini-batches, and the initial weights of a hidden layer
    #[arg(long, visible_alias = "seed", value_name = "SEED", default_value_t = 0)]
    pub(crate) random_state: u64,
    #[command(flatten)]
    pub(super) steps: StepArgs,
    #[command(flatten)]
    pub(super) hidden: HiddenArgs,
}

/// The norm of a fit: its name, or the standard deviation that the fit concentrates on.
fn sigmoid_fit(text: &str) -> Result<Fit, String> {
    match text {
        "least-squares" => Ok(Fit::LeastSquares),
        "minimax" => Ok(Fit::Minimax),
        std => match std.parse() {
            Ok(std) if (0.1..=100.0).contains(&std) => Ok(Fit::Concentrated { std }),
            _ => Err("least-squares, minimax, or a standard deviation between 0.1 and 100 is needed".into()),
        },
    }
}
