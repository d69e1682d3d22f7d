//! The exported head: weights as f64 in scikit-learn's shapes in `head.safetensors`, and everything else that its use needs in
//! `head.json`.
//!
//! A linear head has `coef` (outputs by features) and `intercept` (outputs), with one output for two classes and otherwise one per
//! class. A head with a hidden layer has `coefs.0` (features by units), `intercepts.0`, `coefs.1` (units by outputs) and
//! `intercepts.1`; `head.json` holds the polynomial of its activation.
//!
//! The coefficients apply to the features as they were read, or to the encoder's embeddings: the feature map of the training is
//! folded in. With two classes the probability of the second is `1 / (1 + exp(-(x . coef + intercept)))`.

mod weights;

use std::path::{Path, PathBuf};

use fhe_head::Activation;
use head_fit::Classes;
use head_fit::Model;
use head_fit::Preprocessing;
use ndarray::{Array2, ArrayView2, Axis};
use serde::{Deserialize, Serialize};

use super::embeddings::UsedEncoder;
use super::{Access, read_json, write_json};
use crate::exit::{Failure, Result};

const WEIGHTS: &str = "head.safetensors";
const DESCRIPTION: &str = "head.json";
const FORMAT: &str = "train-head head 2";

/// A head in the clear.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Head {
    /// The weights, for features as they are read.
    pub(crate) model: Model,
    /// The contents of `head.json`.
    pub(crate) description: Description,
}

/// `head.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Description {
    /// Name and version of the format.
    format: String,
    /// The labels in the order of the outputs; of two, the positive one is last.
    pub(crate) classes: Classes,
    /// How outputs become probabilities.
    pub(crate) link: Link,
    /// The hidden layer, if the head has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) hidden: Option<Hidden>,
    /// Number of features.
    pub(crate) features: usize,
    /// Names of the features, if they come from a table.
    pub(crate) feature_names: Option<Vec<String>>,
    /// The encoder, if the samples are texts.
    pub(crate) encoder: Option<UsedEncoder>,
    /// What the feature map did before the encryption.
    feature_transform: FeatureTransform,
    /// How the head was trained.
    pub(crate) training: Training,
}

/// A hidden layer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Hidden {
    /// Units.
    hidden_layer_sizes: [usize; 1],
    /// Function and the interval on which its polynomial holds.
    activation: Activation,
    /// Coefficients of the polynomial that the units evaluate, the constant one first.
    polynomial: Vec<f64>,
}

