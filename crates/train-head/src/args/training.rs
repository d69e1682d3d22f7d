//! Flags of the training, with scikit-learn's names and meanings where it has them.

use clap::Args;
use fhe_head::Fit;
use head_fit::ClassWeight;

use super::hidden::HiddenArgs;
use super::hyper::Hyper;
use super::method::{ClassWeights, HeadKind, Penalty, Preprocess, Solver};
use super::steps::StepArgs;
use crate::exit::{Failure, Result};

/// Flags of the training. What is not given is chosen from the training data.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Training (chosen from the data where not given)")]
pub(crate) struct TrainingArgs {
    /// Kind of head [default: logreg for two classes; for more, ovr or softmax, whichever does better in cross-validation]
    #[arg(long, value_enum)]
    head: Option<HeadKind>,
    /// Optimization method
    #[arg(long, value_enum)]
    solver: Option<Solver>,
    /// Number of iterations, each a step on all samples or on a mini-batch
    #[arg(long, value_name = "N")]
    max_iter: Option<usize>,
    /// Momentum, in [0, 1)
    #[arg(long, value_name = "MU")]
    momentum: Option<f64>,
    /// Strength of the L2 penalty, relative to the mean loss
    #[arg(long, value_name = "ALPHA", conflicts_with = "c")]
    alpha: Option<f64>,
    /// Inverse strength of the L2 penalty, as in LogisticRegression: alpha = 1 / (C * samples)
    #[arg(long = "C", id = "c", value_name = "C")]
    c: Option<f64>,
    /// Weights of the classes
    #[arg(long, value_enum, default_value_t)]
    class_weight: ClassWeights,
    /// Transformation of the features before the encryption; the exported head includes it
    #[arg(long, value_enum, default_value_t)]
    preprocess: Preprocess,
    /// Ridge of the whitening, relative to the mean eigenvalue
    #[arg(long, value_name = "RIDGE")]
    ridge: Option<f64>,
    /// Number of whitened components to keep, those of largest variance, as in PCA [default: all]
    #[arg(long, value_name = "N")]
    n_components: Option<usize>,
    /// Degree of the polynomial that approximates the logistic function
    #[arg(long, value_name = "3|5|7")]
    sigmoid_degree: Option<usize>,
    /// Half-width of the interval of logits on which the polynomial holds
    #[arg(long, value_name = "B")]
    sigmoid_interval: Option<f64>,
    /// How the polynomial is fitted: `least-squares`, `minimax`, or closest near zero, for logits of this standard deviation
    #[arg(long, value_name = "FIT", value_parser = sigmoid_fit)]
    sigmoid_fit: Option<Fit>,
    /// What the logits of the exported head are divided by, so that its probabilities fit; 1 leaves them as they are
    #[arg(long, value_name = "T")]
    temperature: Option<f64>,
    /// Parameter set (see `train-head presets`)
    #[arg(long, value_name = "NAME")]
    preset: Option<String>,
    /// Leave levels for predictions with the encrypted head (`score`)
    #[arg(long)]
    scoring: bool,
    /// Seed of splits, cross-validation, the shuffle of mini-batches, and the initial weights of a hidden layer
    #[arg(long, visible_alias = "seed", value_name = "SEED", default_value_t = 0)]
    random_state: u64,
    #[command(flatten)]
    steps: StepArgs,
    #[command(flatten)]
    hidden: HiddenArgs,
}

