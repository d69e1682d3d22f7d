//! The numbers of a plan, in a safetensors file beside it: the feature map, and the weights that the training starts from.
//!
//! `mean` is subtracted from the features, which are then multiplied by `scale`, feature by feature, or by `matrix` (features by mapped
//! features). `start.0`, `start.1`, ... are the weight vectors of the encrypted space, where the training does not start from zero.
//! `exact.4.0`, `exact.4.1`, ... are those of the exact twin after four iterations, `expected.4.0`, ... those of the twin with the
//! polynomials of the encryption.

use std::path::{Path, PathBuf};

use head_fit::{FeatureMap, LinearMap};
use ndarray::Array1;

use super::twins::{Iterate, Twins};
use crate::exit::{Failure, Result};
use crate::files;
use crate::files::tensors::{Tensor, Tensors, to_bytes};

/// The numbers of a plan.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Arrays {
    /// From features to the space that is encrypted.
    pub(super) map: FeatureMap,
    /// Weights to start from; `None` starts from zero or from an encrypted head.
    pub(super) start: Option<Vec<Array1<f64>>>,
    /// The same training in the clear; empty if it was not rehearsed.
    pub(super) twins: Twins,
}

/// The file of the numbers of the plan at `plan`: its name with another ending.
///
/// # Errors
/// The plan itself has that ending.
pub(super) fn path_beside(plan: &Path) -> Result<PathBuf> {
    let path = plan.with_extension("safetensors");
    if path == plan {
        let message = format!("{}: the feature map gets this name", plan.display());
        return Err(Failure::usage(message).help("name the plan .json"));
    }
    Ok(path)
}

/// Refuses a name for a plan whose other file would replace something else, such as embeddings.
///
/// # Errors
/// The file beside the plan exists and is not the feature map of a plan.
pub(super) fn expect_room(plan: &Path) -> Result<PathBuf> {
    let path = path_beside(plan)?;
    if path.exists() && !files::read(&path).is_ok_and(|bytes| Arrays::of(&bytes).is_ok()) {
        let message = format!(
            "{}: its feature map would replace {}, which is something else",
            plan.display(),
            path.display()
        );
        return Err(Failure::usage(message).help("give the plan another name"));
    }
    Ok(path)
}

/// The digest of a file's contents that the plan holds.
pub(super) fn digest(bytes: &[u8]) -> String {
    blake3::hash(bytes).to_hex().to_string()
}

impl Arrays {
    /// The contents of the file.
    ///
    /// # Errors
    /// None in practice: no two arrays have one name.
    pub(super) fn to_bytes(&self) -> Result<Vec<u8>> {
        let linear = match self.map.linear() {
            LinearMap::Diagonal(scale) => Tensor::new("scale", &scale.view()),
            LinearMap::Dense(matrix) => Tensor::new("matrix", &matrix.view()),
        };
        let mut tensors = vec![Tensor::new("mean", &self.map.mean().view()), linear];
        for (i, weights) in self.start.iter().flatten().enumerate() {
            tensors.push(Tensor::new(start_name(i), &weights.view()));
        }
        for (twin, iterates) in [(EXACT, &self.twins.exact), (EXPECTED, &self.twins.expected)] {
            for (done, iterate) in iterates {
                for (i, weights) in iterate.iter().enumerate() {
                    tensors.push(Tensor::new(format!("{twin}.{done}.{i}"), &weights.view()));
                }
            }
        }
        to_bytes(&tensors)
    }

    /// Reads the file, which must have this digest.
    ///
    /// # Errors
    /// A file that is missing, damaged, or of another plan.
    pub(super) fn read(path: &Path, expected: &str) -> Result<Self> {
        let beside =
            |failure: Failure| failure.help("the feature map of a plan lies beside it: copy both files");
        let bytes = files::read(path).map_err(beside)?;
        let refuse = |what: String| Failure::file(format!("{}: {what}", path.display()));
        if digest(&bytes) != expected {
            return Err(refuse("not the feature map of the plan beside it, or damaged".into())
                .help("copy both files of the plan again, or plan again with `train-head estimate`"));
        }
        Self::of(&bytes).map_err(refuse)
    }

