//! A data set in memory and its splits into training and test samples.

use head_fit::stratified_folds;
use ndarray::{Array1, Array2, Axis};

/// Samples of a classification task.
#[derive(Clone, Debug)]
pub(crate) struct Samples {
    /// One row for each sample, one column for each feature.
    pub(crate) x: Array2<f64>,
    /// The index of each sample's class.
    pub(crate) y: Vec<usize>,
}

impl Samples {
    /// A copy of the given rows.
    pub(crate) fn select(&self, rows: &[usize]) -> Self {
        Self { x: self.x.select(Axis(0), rows), y: rows.iter().map(|&row| self.y[row]).collect() }
    }

    /// Keeps at most `count` samples, evenly spaced.
    pub(crate) fn thin(&mut self, count: usize) {
        if count < self.len() {
            *self = self.select(&evenly_spaced(self.len(), count));
        }
    }

    /// Number of samples.
    pub(crate) fn len(&self) -> usize {
        self.y.len()
    }
}

/// `count` evenly spaced indices below `n`; all of them if `count` is larger.
pub(super) fn evenly_spaced(n: usize, count: usize) -> Vec<usize> {
    (0..count.min(n)).map(|i| i * n / count).collect()
}

/// Training samples, and test samples that the training does not see.
#[derive(Clone, Debug)]
pub(crate) struct Split {
    pub(crate) train: Samples,
    pub(crate) test: Samples,
}

/// A data set in memory.
#[derive(Clone, Debug)]
pub(crate) struct Dataset {
    /// Names of the classes; a label is an index into them.
    pub(crate) classes: Vec<String>,
    pub(super) division: Division,
}

/// How a data set is divided into training and test samples.
#[derive(Clone, Debug)]
pub(super) enum Division {
    /// The split that its authors publish.
    Published(Split),
    /// Cross-validation.
    Folds { samples: Samples, folds: usize },
}

impl Dataset {
    /// The splits for a seed: the published one, which is the same for every seed, or one for each fold, so that every sample is tested
    /// once.
    pub(crate) fn splits(&self, seed: u64) -> Vec<Split> {
        match &self.division {
            Division::Published(split) => vec![split.clone()],
            Division::Folds { samples, folds } => folds_of(&samples.y, self.classes.len(), *folds, seed)
                .iter()
                .map(|fold| Split { train: samples.select(&fold.train), test: samples.select(&fold.test) })
                .collect(),
        }
    }
}

/// Indices of the training and test samples of one fold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Fold {
    pub(crate) train: Vec<usize>,
    pub(crate) test: Vec<usize>,
}

/// Stratified folds: each class is dealt to the folds separately, so that every fold has the proportions of the whole set.
pub(crate) fn folds_of(y: &[usize], classes: usize, folds: usize, seed: u64) -> Vec<Fold> {
    let mut all = vec![Fold::default(); folds];
    for class in 0..classes {
        let members: Vec<usize> = (0..y.len()).filter(|&i| y[i] == class).collect();
        let dealt = stratified_folds(&Array1::zeros(members.len()), folds, seed);
        for (fold, split) in all.iter_mut().zip(dealt) {
            fold.train.extend(split.train.iter().map(|&i| members[i]));
            fold.test.extend(split.test.iter().map(|&i| members[i]));
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folds_test_every_sample_once_and_keep_proportions() {
        let y: Vec<usize> = (0..300).map(|i| usize::from(i % 10 == 0) + usize::from(i % 3 == 0)).collect();
        let folds = folds_of(&y, 3, 5, 7);
        let mut tested: Vec<usize> = folds.iter().flat_map(|fold| fold.test.clone()).collect();
        tested.sort_unstable();
        assert_eq!(tested, (0..300).collect::<Vec<_>>());
        for class in 0..3 {
            let all = y.iter().filter(|&&label| label == class).count() as f64;
            for fold in &folds {
                let share = fold.test.iter().filter(|&&i| y[i] == class).count() as f64 / all;
                assert!((share - 0.2).abs() < 0.1, "class {class}: {share}");
                assert!(fold.test.iter().all(|i| !fold.train.contains(i)));
            }
        }
        assert_ne!(folds, folds_of(&y, 3, 5, 8));
    }
}
