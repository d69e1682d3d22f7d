//! Samples behind feature maps: all of them, and the parts of splits.

use fhe_head::{Result, Samples};
use ndarray::{Array2, Axis, concatenate, s};

use super::labelled::Data;
use crate::features::{FeatureMap, Preprocessing, in_span};
use crate::labels::{Split, Targets, folds_of_strata, folds_of_targets, group_count};

/// Training and held-out samples behind one map.
pub(crate) struct Fold {
    pub(crate) map: FeatureMap,
    pub(crate) train: Samples,
    pub(crate) test: Samples,
}

impl Fold {
    /// The same for linear trainings from zero: wide samples in the span of those that are trained on ([`in_span`]).
    pub(crate) fn for_linear(self) -> Result<Self> {
        let Self { map, train, test } = self;
        if train.features().ncols() <= train.len() {
            return Ok(Self { map, train, test });
        }
        // without the constant one, which is added again
        let features = |samples: &Samples| samples.features().slice(s![.., ..-1]).to_owned();
        let (x, of_test) = in_span(features(&train), features(&test));
        let samples =
            |x: &Array2<f64>, of: &Samples| Samples::with_labels(&x.view(), &of.labels(), &of.weights());
        Ok(Self { map, train: samples(&x, &train)?, test: samples(&of_test, &test)? })
    }
}

/// How often the folds of so many samples are drawn.
fn repeats(samples: usize) -> usize {
    const ENOUGH: usize = 1200;
    const MOST_REPEATS: usize = 4;
    (ENOUGH / samples.max(1)).clamp(1, MOST_REPEATS)
}

/// The number of splits that [`Data::splits`] gives for so many samples, and the samples of both parts of each, at most.
pub(crate) fn splits_of(folds: usize, samples: usize, limit: usize) -> (usize, usize) {
    let step = samples.div_ceil(limit.max(1)).max(1);
    (folds.saturating_mul(repeats(samples)), samples.div_ceil(step))
}

