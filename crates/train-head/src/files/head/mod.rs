//! The exported head: weights as f64 in scikit-learn's shapes in `head.safetensors`, and everything else that its use needs in
//! `head.json`.
//!
//! A linear head has `coef` (outputs by features) and `intercept` (outputs), with one output for two classes and otherwise one per
//! class. A head with a hidden layer has `coefs.0` (features by units), `intercepts.0`, `coefs.1` (units by outputs) and
//! `intercepts.1`; `head.json` holds the polynomial of its activation.
//!
//! The coefficients apply to the features as they were read, or to the encoder's embeddings: the feature map of the training is
//! folded in. With two classes the probability of the second is `1 / (1 + exp(-(x . coef + intercept)))`.

mod description;
mod weights;

use description::FORMAT;
pub(crate) use description::{ChosenThreshold, Description, EVEN, FeatureSource, Part, Provenance, Secrecy};

use std::path::{Path, PathBuf};

use head_fit::{Model, probabilities};
use ndarray::{Array2, ArrayView2, Axis};

use super::{read_json, read_sealed, write_bytes, write_json};
use crate::exit::{Failure, Result};

const WEIGHTS: &str = "head.safetensors";
const DESCRIPTION: &str = "head.json";
const ANEW: &str = "decrypt the head again; its threshold is changed by `train-head eval --save-threshold`";

/// A head in the clear.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Head {
    /// The weights, for features as they are read.
    pub(crate) model: Model,
    /// The contents of `head.json`.
    pub(crate) description: Description,
}

/// Predictions, samples (rows) by columns: probabilities of classes or labels, or numbers. A head with one output for two classes gives
/// both.
///
/// # Errors
/// The number of features is not the head's.
pub(crate) fn predicted(head: &Model, x: &ArrayView2<'_, f64>) -> fhe_head::Result<Array2<f64>> {
    Ok(of_scores(head.decision_function(x)?, head.link))
}

/// Predictions from scores: as [`predicted`].
pub(crate) fn of_scores(scores: Array2<f64>, link: fhe_head::Link) -> Array2<f64> {
    let p = probabilities(scores, link);
    match (link, p.ncols()) {
        // the second of two classes gets the first beside it
        (fhe_head::Link::Logistic, 1) => ndarray::concatenate![Axis(1), p.mapv(|p| 1.0 - p), p],
        _ => p,
    }
}

impl Head {
    /// The model as it was trained, before its logits were calibrated: what another training starts from.
    pub(crate) fn into_trained(self) -> Model {
        self.model.uncalibrated(&self.description.training.calibrator)
    }

    /// Predictions, as [`predicted`] gives them.
    ///
    /// # Errors
    /// The number of features is not the head's.
    pub(crate) fn predicted(&self, x: &ArrayView2<'_, f64>) -> Result<Array2<f64>> {
        predicted(&self.model, x)
            .map_err(|error| Failure::data("the data do not fit the head").because(error))
    }

    /// Writes both files to a folder. Returns their paths.
    ///
    /// # Errors
    /// A failure of the operating system.
    pub(crate) fn write(&self, folder: &Path) -> Result<[PathBuf; 2]> {
        let paths = [folder.join(WEIGHTS), folder.join(DESCRIPTION)];
        let bytes = weights::to_bytes(&self.model)?;
        write_bytes(&paths[0], self.description.secrecy.access(), &bytes)?;
        self.write_description_of(&bytes, &paths[1])?;
        Ok(paths)
    }

    /// Writes the description again, into the folder of a head or beside either of its files.
    ///
    /// # Errors
    /// A failure of the operating system.
    pub(crate) fn write_description(&self, path: &Path) -> Result<()> {
        self.write_description_of(&weights::to_bytes(&self.model)?, &folder_of(path).join(DESCRIPTION))
    }

    /// Writes the description, with the digest of the file of weights.
    fn write_description_of(&self, weights: &[u8], path: &Path) -> Result<()> {
        let mut description = self.description.clone();
        description.weights = weights::digest(weights);
        write_json(path, description.secrecy.access(), &description)
    }

    /// The description as its file has it, digests included, of a head that was read and found whole. `path` is as for [`Self::read`].
    ///
    /// # Errors
    /// As [`Self::read`].
    pub(crate) fn described(path: &Path) -> Result<serde_json::Value> {
        Self::read(path)?;
        read_json(&folder_of(path).join(DESCRIPTION), "the description of a head")
    }

