//! Class labels: encoding, weights, and splits that keep their proportions.

use fhe_head::{Error, Result, Samples};
use ndarray::Array1;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
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

/// Indices of a training and a test part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Split {
    /// Training samples.
    pub train: Vec<usize>,
    /// Test samples.
    pub test: Vec<usize>,
}

/// Shuffles alike on every machine.
fn shuffle(indices: &mut [usize], rng: &mut ChaCha20Rng) {
    for i in (1..indices.len()).rev() {
        // the bias of the remainder is below 2^-40 for any data that fits into memory
        let j = (rng.next_u64() % (i as u64 + 1)) as usize;
        indices.swap(i, j);
    }
}

/// The samples in the order in which a training with so many mini-batches takes them: shuffled if there are several.
pub fn shuffled(samples: Samples, batches: usize, random_state: u64) -> Samples {
    if batches == 1 {
        return samples;
    }
    let mut order: Vec<usize> = (0..samples.len()).collect();
    shuffle(&mut order, &mut ChaCha20Rng::seed_from_u64(random_state));
    samples.select(&order)
}

/// The samples of each class, shuffled.
fn shuffled_classes(y: &Array1<f64>, rng: &mut ChaCha20Rng) -> Vec<Vec<usize>> {
    let classes = y.fold(1.0, |max: f64, y| max.max(*y)) as usize + 1;
    let members = |class: usize| {
        let mut members: Vec<usize> = (0..y.len()).filter(|&i| y[i] == class as f64).collect();
        shuffle(&mut members, rng);
        members
    };
    (0..classes).map(members).collect()
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
    let counts = proportional(&classes, test_size);
    let mut split = Split { train: Vec::new(), test: Vec::new() };
    for (members, count) in classes.iter().zip(counts) {
        if count == 0 || count >= members.len() {
            let sizes: Vec<String> = classes.iter().map(|members| members.len().to_string()).collect();
            return refuse(format!(
                "a fraction that leaves members of every class on both sides (there are {})",
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

/// How many of each class make `ceil(share n)`: rounded down, the rest to the largest remainders.
fn proportional(classes: &[Vec<usize>], share: f64) -> Vec<usize> {
    let samples: usize = classes.iter().map(Vec::len).sum();
    let total = (share * samples as f64).ceil() as usize;
    let exact: Vec<f64> =
        classes.iter().map(|members| (total * members.len()) as f64 / samples as f64).collect();
    let mut counts: Vec<usize> = exact.iter().map(|exact| exact.floor() as usize).collect();
    let mut order: Vec<usize> = (0..counts.len()).collect();
    order.sort_by(|&a, &b| exact[b].fract().total_cmp(&exact[a].fract()));
    let missing = total.saturating_sub(counts.iter().sum());
    order.into_iter().take(missing).for_each(|class| counts[class] += 1);
    counts
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

        let three = Array1::from_shape_fn(100, |i| f64::from(i as u32 % 10).min(2.0));
        let split = stratified_split(&three, 0.2, 0).unwrap();
        let count = |class: f64| split.test.iter().filter(|&&i| three[i] == class).count();
        assert_eq!([0.0, 1.0, 2.0].map(count), [2, 2, 16]);

        let folds = stratified_folds(&y, 5, 3);
        let mut tested: Vec<usize> = folds.iter().flat_map(|fold| fold.test.clone()).collect();
        tested.sort_unstable();
        assert_eq!(tested, (0..569).collect::<Vec<_>>());
        for fold in &folds {
            assert!((rate(&fold.test) - rate(&fold.train)).abs() < 0.02);
        }
    }
}