impl Data<'_> {
    /// Fits a map on all samples, unless one is given, and maps them.
    pub(crate) fn mapped(
        &self,
        preprocessing: Preprocessing,
        n_components: Option<usize>,
    ) -> Result<(FeatureMap, Samples)> {
        let map = self.fitted(&[preprocessing], n_components)?.remove(0);
        let samples = self.behind_map(&map)?;
        Ok((map, samples))
    }

    /// These maps, fitted on all samples in one pass; the given one in the place of each if there is one.
    pub(crate) fn fitted(
        &self,
        maps: &[Preprocessing],
        n_components: Option<usize>,
    ) -> Result<Vec<FeatureMap>> {
        if let Some(given) = &self.map {
            return Ok(vec![given.clone(); maps.len()]);
        }
        let classes = self.classes().map(|_| self.class_indices());
        let limit = n_components.unwrap_or(usize::MAX);
        FeatureMap::fit_all(&self.x, &self.weights.view(), classes.as_ref(), maps, limit)
    }

    /// All samples behind a map.
    pub(crate) fn behind_map(&self, map: &FeatureMap) -> Result<Samples> {
        Samples::with_labels(&map.apply(&self.x)?.view(), &self.y.view(), &self.weights.view())
    }

    /// Splits for a choice: stratified folds of whole groups, with at most `limit` samples in all, since more cost time and do not change
    /// the choice. Where samples are few, chance would decide between methods; the folds are then drawn several times.
    ///
    /// # Errors
    /// None for groups that [`Self::grouped`] took.
    pub(crate) fn splits(&self, folds: usize, limit: usize, random_state: u64) -> Result<Vec<Split>> {
        let repeats = repeats(self.len()) as u64;
        // every n-th sample of parts that keep proportions keeps them too
        let step = self.len().div_ceil(limit);
        let thin = |part: &[usize]| part.iter().copied().step_by(step).collect();
        let repeat = |k: u64| self.stratified_folds(folds, random_state.wrapping_add(k));
        let splits: Vec<Vec<Split>> = (0..repeats).map(repeat).collect::<Result<_>>()?;
        let splits = splits.into_iter().flatten();
        Ok(splits.map(|split| Split { train: thin(&split.train), test: thin(&split.test) }).collect())
    }

    fn stratified_folds(&self, folds: usize, random_state: u64) -> Result<Vec<Split>> {
        if let Some(groups) = &self.groups {
            // few groups make fewer folds
            let folds = folds.min(group_count(groups));
            return folds_of_strata(&self.strata().view(), groups, folds, random_state);
        }
        Ok(folds_of_targets(self.targets, &self.y.view(), folds, random_state))
    }

    /// What splits keep the proportions of: classes, labels and all samples, or all samples. A row of zeros and ones for each sample.
    fn strata(&self) -> Array2<f64> {
        let all = Array2::ones((self.len(), 1));
        match self.targets {
            Targets::Classes(classes) => {
                let y = self.class_indices();
                Array2::from_shape_fn((self.len(), classes), |(i, k)| f64::from(u8::from(y[i] == k as f64)))
            }
            Targets::Labels(_) => concatenate![Axis(1), self.y.view(), all],
            Targets::Numbers(_) => all,
        }
    }

    /// The parts of a split behind each of these maps, fitted on the training part.
    pub(crate) fn folds(
        &self,
        split: &Split,
        maps: &[Preprocessing],
        n_components: Option<usize>,
    ) -> Result<Vec<Fold>> {
        self.folds_behind(&split.train, split, maps, n_components)
    }

    /// As [`Self::folds`], for trainings on other samples than those that the map is fitted on: a map of one half of the training part,
    /// and a training on the other. `first` says which half.
    ///
    /// A whitening removes the correlations of the samples that it is fitted on, noise and all, and leaves those of other samples as large
    /// as its estimate is uncertain. A ridge that serves the former is too small for the latter.
    pub(crate) fn folds_apart(
        &self,
        split: &Split,
        first: bool,
        maps: &[Preprocessing],
        n_components: Option<usize>,
    ) -> Result<Vec<Fold>> {
        // every second sample of a part that keeps proportions keeps them too
        let half = |skipped: bool| {
            split.train.iter().copied().skip(usize::from(skipped)).step_by(2).collect::<Vec<_>>()
        };
        let trained = Split { train: half(first), test: split.test.clone() };
        self.folds_behind(&half(!first), &trained, maps, n_components)
    }

    /// The parts of a split behind each of these maps, fitted on the samples of `fitted_on` unless one is given.
    fn folds_behind(
        &self,
        fitted_on: &[usize],
        split: &Split,
        maps: &[Preprocessing],
        n_components: Option<usize>,
    ) -> Result<Vec<Fold>> {
        let weights = |part: &[usize]| self.weights.select(Axis(0), part);
        let x = |part: &[usize]| self.x.select(Axis(0), part);
        let limit = n_components.unwrap_or(usize::MAX);
        let (train, test) = (x(&split.train), x(&split.test));
        let fit = || {
            let classes = self.classes().map(|_| self.class_indices().select(Axis(0), fitted_on));
            let classes = classes.as_ref().map(|classes| classes.view());
            let weights = weights(fitted_on);
            FeatureMap::fit_all(&x(fitted_on).view(), &weights.view(), classes.as_ref(), maps, limit)
        };
        let fitted = match &self.map {
            Some(given) => vec![given.clone()],
            None => fit()?,
        };
        let fold = |map: FeatureMap| {
            let samples = |x: &Array2<f64>, part: &[usize]| {
                let y = self.y.select(Axis(0), part);
                Samples::with_labels(&map.apply(&x.view())?.view(), &y.view(), &weights(part).view())
            };
            let (train, test) = (samples(&train, &split.train)?, samples(&test, &split.test)?);
            Ok(Fold { map, train, test })
        };
        fitted.into_iter().map(fold).collect()
    }
}