impl Hidden {
    /// The hidden layer of a head.
    fn of(head: &Model) -> Option<Self> {
        let (layer, activation) = head.hidden.as_ref()?;
        Some(Self {
            hidden_layer_sizes: [layer.intercept.len()],
            activation: *activation,
            polynomial: activation.coefficients(),
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
}

impl Link {
    /// The link of a head.
    pub(crate) fn of(head: &Model) -> Self {
        match (head.softmax, head.output.intercept.len()) {
            (true, _) => Self::Softmax,
            (false, 1) => Self::Logistic,
            (false, _) => Self::OneVsRest,
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
pub(crate) struct Training {
    /// Parameter set.
    pub(crate) preset: String,
    /// Iterations.
    pub(crate) iterations: usize,
    /// True if the training ran on ciphertexts.
    pub(crate) encrypted: bool,
}

impl Description {
    /// The description of a head.
    pub(crate) fn new(
        model: &Model,
        classes: Classes,
        feature_names: Option<Vec<String>>,
        encoder: Option<UsedEncoder>,
        preprocessing: Preprocessing,
        training: Training,
    ) -> Self {
        Self {
            format: FORMAT.into(),
            classes,
            link: Link::of(model),
            hidden: Hidden::of(model),
            features: features(model),
            feature_names,
            encoder,
            feature_transform: FeatureTransform { preprocessing, folded: true },
            training,
        }
    }

    /// Number of outputs of the head.
    fn outputs(&self) -> usize {
        if self.link == Link::Logistic { 1 } else { self.classes.count() }
    }
}

/// Number of features of a head.
fn features(head: &Model) -> usize {
    let first = head.hidden.as_ref().map_or(&head.output, |(layer, _)| layer);
    first.coef.ncols()
}

/// Probabilities: samples (rows) by classes (columns). A head with one output gives both classes.
///
/// # Errors
/// The number of features is not the head's.
pub(crate) fn probabilities(head: &Model, x: &ArrayView2<'_, f64>) -> fhe_head::Result<Array2<f64>> {
    Ok(of_both_classes(head.predict_proba(x)?))
}

/// Probabilities with a column for each class: one column is that of the second of two classes, and gets the other beside it.
pub(crate) fn of_both_classes(p: Array2<f64>) -> Array2<f64> {
    match p.ncols() {
        1 => ndarray::concatenate![Axis(1), p.mapv(|p| 1.0 - p), p],
        _ => p,
    }
}

impl Head {
    /// Probabilities: samples (rows) by classes (columns).
    ///
    /// # Errors
    /// The number of features is not the head's.
    pub(crate) fn probabilities(&self, x: &ArrayView2<'_, f64>) -> Result<Array2<f64>> {
        probabilities(&self.model, x)
            .map_err(|error| Failure::data("the data do not fit the head").because(error))
    }

    /// Writes both files to a folder. Returns their paths.
    ///
    /// # Errors
    /// Those of the operating system.
    pub(crate) fn write(&self, folder: &Path) -> Result<[PathBuf; 2]> {
        let paths = [folder.join(WEIGHTS), folder.join(DESCRIPTION)];
        weights::write(&self.model, &paths[0])?;
        write_json(&paths[1], Access::Shared, &self.description)?;
        Ok(paths)
    }

    /// Reads a head. `path` is its folder or either of its files.
    ///
    /// # Errors
    /// A file is missing or damaged, or does not fit the other.
    pub(crate) fn read(path: &Path) -> Result<Self> {
        let folder = if path.is_dir() { path } else { path.parent().unwrap_or(Path::new("")) };
        if !path.exists() {
            return Err(Failure::file(format!("{}: no such head", path.display()))
                .help("--head takes the folder that `train-head decrypt` or `train-head run` wrote"));
        }
        let description: Description = read_json(&folder.join(DESCRIPTION), "the description of a head")?;
        if description.format != FORMAT {
            return Err(Failure::file(format!(
                "{}: format {:?}; this program reads {FORMAT:?}",
                folder.join(DESCRIPTION).display(),
                description.format
            )));
        }
        let model = weights::read(&description, &folder.join(WEIGHTS))?;
        Ok(Self { model, description })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::exit::Kind;
    use fhe_head::ActivationKind;
    use head_fit::LinearLayer;
    use ndarray::array;

    fn head() -> Head {
        let classes = Classes::fit(&["benign", "malignant"]).unwrap();
        let training = Training { preset: "n15-l18".into(), iterations: 4, encrypted: true };
        let names = Some(vec!["a".into(), "b".into()]);
        let output = LinearLayer { coef: array![[0.5, -2.0]], intercept: array![0.25] };
        let model = Model::linear(output, false);
        let description =
            Description::new(&model, classes, names, None, Preprocessing::Standardize, training);
        Head { model, description }
    }

    #[test]
    fn a_head_survives_a_round_trip() {
        let folder = tempfile::tempdir().unwrap();
        let [weights, description] = head().write(folder.path()).unwrap();
        for path in [folder.path(), &weights, &description] {
            assert_eq!(Head::read(path).unwrap(), head());
        }
        assert_eq!(Head::read(folder.path()).unwrap().description.classes.names()[1], "malignant");

        let classes = Classes::fit(&["a", "b", "c"]).unwrap();
        let training = Training { preset: "n15-l18".into(), iterations: 4, encrypted: true };
        let output = LinearLayer {
            coef: array![[0.5, -2.0], [1.0, 2.0], [3.0, 4.0]],
            intercept: array![0.0, 0.5, 1.0],
        };
        let layer = LinearLayer { coef: array![[1.0, 2.0], [3.0, 5.0]], intercept: array![0.5, -0.5] };
        let activation = Activation::new(ActivationKind::Gelu, 3.0).unwrap();
        for (hidden, softmax) in [(None, false), (Some((layer, activation)), true)] {
            let model = Model { hidden, ..Model::linear(output.clone(), softmax) };
            let description = Description::new(
                &model,
                classes.clone(),
                None,
                None,
                Preprocessing::Center,
                training.clone(),
            );
            let three = Head { model, description };
            three.write(folder.path()).unwrap();
            assert_eq!(Head::read(folder.path()).unwrap(), three);
        }
    }

    #[test]
    fn probabilities_are_those_of_the_second_class() {
        let p = head().probabilities(&array![[-0.5, 0.0], [10.0, 0.0], [0.0, 10.0]].view()).unwrap();
        assert!((p[(0, 1)] - 0.5).abs() < 1e-12 && p[(1, 1)] > 0.99 && p[(2, 1)] < 0.01);
        assert!(head().probabilities(&array![[1.0]].view()).is_err());
    }

    #[test]
    fn damaged_heads_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let [weights, description] = head().write(folder.path()).unwrap();
        let bytes = std::fs::read(&weights).unwrap();
        std::fs::write(&weights, &bytes[..bytes.len() - 3]).unwrap();
        assert_eq!(Head::read(folder.path()).unwrap_err().kind(), Kind::File);
        let mut other = head();
        other.model.output.coef = array![[0.5]];
        other.write(folder.path()).unwrap();
        assert!(
            Head::read(folder.path())
                .unwrap_err()
                .to_string()
                .contains("`coef` is not an array of shape [1, 2]")
        );
        std::fs::write(&description, "{}").unwrap();
        assert_eq!(Head::read(folder.path()).unwrap_err().kind(), Kind::File);
        assert_eq!(Head::read(Path::new("/nowhere")).unwrap_err().kind(), Kind::File);
    }
}
