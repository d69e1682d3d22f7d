//! Data sets by manifest: found, checked against their digests, embedded if they are texts.

mod embed;
mod joined;
mod list;
mod manifest;
mod place;
mod published;
mod table;

pub(crate) use embed::Embedder;
pub(crate) use list::{Arguments, run};
pub(crate) use manifest::{Entry, Manifest};
pub(crate) use place::{Place, default_cache, default_model};

use fhe_head::labels::stratified_folds;
use ndarray::{Array1, Array2, Axis};

/// Samples of a task: features with the number of each one's class.
#[derive(Clone, Debug)]
pub(crate) struct Samples {
    pub(crate) x: Array2<f64>,
    pub(crate) y: Vec<usize>,
}

impl Samples {
    /// Some of the samples.
    pub(crate) fn select(&self, rows: &[usize]) -> Self {
        Self { x: self.x.select(Axis(0), rows), y: rows.iter().map(|&row| self.y[row]).collect() }
    }

    /// Keeps `count` samples at most, evenly spread.
    pub(crate) fn thin(&mut self, count: usize) {
        if count < self.len() {
            *self = self.select(&spread(self.len(), count));
        }
    }

    /// Scales every sample to unit norm.
    pub(crate) fn normalize(&mut self) {
        for mut sample in self.x.rows_mut() {
            let norm = sample.dot(&sample).sqrt();
            if norm > 0.0 {
                sample /= norm;
            }
        }
    }

    /// Number of samples.
    pub(crate) fn len(&self) -> usize {
        self.y.len()
    }
}

/// `count` of the numbers below `n`, evenly spread.
fn spread(n: usize, count: usize) -> Vec<usize> {
    (0..count.min(n)).map(|i| i * n / count).collect()
}

/// Training samples, and samples that the head has not seen.
#[derive(Clone, Debug)]
pub(crate) struct Split {
    pub(crate) train: Samples,
    pub(crate) test: Samples,
}

/// A data set in memory.
#[derive(Clone, Debug)]
pub(crate) struct Dataset {
    /// Names of the classes, in order.
    pub(crate) classes: Vec<String>,
    parts: Parts,
}

#[derive(Clone, Debug)]
enum Parts {
    Published(Split),
    Folds(Samples, usize),
}

impl Dataset {
    /// The splits of a seed: the published one, or all folds, each sample tested once.
    pub(crate) fn splits(&self, seed: u64) -> Vec<Split> {
        match &self.parts {
            Parts::Published(split) => vec![split.clone()],
            Parts::Folds(samples, folds) => folds_of(&samples.y, self.classes.len(), *folds, seed)
                .into_iter()
                .map(|(train, test)| Split { train: samples.select(&train), test: samples.select(&test) })
                .collect(),
        }
    }
}

/// Folds that keep the proportions of all classes: each class is dealt by itself.
pub(crate) fn folds_of(
    y: &[usize],
    classes: usize,
    folds: usize,
    seed: u64,
) -> Vec<(Vec<usize>, Vec<usize>)> {
    let mut parts = vec![(Vec::new(), Vec::new()); folds];
    for class in 0..classes {
        let members: Vec<usize> = (0..y.len()).filter(|&i| y[i] == class).collect();
        let dealt = stratified_folds(&Array1::zeros(members.len()), folds, seed);
        for (part, split) in parts.iter_mut().zip(dealt) {
            part.0.extend(split.train.iter().map(|&i| members[i]));
            part.1.extend(split.test.iter().map(|&i| members[i]));
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folds_test_every_sample_once_and_keep_proportions() {
        let y: Vec<usize> = (0..300).map(|i| usize::from(i % 10 == 0) + usize::from(i % 3 == 0)).collect();
        let folds = folds_of(&y, 3, 5, 7);
        let mut tested: Vec<usize> = folds.iter().flat_map(|(_, test)| test.clone()).collect();
        tested.sort_unstable();
        assert_eq!(tested, (0..300).collect::<Vec<_>>());
        for class in 0..3 {
            let all = y.iter().filter(|&&label| label == class).count() as f64;
            for (train, test) in &folds {
                let share = test.iter().filter(|&&i| y[i] == class).count() as f64 / all;
                assert!((share - 0.2).abs() < 0.1, "class {class}: {share}");
                assert!(test.iter().all(|i| !train.contains(i)));
            }
        }
        assert_ne!(folds, folds_of(&y, 3, 5, 8));
    }
}
