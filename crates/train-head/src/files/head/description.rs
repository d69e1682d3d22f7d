//! What `head.json` holds.

use fhe_head::{Activation, Functions};
use head_fit::measures::Threshold;
use head_fit::{Calibrator, Model, Preprocessing};
use serde::{Deserialize, Serialize};
use tables::Recipe;

use crate::files::Access;
use crate::files::embeddings::UsedEncoder;
use crate::files::seal::Seal;
use crate::samples::Known;
use crate::targets::Vocabulary;
use crate::wording::counted;

pub(super) const FORMAT: &str = "train-head head 3";

/// The threshold of a head without one of its own: the more probable of two classes is called.
pub(crate) const EVEN: f64 = 0.5;

/// `head.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Description {
    /// Name and version of the format.
    pub(super) format: String,
    digest: Seal,
    /// BLAKE3 digest of `head.safetensors`.
    pub(super) weights: String,
    /// Who may see the head, and what follows from it.
    pub(crate) secrecy: Secrecy,
    /// The same in words, for whoever opens the file.
    notice: String,
    /// What is predicted: the classes or labels in the order of the outputs (of two classes the positive one is last), or the numbers.
    #[serde(flatten)]
    pub(crate) vocabulary: Vocabulary,
    /// How outputs become predictions.
    pub(crate) link: Link,
    /// The hidden layer, if the head has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) hidden: Option<Hidden>,
    /// Number of features.
    pub(crate) features: usize,
    /// Names of the features, if they come from a table.
    pub(crate) feature_names: Option<Vec<String>>,
    /// How the columns of the table become features.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) table: Option<Recipe>,
    /// The columns of the labels, if the table held them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) label_columns: Vec<String>,
    /// The encoder, if the samples are texts.
    pub(crate) encoder: Option<UsedEncoder>,
    /// What the feature map did before the encryption.
    feature_transform: FeatureTransform,
    /// How the head was trained.
    pub(crate) training: Provenance,
    /// The probability above which a sample is called positive, if an aim was given; else 0.5.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) threshold: Option<ChosenThreshold>,
    /// The same for each label of which a sample may have any number; `null` for one of 0.5. Empty if no aim was given.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) thresholds: Vec<Option<ChosenThreshold>>,
}

/// Who may see a head, and predictions and reports that follow from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Secrecy {
    /// Decrypted: its exact numbers say something about the secret key.
    Private,
    /// The exact twin of a decrypted head, which was never encrypted.
    Published,
    /// Decrypted by several parties together, with noise that hides its error.
    Joint,
}

impl Secrecy {
    /// Who may read files of this secrecy.
    pub(crate) fn access(self) -> Access {
        match self {
            Self::Private => Access::Private,
            Self::Published | Self::Joint => Access::Shared,
        }
    }

    /// In a word, as in `head.json`.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Private => "private",
            Self::Published => "published",
            Self::Joint => "joint",
        }
    }

    /// What it means.
    pub(crate) fn notice(self) -> &'static str {
        match self {
            Self::Private => {
                "private: decrypted numbers give equations on the secret key. Keep them, and all predictions and reports made with them, \
                 as secret as the key; publish the exact twin instead (--publish)"
            }
            Self::Published => {
                "published: the same training in the clear with exact functions. It was never encrypted and says nothing about the \
                 secret key; like any head it says something about its training data"
            }
            Self::Joint => {
                "joint: several parties decrypted it together, with noise that hides what its error says about the secret key. Like any \
                 head it says something about its training data, which are those of all parties"
            }
        }
    }
}

/// What the features of a head are.
#[derive(Clone, Debug)]
pub(crate) struct FeatureSource {
    /// Their names, if they come from a table.
    pub(crate) names: Option<Vec<String>>,
    /// How the columns of the table become features.
    pub(crate) table: Option<Recipe>,
    /// The columns of the labels, if the table holds them.
    pub(crate) label_columns: Vec<String>,
    /// The encoder, if the samples are texts.
    pub(crate) encoder: Option<UsedEncoder>,
}

/// A threshold that was chosen for an aim.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct ChosenThreshold {
    /// The threshold, its aim, and what it achieves on the samples that it was chosen on.
    #[serde(flatten)]
    pub(crate) threshold: Threshold,
    /// Which samples these are.
    pub(crate) chosen_on: Part,
}

