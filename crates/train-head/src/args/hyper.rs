//! What is asked of a training.

use fhe_head::{Degree, Link, Optimizer, ranges};
use head_fit::{Calibrator, ClassWeight, Model};

use super::hidden::HiddenLayer;
use super::method::{ClassWeights, HeadKind, Penalty, Preprocess, SoftmaxFit, Solver};
use super::steps::Steps;
use super::training::TrainingArgs;
use crate::exit::{Failure, Result};
use crate::files::feature_map::FeatureMapFile;
use crate::targets::LabelsAs;

/// Flags of the training, checked. `None` is chosen from the data.
#[derive(Clone, Debug)]
pub(crate) struct Hyper {
    /// The flags as they were given. The other fields hold what some of them mean.
    pub(crate) flags: TrainingArgs,
    pub(crate) steps: Steps,
    /// The hidden layer of a head that has one.
    pub(crate) hidden: Option<HiddenLayer>,
    pub(crate) penalty: Option<Penalty>,
    pub(crate) class_weight: ClassWeight,
    /// The head to start from, for features as they are read.
    pub(crate) warm_start: Option<Model>,
    /// The feature map, if it is given and not fitted on the samples.
    pub(crate) feature_map: Option<FeatureMapFile>,
    /// What the exported head's logits get.
    pub(crate) calibrator: Option<Calibrator>,
}

impl Hyper {
    /// Checks ranges and combinations.
    ///
    /// # Errors
    /// The first flag that is out of range or contradicts another.
    pub(crate) fn resolve(flags: &TrainingArgs) -> Result<Self> {
        ranges::positive("C", flags.c)?;
        ranges::positive("ridge", flags.ridge)?;
        ranges::half_width("sigmoid_interval", flags.sigmoid_interval)?;
        ranges::positive("temperature", flags.temperature)?;
        ranges::alpha(flags.alpha)?;
        ranges::max_iter(flags.max_iter)?;
        flags.momentum.map(|momentum| Optimizer::Nesterov(momentum).check()).transpose()?;
        if flags.momentum.is_some() && flags.solver == Some(Solver::Gd) {
            return Err(Failure::usage("--momentum cannot be used with --solver gd"));
        }
        flags.sigmoid_degree.map(Degree::try_from).transpose()?;
        if flags.sigmoid_fit.is_some()
            && matches!(flags.head, Some(HeadKind::Mlp | HeadKind::Softmax | HeadKind::Ridge))
        {
            return Err(Failure::usage("--sigmoid-fit requires --head logreg, ovr or ordinal"));
        }
        if flags.softmax_fit.is_some() && flags.head != Some(HeadKind::Softmax) {
            return Err(Failure::usage("--softmax-fit requires --head softmax"));
        }
        if flags.softmax_fit == Some(SoftmaxFit::InARow) && flags.sigmoid_degree.is_some() {
            return Err(Failure::usage(
                "--softmax-fit in-a-row has a degree of its own: leave out --sigmoid-degree",
            ));
        }
        if flags.sigmoid_degree.is_some() {
            match flags.head {
                Some(HeadKind::Mlp) => {
                    return Err(Failure::usage("--sigmoid-degree cannot be used with --head mlp"));
                }
                Some(HeadKind::Ridge) => {
                    return Err(Failure::usage("--sigmoid-degree cannot be used with --head ridge"));
                }
                _ => {}
            }
        }
        let whitens = matches!(flags.preprocess, Preprocess::Auto | Preprocess::Whiten);
        let takes_ridge = whitens || flags.preprocess == Preprocess::WhitenWithin;
        if flags.ridge.is_some() && !takes_ridge {
            return Err(Failure::usage("--ridge requires --preprocess whiten or whiten-within"));
        }
        if flags.n_components == Some(0) {
            return Err(Failure::usage("--n-components 0: must be at least 1"));
        }
        if flags.n_components.is_some() && !whitens {
            return Err(Failure::usage("--n-components requires --preprocess whiten"));
        }
        let head = flags.head.filter(|head| *head != HeadKind::Auto);
        Ok(Self {
            flags: TrainingArgs { head, ..flags.clone() },
            steps: flags.steps.resolve()?,
            hidden: flags.hidden.resolve(flags.head)?,
            penalty: flags.alpha.map(Penalty::Alpha).or(flags.c.map(Penalty::C)),
            class_weight: match flags.class_weight {
                ClassWeights::None => ClassWeight::Uniform,
                ClassWeights::Balanced => ClassWeight::Balanced,
            },
            warm_start: None,
            feature_map: None,
            calibrator: flags
                .temperature
                .map(|temperature| Calibrator { temperature, shifts: flags.shifts.clone() }),
        })
    }

