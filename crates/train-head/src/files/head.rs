//! The exported head: `head.safetensors` with `coef` (outputs by features) and `intercept` (outputs), both f64, in
//! scikit-learn's shapes: one output for two classes, else one a class; and `head.json` with all that is needed to use them.
//!
//! The coefficients apply to the features as they were read, or to the encoder's embeddings: what was done to features
//! before the encryption is folded in. Of two classes the probability of the second is
//! `1 / (1 + exp(-(x . coef + intercept)))`.

use std::path::{Path, PathBuf};

use fhe_head::features::Preprocessing;
use fhe_head::labels::Classes;
use fhe_head::model::{Classifier, Linear};
use ndarray::{Array1, Array2, ArrayView2, Axis};
use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use serde::{Deserialize, Serialize};

use super::embeddings::UsedEncoder;
use super::{Access, read_json, write_bytes, write_json};
use crate::exit::{Failure, Kind, Result};

const WEIGHTS: &str = "head.safetensors";
const DESCRIPTION: &str = "head.json";
const FORMAT: &str = "train-head head 2";

/// A head in the clear.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Head {
    /// Weights of the features as they are read, and the intercept.
    pub(crate) model: Classifier,
    /// What else is known.
    pub(crate) description: Description,
}

/// `head.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Description {
    /// Name and version of the format.
    format: String,
    /// The labels, in the order of the outputs; of two the positive one last.
    pub(crate) classes: Classes,
    /// How outputs become probabilities.
    pub(crate) link: Link,
    /// Number of features.
    pub(crate) features: usize,
    /// Their names, if they come from a table.
    pub(crate) feature_names: Option<Vec<String>>,
    /// The encoder, if they come from texts.
    pub(crate) encoder: Option<UsedEncoder>,
    /// What was done to the features before the encryption.
    feature_transform: FeatureTransform,
    /// Parameter set and iterations of the training.
    pub(crate) training: Training,
}

/// How the outputs of a head become probabilities.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Link {
    /// One output: the logit of the second of two classes.
    Logistic,
    /// The logit of each class against the rest; probabilities are scaled to sum 1.
    OneVsRest,
    /// Softmax over all classes.
    Softmax,
}

impl Link {
    /// The link of a head.
    pub(crate) fn of(head: &Classifier) -> Self {
        match (head.softmax, head.output.intercept.len()) {
            (true, _) => Self::Softmax,
            (false, 1) => Self::Logistic,
            (false, _) => Self::OneVsRest,
        }
    }
}

/// What was done to features.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct FeatureTransform {
    #[serde(flatten)]
    preprocessing: Preprocessing,
    /// Always true: `coef` and `intercept` contain it.
    folded: bool,
}

/// How the head came about.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Training {
    /// Parameter set.
    pub(crate) preset: String,
    /// Iterations.
    pub(crate) iterations: usize,
    /// Whether the training ran on ciphertexts.
    pub(crate) encrypted: bool,
}

impl Description {
    /// A description.
    pub(crate) fn new(
        classes: &Classes,
        link: Link,
        features: usize,
        feature_names: Option<Vec<String>>,
        encoder: Option<UsedEncoder>,
        preprocessing: Preprocessing,
        training: Training,
    ) -> Self {
        Self {
            format: FORMAT.into(),
            classes: classes.clone(),
            link,
            features,
            feature_names,
            encoder,
            feature_transform: FeatureTransform { preprocessing, folded: true },
            training,
        }
    }

    /// Number of outputs.
    fn outputs(&self) -> usize {
        if self.link == Link::Logistic { 1 } else { self.classes.count() }
    }
}

/// Probabilities of the classes (columns), of both where the head has one output.
///
/// # Errors
/// Another number of features than the head has.
pub(crate) fn probabilities(head: &Classifier, x: &ArrayView2<'_, f64>) -> fhe_head::Result<Array2<f64>> {
    let p = head.predict_proba(x)?;
    Ok(match p.ncols() {
        1 => ndarray::concatenate![Axis(1), p.mapv(|p| 1.0 - p), p],
        _ => p,
    })
}

impl Head {
    /// Probabilities of the classes (columns).
    ///
    /// # Errors
    /// Another number of features than the head has.
    pub(crate) fn probabilities(&self, x: &ArrayView2<'_, f64>) -> Result<Array2<f64>> {
        probabilities(&self.model, x)
            .map_err(|error| Failure::data("the data do not fit the head").because(error))
    }