/// Samples that a threshold was chosen on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Part {
    /// Held out of the training.
    Validation,
    /// Those of the training, where a head looks better than it is.
    Training,
    /// Those that `eval` was given.
    Evaluation,
}

impl Part {
    /// The samples in words.
    pub(crate) fn samples(self) -> &'static str {
        match self {
            Self::Validation => "the validation samples",
            Self::Training => "the training samples",
            Self::Evaluation => "the samples of an evaluation",
        }
    }
}

/// A hidden layer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Hidden {
    /// Units.
    pub(super) hidden_layer_sizes: [usize; 1],
    /// Function and the interval on which its polynomial holds.
    pub(super) activation: Activation,
    /// Coefficients of the polynomial that the units evaluate, the constant one first.
    polynomial: Vec<f64>,
    /// Whether the units evaluate it, or the exact function.
    pub(super) functions: Functions,
}

impl Hidden {
    /// The hidden layer of a head.
    fn of(head: &Model) -> Option<Self> {
        let (layer, activation) = head.hidden.as_ref()?;
        Some(Self {
            hidden_layer_sizes: [layer.intercept.len()],
            activation: *activation,
            polynomial: activation.coefficients(),
            functions: head.functions,
        })
    }
}

/// How the outputs of a head become probabilities.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Link {
    /// One output, the logit of the second of two classes.
    Logistic,
    /// One output per class, its logit against the rest; probabilities are scaled to sum 1.
    OneVsRest,
    /// One output per class; probabilities are their softmax.
    Softmax,
    /// One output per label, its logit.
    MultiLabel,
    /// One output per step between neighbouring classes, the logit of a class above it.
    Ordinal,
    /// One output per number, the number itself.
    Identity,
}

impl Link {
    /// Its word in `head.json`.
    fn word(self) -> &'static str {
        match self {
            Self::Logistic => "logistic",
            Self::OneVsRest => "one-vs-rest",
            Self::Softmax => "softmax",
            Self::MultiLabel => "multi-label",
            Self::Ordinal => "ordinal",
            Self::Identity => "identity",
        }
    }

    /// The link of a head.
    pub(crate) fn of(head: &Model) -> Self {
        match (head.link, head.output.intercept.len()) {
            (fhe_head::Link::Logistic, 1) => Self::Logistic,
            (fhe_head::Link::Logistic, _) => Self::OneVsRest,
            (fhe_head::Link::Softmax, _) => Self::Softmax,
            (fhe_head::Link::MultiLabel, _) => Self::MultiLabel,
            (fhe_head::Link::Cumulative, _) => Self::Ordinal,
            (fhe_head::Link::Identity, _) => Self::Identity,
        }
    }

    /// The link of the library's model.
    pub(super) fn of_model(self) -> fhe_head::Link {
        match self {
            Self::Logistic | Self::OneVsRest => fhe_head::Link::Logistic,
            Self::Softmax => fhe_head::Link::Softmax,
            Self::MultiLabel => fhe_head::Link::MultiLabel,
            Self::Ordinal => fhe_head::Link::Cumulative,
            Self::Identity => fhe_head::Link::Identity,
        }
    }
}

/// What the feature map did.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct FeatureTransform {
    #[serde(flatten)]
    preprocessing: Preprocessing,
    /// Always true: the weights contain the map.
    folded: bool,
}

/// How a head was trained.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Provenance {
    /// Parameter set.
    pub(crate) preset: String,
    /// Iterations.
    pub(crate) iterations: usize,
    /// True if the training ran on ciphertexts.
    pub(crate) encrypted: bool,
    /// What the logits of the training got.
    #[serde(flatten)]
    pub(crate) calibrator: Calibrator,
}