    /// Reads a head. `path` is its folder or either of its files.
    ///
    /// # Errors
    /// A file is missing or damaged, or does not fit the other.
    pub(crate) fn read(path: &Path) -> Result<Self> {
        let folder = folder_of(path);
        if !path.exists() {
            return Err(Failure::file(format!("{}: no such head", path.display()))
                .help("--head takes the folder that `train-head decrypt` or `train-head run` wrote"));
        }
        if path.is_file() && ![WEIGHTS, DESCRIPTION].iter().any(|name| path.ends_with(name)) {
            return Err(Failure::file(format!("{} is not a decrypted head", path.display())).help(
                "--head takes the folder that `train-head decrypt` or `train-head run` wrote; `decrypt` opens an encrypted head",
            ));
        }
        let path = folder.join(DESCRIPTION);
        let mut description: Description = read_sealed(&path, "the description of a head", FORMAT, ANEW)?;
        description
            .expect_sound()
            .map_err(|what| Failure::file(format!("{}: {what}", path.display())).help(ANEW))?;
        let model = weights::read(&description, &folder.join(WEIGHTS))?;
        description.weights.clear();
        Ok(Self { model, description })
    }
}

/// The folder of a head.
fn folder_of(path: &Path) -> &Path {
    if path.is_dir() { path } else { path.parent().unwrap_or(Path::new("")) }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::exit::Kind;
    use crate::targets::Vocabulary;
    use fhe_head::Activation;
    use fhe_head::ActivationKind;
    use head_fit::LinearLayer;
    use head_fit::{Calibrator, Classes, LabelNames, Preprocessing};
    use ndarray::array;

    fn head() -> Head {
        let classes = Classes::fit(&["benign", "malignant"]).unwrap();
        let training = Provenance {
            preset: "n15-l18".into(),
            iterations: 4,
            encrypted: true,
            calibrator: Calibrator::default(),
        };
        let names = Some(vec!["a".into(), "b".into()]);
        let output = LinearLayer { coef: array![[0.5, -2.0]], intercept: array![0.25] };
        let model = Model::linear(output, fhe_head::Link::Logistic);
        let description = Description::new(
            &model,
            Vocabulary::Classes(classes),
            FeatureSource { names, table: None, label_columns: Vec::new(), encoder: None },
            Preprocessing::Standardize,
            training,
            Secrecy::Private,
        );
        Head { model, description }
    }

    #[test]
    fn a_head_survives_a_round_trip() {
        let folder = tempfile::tempdir().unwrap();
        let [weights, description] = head().write(folder.path()).unwrap();
        for path in [folder.path(), &weights, &description] {
            assert_eq!(Head::read(path).unwrap(), head());
        }
        assert_eq!(Head::read(folder.path()).unwrap().description.vocabulary.names()[1], "malignant");

        let classes = Classes::fit(&["a", "b", "c"]).unwrap();
        let training = Provenance {
            preset: "n15-l18".into(),
            iterations: 4,
            encrypted: true,
            calibrator: Calibrator::default(),
        };
        let output = LinearLayer {
            coef: array![[0.5, -2.0], [1.0, 2.0], [3.0, 4.0]],
            intercept: array![0.0, 0.5, 1.0],
        };
        let layer = LinearLayer { coef: array![[1.0, 2.0], [3.0, 5.0]], intercept: array![0.5, -0.5] };
        let activation = Activation::new(ActivationKind::Gelu, 3.0).unwrap();
        for (hidden, link) in [
            (None, fhe_head::Link::Logistic),
            (None, fhe_head::Link::MultiLabel),
            (None, fhe_head::Link::Identity),
            (Some((layer, activation)), fhe_head::Link::Softmax),
        ] {
            let functions = match hidden {
                Some(_) => fhe_head::Functions::Exact,
                None => fhe_head::Functions::Polynomials,
            };
            let model = Model { hidden, functions, ..Model::linear(output.clone(), link) };
            let description = Description::new(
                &model,
                match link {
                    fhe_head::Link::MultiLabel => {
                        Vocabulary::Labels(LabelNames::fit(&[classes.names().to_vec()]).unwrap())
                    }
                    fhe_head::Link::Identity => Vocabulary::Numbers(classes.names().to_vec()),
                    _ => Vocabulary::Classes(classes.clone()),
                },
                FeatureSource { names: None, table: None, label_columns: Vec::new(), encoder: None },
                Preprocessing::Center,
                training.clone(),
                Secrecy::Published,
            );
            let three = Head { model, description };
            three.write(folder.path()).unwrap();
            assert_eq!(Head::read(folder.path()).unwrap(), three);
        }
    }

    #[test]
    fn probabilities_are_those_of_the_second_class() {
        let p = head().predicted(&array![[-0.5, 0.0], [10.0, 0.0], [0.0, 10.0]].view()).unwrap();
        assert!((p[(0, 1)] - 0.5).abs() < 1e-12 && p[(1, 1)] > 0.99 && p[(2, 1)] < 0.01);
        assert!(head().predicted(&array![[1.0]].view()).is_err());
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