    /// Writes both files to a folder, and returns their paths and sizes.
    ///
    /// # Errors
    /// Those of the operating system.
    pub(crate) fn write(&self, folder: &Path) -> Result<[PathBuf; 2]> {
        let Linear { coef, intercept } = &self.model.output;
        let (outputs, features) = coef.dim();
        let coef: Vec<u8> = coef.iter().flat_map(|value| value.to_le_bytes()).collect();
        let intercept: Vec<u8> = intercept.iter().flat_map(|value| value.to_le_bytes()).collect();
        let weights = TensorView::new(Dtype::F64, vec![outputs, features], &coef)
            .and_then(|coef| {
                Ok([("coef", coef), ("intercept", TensorView::new(Dtype::F64, vec![outputs], &intercept)?)])
            })
            .and_then(|tensors| safetensors::serialize(tensors, None))
            .map_err(|error| Failure::unexpected("cannot write the head").because(format!("{error:?}")))?;
        let paths = [folder.join(WEIGHTS), folder.join(DESCRIPTION)];
        write_bytes(&paths[0], Access::Shared, &weights)?;
        write_json(&paths[1], Access::Shared, &self.description)?;
        Ok(paths)
    }

    /// Reads a head from its folder, or from the path of either file.
    ///
    /// # Errors
    /// A file that is not there, damaged, or does not fit the other.
    pub(crate) fn read(path: &Path) -> Result<Self> {
        let folder = if path.is_dir() { path } else { path.parent().unwrap_or(Path::new("")) };
        if !path.exists() {
            return Err(Failure::file(format!("{}: there is no such head", path.display()))
                .help("--head takes the folder that `train-head decrypt` or `train-head run` wrote"));
        }
        let description: Description = read_json(&folder.join(DESCRIPTION), "the description of a head")?;
        if description.format != FORMAT {
            return Err(Failure::file(format!(
                "{}: format {:?}, this program reads {FORMAT:?}",
                folder.join(DESCRIPTION).display(),
                description.format
            )));
        }
        let weights = folder.join(WEIGHTS);
        let bytes =
            std::fs::read(&weights).map_err(|error| Failure::io("read", &weights, Kind::File, error))?;
        let damaged = |what: &str| {
            Failure::file(format!("{}: {what}", weights.display()))
                .help("the file is damaged: export the head again")
        };
        let tensors = SafeTensors::deserialize(&bytes).map_err(|_| damaged("not a safetensors file"))?;
        let numbers = |name: &str, shape: &[usize]| {
            let view = tensors.tensor(name).map_err(|_| damaged(&format!("no tensor `{name}`")))?;
            let values: Vec<f64> =
                view.data().as_chunks().0.iter().map(|&raw| f64::from_le_bytes(raw)).collect();
            let fits =
                view.dtype() == Dtype::F64 && view.shape() == shape && values.iter().all(|w| w.is_finite());
            if fits {
                Ok(values)
            } else {
                Err(damaged(&format!("`{name}` is not an array of shape {shape:?} of finite f64 numbers")))
            }
        };
        let (outputs, features) = (description.outputs(), description.features);
        let coef = Array2::from_shape_vec((outputs, features), numbers("coef", &[outputs, features])?)
            .map_err(|error| damaged(&error.to_string()))?;
        let intercept = Array1::from_vec(numbers("intercept", &[outputs])?);
        let softmax = description.link == Link::Softmax;
        let model = Classifier { hidden: None, output: Linear { coef, intercept }, softmax };
        Ok(Self { model, description })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use ndarray::array;

    fn head() -> Head {
        let classes = Classes::fit(&["benign", "malignant"]).unwrap();
        let training = Training { preset: "n15-l18".into(), iterations: 4, encrypted: true };
        let names = Some(vec!["a".into(), "b".into()]);
        let description =
            Description::new(&classes, Link::Logistic, 2, names, None, Preprocessing::Standardize, training);
        let output = Linear { coef: array![[0.5, -2.0]], intercept: array![0.25] };
        Head { model: Classifier { hidden: None, output, softmax: false }, description }
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
        let link = Link::OneVsRest;
        let description = Description::new(&classes, link, 2, None, None, Preprocessing::Center, training);
        let output =
            Linear { coef: array![[0.5, -2.0], [1.0, 2.0], [3.0, 4.0]], intercept: array![0.0, 0.5, 1.0] };
        let three = Head { model: Classifier { hidden: None, output, softmax: false }, description };
        three.write(folder.path()).unwrap();
        assert_eq!(Head::read(folder.path()).unwrap(), three);
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