impl Description {
    /// Refuses names that no training has: none, one twice, an empty one, or as many as the link has no outputs for.
    ///
    /// # Errors
    /// What is wrong.
    pub(super) fn expect_sound(&self) -> Result<(), String> {
        let names = self.vocabulary.names();
        let mut seen = std::collections::HashSet::new();
        if let Some(bad) = names.iter().find(|name| name.trim().is_empty() || !seen.insert(name.as_str())) {
            return Err(format!("{bad:?} is not the name of one class, label or number"));
        }
        let fits = match self.link {
            Link::Logistic => names.len() == 2,
            Link::OneVsRest | Link::Softmax => names.len() >= 3,
            _ => !names.is_empty(),
        };
        if !self.thresholds.is_empty() && self.thresholds.len() != names.len() {
            return Err(format!(
                "{} for {}",
                counted(self.thresholds.len(), "threshold"),
                counted(names.len(), "label")
            ));
        }
        match fits {
            true => Ok(()),
            false => {
                Err(format!("{} do not go with the link {}", counted(names.len(), "name"), self.link.word()))
            }
        }
    }

    /// What the training read of a table.
    pub(crate) fn known(&self) -> Known<'_> {
        Known { labels: &self.label_columns, recipe: self.table.as_ref() }
    }

    /// The description of a head.
    pub(crate) fn new(
        model: &Model,
        vocabulary: Vocabulary,
        source: FeatureSource,
        preprocessing: Preprocessing,
        training: Provenance,
        secrecy: Secrecy,
    ) -> Self {
        Self {
            format: FORMAT.into(),
            digest: Seal,
            weights: String::new(),
            secrecy,
            notice: secrecy.notice().into(),
            vocabulary,
            link: Link::of(model),
            hidden: Hidden::of(model),
            features: features(model),
            feature_names: source.names,
            table: source.table,
            label_columns: source.label_columns,
            encoder: source.encoder,
            feature_transform: FeatureTransform { preprocessing, folded: true },
            training,
            threshold: None,
            thresholds: Vec::new(),
        }
    }

    /// Whether the classes have an order that the head keeps.
    pub(crate) fn is_ordinal(&self) -> bool {
        self.link == Link::Ordinal
    }

    /// The probability above which a sample is called positive: of two classes a single one, else one for each label.
    pub(crate) fn cuts(&self) -> Vec<f64> {
        let value = |chosen: &Option<ChosenThreshold>| chosen.map_or(EVEN, |chosen| chosen.threshold.value);
        match (&self.vocabulary, &self.thresholds[..]) {
            (Vocabulary::Labels(labels), []) => vec![EVEN; labels.count()],
            (Vocabulary::Labels(_), chosen) => chosen.iter().map(value).collect(),
            _ => vec![value(&self.threshold)],
        }
    }

    /// What of the data party's knowledge whoever gets the head learns, beside its weights.
    pub(crate) fn leaves_with_it(&self) -> Vec<String> {
        const MOST: usize = 20;
        let listed = |names: &[String]| match names.len() {
            0..=MOST => names.join(", "),
            many => format!("{} and {} more", names[..MOST].join(", "), many - MOST),
        };
        let mut lines = vec![format!("the names of what is predicted: {}", listed(self.vocabulary.names()))];
        if let Some(names) = &self.feature_names {
            lines.push(format!("the names of the features: {}", listed(names)));
        }
        if self.table.is_some() {
            lines.push(
                "how columns become features: their names and kinds, medians in place of gaps, the levels of categories".into(),
            );
        }
        if !self.label_columns.is_empty() {
            lines.push(format!("the columns of the labels: {}", listed(&self.label_columns)));
        }
        if let Some(encoder) = &self.encoder {
            lines.push(format!("the encoder: {}", encoder.info.model));
        }
        lines.push(format!(
            "the feature map ({}), folded into the weights; the number of iterations; the parameter set",
            self.feature_transform.preprocessing
        ));
        if self.threshold.is_some() || !self.thresholds.is_empty() {
            lines.push("the threshold, and what it achieves on the samples that it was chosen on".into());
        }
        lines
    }

    /// Number of outputs of the head.
    pub(super) fn outputs(&self) -> usize {
        match self.link {
            Link::Logistic => 1,
            Link::Ordinal => self.vocabulary.names().len() - 1,
            Link::OneVsRest | Link::Softmax | Link::MultiLabel | Link::Identity => {
                self.vocabulary.names().len()
            }
        }
    }
}

/// Number of features of a head.
fn features(head: &Model) -> usize {
    let first = head.hidden.as_ref().map_or(&head.output, |(layer, _)| layer);
    first.coef.ncols()
}
