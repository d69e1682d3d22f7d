//! Class labels: encoding, weights, and splits that keep their proportions.

use crate::error::{Error, Result};
use ndarray::Array1;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use serde::{Deserialize, Serialize};

/// The classes of a binary problem, in order: labels that are all numbers by value, others by code points.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Classes {
    /// The class with label 0.
    pub negative: String,
    /// The class with label 1, whose probability a head predicts.
    pub positive: String,
}

impl Classes {
    /// Finds the two classes.
    ///
    /// # Errors
    /// [`Error::Data`] if there are not exactly two.
    pub fn fit<S: AsRef<str>>(labels: &[S]) -> Result<Self> {
        let names = sorted_names(labels);
        match names[..] {
            [negative, positive] if !negative.is_empty() => {
                Ok(Self { negative: negative.into(), positive: positive.into() })
            }
            [] => Err(Error::Data("there are no labels".into())),
            [only] => Err(Error::Data(format!("every label is {only:?}: training needs two classes"))),
            _ if names[0].is_empty() => Err(Error::Data("some labels are empty".into())),
            _ => Err(Error::Data(format!(
                "{} classes ({}, ..): a binary head needs two",
                names.len(),
                names.iter().take(4).map(|name| format!("{name:?}")).collect::<Vec<_>>().join(", ")
            ))),
        }
    }

    /// Labels as 0 and 1.
    ///
    /// # Errors
    /// [`Error::Data`] on a label of neither class.
    pub fn encode<S: AsRef<str>>(&self, labels: &[S]) -> Result<Array1<f64>> {
        labels
            .iter()
            .enumerate()
            .map(|(i, label)| match label.as_ref().trim() {
                label if same_label(label, &self.positive) => Ok(1.0),
                label if same_label(label, &self.negative) => Ok(0.0),
                label => Err(Error::Data(format!(
                    "label {label:?} of sample {i} is neither {:?} nor {:?}",
                    self.negative, self.positive
                ))),
            })
            .collect()
    }
}

/// The classes of a problem with two or more, in the order of [`Classes`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClassNames(Vec<String>);

impl ClassNames {
    /// Finds the classes.
    ///
    /// # Errors
    /// [`Error::Data`] if there are fewer than two or a label is empty.
    pub fn fit<S: AsRef<str>>(labels: &[S]) -> Result<Self> {
        match &sorted_names(labels)[..] {
            [] => Err(Error::Data("there are no labels".into())),
            names if names[0].is_empty() => Err(Error::Data("some labels are empty".into())),
            [only] => Err(Error::Data(format!("every label is {only:?}: training needs two classes"))),
            names => Ok(Self(names.iter().map(|&name| name.to_owned()).collect())),
        }
    }

    /// The names.
    pub fn names(&self) -> &[String] {
        &self.0
    }

    /// Labels as indices of classes.
    ///
    /// # Errors
    /// [`Error::Data`] on a label of no class.
    pub fn encode<S: AsRef<str>>(&self, labels: &[S]) -> Result<Array1<f64>> {
        let index = |(i, label): (usize, &S)| {
            let label = label.as_ref().trim();
            self.0.iter().position(|class| same_label(label, class)).map(|class| class as f64).ok_or_else(
                || {
                    Error::Data(format!(
                        "label {label:?} of sample {i} is none of the {} classes",
                        self.0.len()
                    ))
                },
            )
        };
        labels.iter().enumerate().map(index).collect()
    }
}

/// Distinct labels: by value if all are numbers, else by code points.
fn sorted_names<S: AsRef<str>>(labels: &[S]) -> Vec<&str> {
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
    names
}

/// Equal as texts or as numbers.
fn same_label(label: &str, class: &str) -> bool {
    label == class
        || matches!((label.parse::<f64>(), class.parse::<f64>()), (Ok(label), Ok(class)) if label == class)
}

