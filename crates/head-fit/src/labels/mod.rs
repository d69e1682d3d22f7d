//! Labels: what they mean, their encoding and weights, and splits that keep their proportions.

mod groups;
mod multi_label;
mod sets;
mod split;
mod splits;
mod targets;

pub use groups::group_split;
pub(crate) use groups::{count as group_count, folds_of_strata};
pub use multi_label::{multi_label_folds, multi_label_split};
pub use sets::LabelNames;
pub use split::{folds_of_targets, split_of_targets};
pub use splits::{Split, shuffled, shuffled_order, stratified_folds, stratified_split};
pub use targets::Targets;

use fhe_head::{Error, Result};
use ndarray::Array1;
use serde::{Deserialize, Serialize};

/// The classes of a problem, in order: labels that are all numbers by value, others by code points. A label's code is its
/// place here. Of two classes the second is the positive one, whose probability a head predicts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Classes {
    names: Vec<String>,
}

impl Classes {
    /// Finds the classes.
    ///
    /// # Errors
    /// [`Error::Data`] if there are fewer than two, or a label is empty.
    pub fn fit<S: AsRef<str>>(labels: &[S]) -> Result<Self> {
        let mut names: Vec<&str> = labels.iter().map(|label| label.as_ref().trim()).collect();
        let number = |name: &str| name.parse::<f64>().ok().filter(|value| value.is_finite());
        if names.iter().all(|name| number(name).is_some()) {
            let value = |name: &str| number(name).unwrap_or(f64::NAN);
            names.sort_by(|a, b| value(a).total_cmp(&value(b)));
            names.dedup_by(|a, b| value(a) == value(b));
        } else {
            names.sort_unstable();
            names.dedup();
        }
        match names[..] {
            [] => Err(Error::Data("there are no labels".into())),
            [only] => Err(Error::Data(format!("every label is {only:?}: training needs two classes"))),
            _ if names[0].is_empty() => Err(Error::Data("some labels are empty".into())),
            _ => Ok(Self { names: names.into_iter().map(str::to_owned).collect() }),
        }
    }

    /// Classes in a given order, such as those of a scale from mild to severe.
    ///
    /// # Errors
    /// [`Error::Data`] if there are fewer than two, or one is empty or occurs twice.
    pub fn in_order(names: Vec<String>) -> Result<Self> {
        let mut known = Self::fit(&names)?;
        if known.count() < names.len() {
            return Err(Error::Data(format!("a class occurs twice among {}", names.join(", "))));
        }
        known.names = names;
        Ok(known)
    }

    /// The labels, in the order of their codes.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// Number of classes.
    pub fn count(&self) -> usize {
        self.names.len()
    }

    /// The same two classes, the other one positive; more than two stay as they are.
    #[must_use]
    pub fn turned(mut self) -> Self {
        if let [negative, positive] = &mut self.names[..] {
            std::mem::swap(negative, positive);
        }
        self
    }

    /// Labels as codes 0, 1, ..
    ///
    /// # Errors
    /// [`Error::Data`] on a label of no class.
    pub fn encode<S: AsRef<str>>(&self, labels: &[S]) -> Result<Array1<f64>> {
        let is = |label: &str, class: &str| {
            label == class
                || matches!((label.parse::<f64>(), class.parse::<f64>()), (Ok(label), Ok(class)) if label == class)
        };
        let code = |(i, label): (usize, &S)| {
            let label = label.as_ref().trim();
            let place = self.names.iter().position(|name| is(label, name));
            place.map(|place| place as f64).ok_or_else(|| {
                Error::Data(format!("label {label:?} of sample {i} is none of {}", self.listed()))
            })
        };
        labels.iter().enumerate().map(code).collect()
    }

    /// The labels in a message: all, or the first of many.
    pub fn listed(&self) -> String {
        const MOST: usize = 8;
        let mut names: Vec<String> = self.names.iter().take(MOST).map(|name| format!("{name:?}")).collect();
        if self.names.len() > MOST {
            names.push(format!("and {} more", self.names.len() - MOST));
        }
        names.join(", ")
    }
}

/// How much each class counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ClassWeight {
    /// Every sample counts the same.
    #[default]
    Uniform,
    /// Every class counts the same: `n / (K n_class)` with `K` classes.
    Balanced,
    /// Weights of the negative and the positive class.
    Given(f64, f64),
}

impl ClassWeight {
    /// The weight of each sample, by its code.
    ///
    /// # Errors
    /// [`Error::Parameter`] on weights that are not positive, or for another number of classes.
    pub fn weights(self, y: &Array1<f64>) -> Result<Array1<f64>> {
        let classes = y.fold(0.0, |max: f64, y| max.max(*y)) as usize + 1;
        let weights = match self {
            Self::Uniform => return Ok(Array1::ones(y.len())),
            Self::Balanced => {
                let mut counts = vec![0.0; classes.max(2)];
                y.iter().for_each(|y| counts[*y as usize] += 1.0);
                let share = y.len() as f64 / counts.len() as f64;
                counts.into_iter().map(|count| share / f64::max(count, 1.0)).collect()
            }
            Self::Given(negative, positive) => vec![negative, positive],
        };
        if classes > weights.len() || !weights.iter().all(|weight| weight.is_finite() && *weight > 0.0) {
            return Err(Error::Parameter {
                name: "class_weight",
                got: format!("{weights:?}"),
                expected: format!("{} positive numbers", classes.max(2)),
            });
        }
        Ok(y.mapv(|y| weights[y as usize]))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn numbers_are_ordered_by_value_and_names_by_letters() {
        let numbers = Classes::fit(&["10", "9", "9.0", " 10 "]).unwrap();
        assert_eq!(numbers.names(), ["9", "10"]);
        assert_eq!(numbers.encode(&["9", "10.0", "9.00"]).unwrap().to_vec(), [0.0, 1.0, 0.0]);
        let names = Classes::fit(&["malignant", "benign"]).unwrap();
        assert_eq!(names.names(), ["benign", "malignant"]);
        assert_eq!(names.clone().turned().names(), ["malignant", "benign"]);
        let three = Classes::fit(&["b", "c", "a", "b"]).unwrap();
        assert_eq!((three.count(), three.encode(&["c", "a"]).unwrap().to_vec()), (3, vec![2.0, 0.0]));
        assert!(names.encode(&["other"]).unwrap_err().to_string().contains("sample 0"));
    }

    #[test]
    fn fewer_than_two_classes_are_refused() {
        for labels in [&[][..], &["a"], &["a", ""]] {
            assert!(Classes::fit(labels).is_err(), "{labels:?}");
        }
    }

    #[test]
    fn balanced_classes_weigh_the_same() {
        let y = Array1::from_vec(vec![1.0, 0.0, 0.0, 0.0]);
        assert_eq!(
            ClassWeight::Balanced.weights(&y).unwrap().to_vec(),
            [2.0, 2.0 / 3.0, 2.0 / 3.0, 2.0 / 3.0]
        );
        assert!(ClassWeight::Given(1.0, -1.0).weights(&y).is_err());
        let three = Array1::from_vec(vec![0.0, 1.0, 2.0, 2.0, 2.0, 2.0]);
        assert_eq!(ClassWeight::Balanced.weights(&three).unwrap().to_vec(), [2.0, 2.0, 0.5, 0.5, 0.5, 0.5]);
        assert!(ClassWeight::Given(1.0, 1.0).weights(&three).is_err());
    }
}