    fn of(bytes: &[u8]) -> Result<Self, String> {
        let tensors = Tensors::of(bytes)?;
        let length = |name: &str| tensors.shape(name).map(|shape| shape.iter().product());
        let vector = |name: &str| tensors.vector(name, length(name).unwrap_or_default());
        let linear = match tensors.shape("matrix").as_deref() {
            Some(&[rows, columns]) => LinearMap::Dense(tensors.matrix("matrix", [rows, columns])?),
            _ => LinearMap::Diagonal(vector("scale")?),
        };
        let map = FeatureMap::from_arrays(vector("mean")?, linear).map_err(|error| error.to_string())?;
        let names = (0..).map(start_name).take_while(|name| tensors.shape(name).is_some());
        let start: Vec<_> = names.map(|name| vector(&name)).collect::<Result<_, _>>()?;
        let iterates = |twin: &str| -> Result<Vec<(usize, Iterate)>, String> {
            let mut done: Vec<usize> = tensors
                .names()
                .iter()
                .filter_map(|name| {
                    name.strip_prefix(twin)?.strip_prefix('.')?.strip_suffix(".0")?.parse().ok()
                })
                .collect();
            done.sort_unstable();
            let one = |done: usize| {
                let names = (0..).map(|i| format!("{twin}.{done}.{i}"));
                let names = names.take_while(|name| tensors.shape(name).is_some());
                Ok((done, names.map(|name| vector(&name)).collect::<Result<_, String>>()?))
            };
            done.into_iter().map(one).collect()
        };
        let twins = Twins { exact: iterates(EXACT)?, expected: iterates(EXPECTED)? };
        Ok(Self { map, start: (!start.is_empty()).then_some(start), twins })
    }
}

const EXACT: &str = "exact";
const EXPECTED: &str = "expected";

fn start_name(i: usize) -> String {
    format!("start.{i}")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::exit::Kind;
    use ndarray::array;

    #[test]
    fn arrays_survive_a_round_trip_and_nothing_else_does() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("plan.safetensors");
        let dense = LinearMap::Dense(array![[0.1, 1.0 / 3.0], [1e-300, 2.0], [3.0, -4.0]]);
        let start = vec![array![0.5, 1.5, -2.5, 0.1], array![7.0]];
        for (mean, linear, start) in [
            (array![1.0, 2.0, 3.0], dense, Some(start)),
            (array![1.0, 2.0], LinearMap::Diagonal(array![0.5, 0.25]), None),
        ] {
            let twins = Twins {
                exact: vec![
                    (2, vec![array![1.0], array![2.0, 3.0]]),
                    (10, vec![array![4.0], array![5.0, 6.0]]),
                ],
                expected: vec![(10, vec![array![7.0]])],
            };
            let arrays = Arrays { map: FeatureMap::from_arrays(mean, linear).unwrap(), start, twins };
            let bytes = arrays.to_bytes().unwrap();
            std::fs::write(&path, &bytes).unwrap();
            assert_eq!(Arrays::read(&path, &digest(&bytes)).unwrap(), arrays);
            let failure = Arrays::read(&path, &digest(&bytes[1..])).unwrap_err();
            assert_eq!(failure.kind(), Kind::File);
            assert!(failure.to_string().contains("not the feature map of the plan"), "{failure}");
        }
        std::fs::remove_file(&path).unwrap();
        assert_eq!(Arrays::read(&path, "").unwrap_err().kind(), Kind::File);
        assert!(path_beside(&path).is_err());
        assert_eq!(path_beside(&folder.path().join("plan.json")).unwrap(), path);
    }
}