impl TrainingArgs {
    /// Checks ranges and combinations.
    ///
    /// # Errors
    /// The first flag that is out of range or contradicts another.
    pub(crate) fn resolve(&self) -> Result<Hyper> {
        let positive = |flag: &str, value: Option<f64>| match value {
            Some(value) if !(value.is_finite() && value > 0.0) => {
                Err(Failure::usage(format!("{flag} {value}: must be positive")))
            }
            _ => Ok(()),
        };
        positive("--C", self.c)?;
        positive("--ridge", self.ridge)?;
        positive("--sigmoid-interval", self.sigmoid_interval)?;
        positive("--temperature", self.temperature)?;
        if let Some(alpha) = self.alpha.filter(|alpha| !(alpha.is_finite() && *alpha >= 0.0)) {
            return Err(Failure::usage(format!("--alpha {alpha}: must be at least 0")));
        }
        if self.max_iter == Some(0) {
            return Err(Failure::usage("--max-iter 0: must be at least 1"));
        }
        if let Some(momentum) = self.momentum.filter(|momentum| !(0.0..1.0).contains(momentum)) {
            return Err(Failure::usage(format!("--momentum {momentum}: must be at least 0 and below 1")));
        }
        if self.momentum.is_some() && self.solver == Some(Solver::Gd) {
            return Err(Failure::usage("--momentum cannot be used with --solver gd"));
        }
        if let Some(degree) = self.sigmoid_degree.filter(|degree| ![3, 5, 7].contains(degree)) {
            return Err(Failure::usage(format!("--sigmoid-degree {degree}: must be 3, 5 or 7")));
        }
        let linear = !matches!(self.head, Some(HeadKind::Mlp | HeadKind::Softmax));
        if self.sigmoid_fit.is_some() && !linear {
            return Err(Failure::usage("--sigmoid-fit requires --head logreg or ovr"));
        }
        if self.sigmoid_degree.is_some() && self.head == Some(HeadKind::Mlp) {
            return Err(Failure::usage("--sigmoid-degree cannot be used with --head mlp"));
        }
        if self.ridge.is_some() && !matches!(self.preprocess, Preprocess::Auto | Preprocess::Whiten) {
            return Err(Failure::usage("--ridge requires --preprocess whiten"));
        }
        if self.n_components == Some(0) {
            return Err(Failure::usage("--n-components 0: must be at least 1"));
        }
        if self.n_components.is_some() && !matches!(self.preprocess, Preprocess::Auto | Preprocess::Whiten) {
            return Err(Failure::usage("--n-components requires --preprocess whiten"));
        }
        let penalty = self.alpha.map(Penalty::Alpha).or(self.c.map(Penalty::C));
        Ok(Hyper {
            head: self.head,
            solver: self.solver,
            max_iter: self.max_iter,
            steps: self.steps.resolve()?,
            hidden: self.hidden.resolve(self.head)?,
            momentum: self.momentum,
            penalty,
            class_weight: match self.class_weight {
                ClassWeights::None => ClassWeight::Uniform,
                ClassWeights::Balanced => ClassWeight::Balanced,
            },
            preprocess: self.preprocess,
            ridge: self.ridge,
            n_components: self.n_components,
            sigmoid_degree: self.sigmoid_degree,
            sigmoid_interval: self.sigmoid_interval,
            sigmoid_fit: self.sigmoid_fit,
            temperature: self.temperature,
            preset: self.preset.clone(),
            scoring: self.scoring,
            random_state: self.random_state,
            warm_start: None,
        })
    }
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::hidden::HiddenLayer;
    use super::super::steps::Steps;
    use super::*;
    use clap::Parser;
    use fhe_head::ActivationKind;
    use fhe_head::RateSchedule;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        training: TrainingArgs,
    }

    fn resolve(line: &str) -> Result<Hyper, String> {
        let line = Line::try_parse_from(std::iter::once("x").chain(line.split_whitespace()));
        line.map_err(|error| error.to_string())?.training.resolve().map_err(|failure| failure.to_string())
    }

    #[test]
    fn nothing_given_is_nothing_said() {
        let hyper = resolve("").unwrap();
        assert_eq!((hyper.solver, hyper.max_iter, hyper.penalty), (None, None, None));
        assert_eq!(hyper.preprocess, Preprocess::Auto);
    }

    #[test]
    fn names_are_those_of_scikit_learn() {
        let hyper =
            resolve("--solver nesterov --max-iter 7 --C 0.5 --class-weight balanced --learning-rate 2")
                .unwrap();
        assert_eq!((hyper.solver, hyper.max_iter), (Some(Solver::Nesterov), Some(7)));
        assert_eq!((hyper.penalty, hyper.class_weight), (Some(Penalty::C(0.5)), ClassWeight::Balanced));
        assert_eq!(hyper.steps.learning_rate, Some(2.0));
        let line = "--head mlp --hidden-layer-sizes 64 --activation tanh --batch-size 16 --learning-rate-init 0.5 \
                    --learning-rate-schedule invscaling";
        let hyper = resolve(line).unwrap();
        let hidden = HiddenLayer { units: 64, activation: ActivationKind::Tanh, interval: None };
        assert_eq!(hyper.hidden, Some(hidden));
        let schedule = RateSchedule::InverseScaling(0.5);
        assert_eq!(hyper.steps, Steps { batch_size: Some(16), learning_rate: Some(0.5), schedule });
        assert_eq!(resolve("--alpha 0").unwrap().penalty, Some(Penalty::Alpha(0.0)));
    }

    #[test]
    fn nonsense_is_refused() {
        for line in [
            "--max-iter 0",
            "--learning-rate -1",
            "--learning-rate nan",
            "--alpha -1",
            "--alpha 1 --C 1",
            "--momentum 1",
            "--solver gd --momentum 0.5",
            "--sigmoid-degree 4",
            "--preprocess standardize --ridge 1",
            "--n-components 0",
            "--preprocess none --n-components 3",
            "--solver adam",
            "--batch-size 0",
            "--power-t 0.5",
            "--learning-rate-schedule invscaling --power-t -1",
            "--learning-rate-schedule adaptive",
            "--hidden-layer-sizes 8",
            "--head ovr --activation tanh",
            "--head mlp --hidden-layer-sizes 0",
            "--head mlp --hidden-layer-sizes 24",
            "--head mlp --hidden-layer-sizes 32,32",
            "--head mlp --activation relu",
            "--head mlp --activation-interval 0",
            "--head mlp --sigmoid-degree 5",
        ] {
            assert!(resolve(line).is_err(), "{line}");
        }
    }
}