/// How much each class counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ClassWeight {
    /// Every sample counts the same.
    #[default]
    Uniform,
    /// Every class counts the same: `n / (2 n_class)`.
    Balanced,
    /// Weights of the negative and the positive class.
    Given(f64, f64),
}

impl ClassWeight {
    /// The weight of each sample.
    ///
    /// # Errors
    /// [`Error::Parameter`] on weights that are not positive.
    pub fn weights(self, y: &Array1<f64>) -> Result<Array1<f64>> {
        let (n, positives) = (y.len() as f64, y.sum());
        let (negative, positive) = match self {
            Self::Uniform => (1.0, 1.0),
            Self::Balanced => (n / (2.0 * (n - positives).max(1.0)), n / (2.0 * positives.max(1.0))),
            Self::Given(negative, positive) => (negative, positive),
        };
        if ![negative, positive].iter().all(|weight| weight.is_finite() && *weight > 0.0) {
            return Err(Error::Parameter {
                name: "class_weight",
                got: format!("{negative}, {positive}"),
                expected: "positive numbers".into(),
            });
        }
        Ok(y.mapv(|y| if y > 0.5 { positive } else { negative }))
    }
}

/// Indices of a training and a test part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Split {
    /// Training samples.
    pub train: Vec<usize>,
    /// Test samples.
    pub test: Vec<usize>,
}

/// A generator for shuffles: the same numbers on every machine.
pub(crate) fn shuffle(indices: &mut [usize], rng: &mut ChaCha20Rng) {
    for i in (1..indices.len()).rev() {
        // the bias of the remainder is below 2^-40 for any data that fits into memory
        let j = (rng.next_u64() % (i as u64 + 1)) as usize;
        indices.swap(i, j);
    }
}

/// Members of each class that occurs, lowest first, in random order.
fn shuffled_classes(y: &Array1<f64>, rng: &mut ChaCha20Rng) -> Vec<Vec<usize>> {
    let mut classes = y.to_vec();
    classes.sort_by(f64::total_cmp);
    classes.dedup();
    classes
        .into_iter()
        .map(|class| {
            let mut members: Vec<usize> = (0..y.len()).filter(|&i| y[i] == class).collect();
            shuffle(&mut members, rng);
            members
        })
        .collect()
}

/// Splits off `ceil(test_size n)` samples, classes in proportion.
///
/// # Errors
/// [`Error::Parameter`] if the size is not within (0, 1) or leaves a class out of one part.
pub fn stratified_split(y: &Array1<f64>, test_size: f64, random_state: u64) -> Result<Split> {
    let refuse =
        |expected: String| Err(Error::Parameter { name: "test_size", got: test_size.to_string(), expected });
    if !(test_size > 0.0 && test_size < 1.0) {
        return refuse("a fraction between 0 and 1".into());
    }
    let mut rng = ChaCha20Rng::seed_from_u64(random_state);
    let classes = shuffled_classes(y, &mut rng);
    let total = (test_size * y.len() as f64).ceil() as usize;
    let share =
        |members: &Vec<usize>| (total as f64 * members.len() as f64 / y.len() as f64).round() as usize;
    // the first class takes what rounding leaves
    let others: usize = classes.iter().skip(1).map(share).sum();
    let mut split = Split { train: Vec::new(), test: Vec::new() };
    for (i, members) in classes.iter().enumerate() {
        let count = if i == 0 { total.saturating_sub(others) } else { share(members) };
        if classes.len() < 2 || count == 0 || count >= members.len() {
            let sizes: Vec<String> = classes.iter().map(|members| members.len().to_string()).collect();
            return refuse(format!(
                "a fraction that leaves members of all classes on both sides (there are {})",
                sizes.join(", ")
            ));
        }
        split.test.extend(&members[..count]);
        split.train.extend(&members[count..]);
    }
    shuffle(&mut split.train, &mut rng);
    shuffle(&mut split.test, &mut rng);
    Ok(split)
}