    /// What the labels are taken as.
    pub(crate) fn labels_as(&self) -> LabelsAs {
        match self.flags.head {
            None | Some(HeadKind::Auto) => LabelsAs::Open,
            Some(HeadKind::Logreg | HeadKind::Ovr) => LabelsAs::ClassesOrSets,
            Some(HeadKind::Softmax | HeadKind::Ordinal | HeadKind::Mlp) => LabelsAs::Classes,
            Some(HeadKind::Ridge) => LabelsAs::Numbers,
        }
    }

    /// Starts from a head. It also gives the kind of head and the hidden layer, unless `--head` is given.
    pub(crate) fn start_from(&mut self, model: Model) {
        if self.flags.head.is_none() {
            self.flags.head = match (&model.hidden, model.link, model.output.intercept.len()) {
                (Some(_), ..) => Some(HeadKind::Mlp),
                (None, Link::Softmax, _) => Some(HeadKind::Softmax),
                (None, Link::Logistic, 1) => Some(HeadKind::Logreg),
                (None, Link::Logistic, _) => Some(HeadKind::Ovr),
                (None, Link::Cumulative, _) => Some(HeadKind::Ordinal),
                (None, Link::Identity, _) => Some(HeadKind::Ridge),
                // what logistic regression makes of labels
                (None, Link::MultiLabel, _) => Some(HeadKind::Logreg),
            };
            self.hidden = model.hidden.as_ref().map(|(layer, activation)| HiddenLayer {
                units: Some(layer.intercept.len()),
                activation: activation.kind(),
                interval: Some(activation.half_width()),
            });
        }
        self.warm_start = Some(model);
    }

    /// The first given flag among those that an earlier plan has settled.
    pub(crate) fn settled_by_a_plan(&self) -> Option<&'static str> {
        let given = [
            ("--head", self.flags.head.is_some()),
            ("--preprocess", self.flags.preprocess != Preprocess::Auto),
            ("--ridge", self.flags.ridge.is_some()),
            ("--n-components", self.flags.n_components.is_some()),
            ("--sigmoid-degree", self.flags.sigmoid_degree.is_some()),
            ("--sigmoid-interval", self.flags.sigmoid_interval.is_some()),
            ("--sigmoid-fit", self.flags.sigmoid_fit.is_some()),
            ("--softmax-fit", self.flags.softmax_fit.is_some()),
            ("--preset", self.flags.preset.is_some()),
            ("--optimize", self.flags.optimize.is_some()),
        ];
        given.into_iter().find_map(|(flag, given)| given.then_some(flag))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
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
        let line = line.map_err(|error| error.to_string())?;
        Hyper::resolve(&line.training).map_err(|failure| failure.to_string())
    }

    #[test]
    fn nothing_given_is_nothing_said() {
        let hyper = resolve("").unwrap();
        assert_eq!((hyper.flags.solver, hyper.flags.max_iter, hyper.penalty), (None, None, None));
        assert_eq!(hyper.flags.preprocess, Preprocess::Auto);
    }

    #[test]
    fn names_are_those_of_scikit_learn() {
        let hyper =
            resolve("--solver nesterov --max-iter 7 --C 0.5 --class-weight balanced --learning-rate 2")
                .unwrap();
        assert_eq!((hyper.flags.solver, hyper.flags.max_iter), (Some(Solver::Nesterov), Some(7)));
        assert_eq!((hyper.penalty, hyper.class_weight), (Some(Penalty::C(0.5)), ClassWeight::Balanced));
        assert_eq!(hyper.steps.learning_rate, Some(2.0));
        let line = "--head mlp --hidden-layer-sizes 64 --activation tanh --batch-size 16 --learning-rate-init 0.5 \
                    --learning-rate-schedule invscaling";
        let hyper = resolve(line).unwrap();
        let hidden = HiddenLayer { units: Some(64), activation: ActivationKind::Tanh, interval: None };
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
            "--softmax-fit in-a-row",
            "--shifts 1",
            "--temperature 1 --shifts one",
            "--head ovr --softmax-fit one-stands-out",
            "--head softmax --softmax-fit in-a-row --sigmoid-degree 5",
            "--head softmax --softmax-fit two",
        ] {
            assert!(resolve(line).is_err(), "{line}");
        }
    }
}