/// `folds` splits whose test parts cover all samples once, classes in proportion.
pub fn stratified_folds(y: &Array1<f64>, folds: usize, random_state: u64) -> Vec<Split> {
    let mut rng = ChaCha20Rng::seed_from_u64(random_state);
    let dealt = shuffled_classes(y, &mut rng).concat();
    (0..folds)
        .map(|fold| {
            let (mut train, mut test) = (Vec::new(), Vec::new());
            for (position, &sample) in dealt.iter().enumerate() {
                if position % folds == fold { test.push(sample) } else { train.push(sample) }
            }
            Split { train, test }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn numbers_are_ordered_by_value_and_names_by_letters() {
        let numbers = Classes::fit(&["10", "9", "9.0", " 10 "]).unwrap();
        assert_eq!((&*numbers.negative, &*numbers.positive), ("9", "10"));
        assert_eq!(numbers.encode(&["9", "10.0", "9.00"]).unwrap().to_vec(), [0.0, 1.0, 0.0]);
        let names = Classes::fit(&["malignant", "benign"]).unwrap();
        assert_eq!((&*names.negative, &*names.positive), ("benign", "malignant"));
        assert!(names.encode(&["other"]).unwrap_err().to_string().contains("sample 0"));
    }

    #[test]
    fn other_numbers_of_classes_are_refused() {
        for labels in [&[][..], &["a"], &["a", ""], &["a", "b", "c"]] {
            assert!(Classes::fit(labels).is_err(), "{labels:?}");
        }
    }

    #[test]
    fn many_classes_are_indices_in_order() {
        let names = ClassNames::fit(&["10", "9", "100", "9.0"]).unwrap();
        assert_eq!(names.names(), ["9", "10", "100"]);
        assert_eq!(names.encode(&["100", "9"]).unwrap().to_vec(), [2.0, 0.0]);
        assert!(names.encode(&["11"]).is_err());
        assert!(ClassNames::fit(&["a", "a"]).is_err());
        let y = Array1::from_shape_fn(90, |i| (i % 3) as f64);
        assert_eq!(stratified_folds(&y, 3, 0).len(), 3);
        assert_eq!(stratified_split(&y, 0.3, 0).unwrap().test.len(), 27);
    }

    #[test]
    fn balanced_classes_weigh_the_same() {
        let y = Array1::from_vec(vec![1.0, 0.0, 0.0, 0.0]);
        assert_eq!(
            ClassWeight::Balanced.weights(&y).unwrap().to_vec(),
            [2.0, 2.0 / 3.0, 2.0 / 3.0, 2.0 / 3.0]
        );
        assert!(ClassWeight::Given(1.0, -1.0).weights(&y).is_err());
    }

    #[test]
    fn splits_keep_proportions_cover_everything_and_repeat() {
        let y = Array1::from_shape_fn(569, |i| f64::from(i % 8 < 3));
        let split = stratified_split(&y, 0.3, 0).unwrap();
        assert_eq!(split.test.len(), 171);
        let rate = |part: &[usize]| part.iter().map(|&i| y[i]).sum::<f64>() / part.len() as f64;
        assert!((rate(&split.test) - rate(&split.train)).abs() < 0.01);
        let mut all = [split.train.clone(), split.test.clone()].concat();
        all.sort_unstable();
        assert_eq!(all, (0..569).collect::<Vec<_>>());
        assert_eq!(split, stratified_split(&y, 0.3, 0).unwrap());
        assert_ne!(split, stratified_split(&y, 0.3, 1).unwrap());
        assert!(stratified_split(&y, 0.001, 0).is_err());
        assert!(stratified_split(&y, 1.0, 0).is_err());

        let folds = stratified_folds(&y, 5, 3);
        let mut tested: Vec<usize> = folds.iter().flat_map(|fold| fold.test.clone()).collect();
        tested.sort_unstable();
        assert_eq!(tested, (0..569).collect::<Vec<_>>());
        for fold in &folds {
            assert!((rate(&fold.test) - rate(&fold.train)).abs() < 0.02);
        }
    }
}
