//! The data of a classifier, checked, and its folds.

use ndarray::{Array2, ArrayView1, ArrayView2, Axis};

use crate::error::{Error, Result};
use crate::features::{FeatureMap, Preprocessing};
use crate::labels::stratified_folds;
use crate::samples::{Samples, check_weights};

const FOLDS: usize = 3;
/// Samples beyond this number do not change the choice, and cost time.
const SAMPLE_LIMIT: usize = 3000;

/// Raw data.
#[derive(Clone, Copy)]
pub(super) struct Data<'a> {
    pub(super) x: ArrayView2<'a, f64>,
    pub(super) y: ArrayView1<'a, f64>,
    pub(super) weights: ArrayView1<'a, f64>,
    pub(super) classes: usize,
    /// Directions that whitening keeps at most.
    pub(super) components: Option<usize>,
}

impl Data<'_> {
    /// Features that the map gives at most.
    pub(super) fn limit(&self, preprocessing: Preprocessing) -> usize {
        preprocessing.kept(self.x.ncols(), self.components)
    }

    pub(super) fn folds(&self, random_state: u64) -> Vec<(Vec<usize>, Vec<usize>)> {
        let step = self.y.len().div_ceil(SAMPLE_LIMIT);
        let shrink = |part: Vec<usize>| part.into_iter().step_by(step).collect();
        stratified_folds(&self.y.to_owned(), FOLDS, random_state)
            .into_iter()
            .map(|split| (shrink(split.train), shrink(split.test)))
            .collect()
    }

    /// The map of the training part, and both parts behind it.
    pub(super) fn fold(
        &self,
        train: &[usize],
        test: &[usize],
        preprocessing: Preprocessing,
    ) -> Result<(FeatureMap, Samples, Samples)> {
        let rows = |part: &[usize]| self.x.select(Axis(0), part);
        let pick = |v: &ArrayView1<'_, f64>, part: &[usize]| v.select(Axis(0), part);
        let (x, weights) = (rows(train), pick(&self.weights, train));
        let map = FeatureMap::fit(&x.view(), &weights.view(), preprocessing, self.limit(preprocessing))?;
        let samples = |x: Array2<f64>, part: &[usize]| {
            let (y, weights) = (pick(&self.y, part), pick(&self.weights, part));
            Samples::new(&map.apply(&x.view())?.view(), &y.view(), &weights.view())
        };
        let (train, test) = (samples(x, train)?, samples(rows(test), test)?);
        Ok((map, train, test))
    }
}
/// Number of samples of each class.
pub(super) fn check(
    x: &ArrayView2<'_, f64>,
    y: &ArrayView1<'_, f64>,
    sample_weight: &ArrayView1<'_, f64>,
    classes: usize,
) -> Result<Vec<usize>> {
    if x.nrows() != y.len() {
        return Err(Error::Shape { what: "labels", expected: x.nrows(), got: y.len() });
    }
    if x.ncols() == 0 {
        return Err(Error::Data("there are no features".into()));
    }
    check_weights(sample_weight, x.nrows())?;
    let (mut counts, mut effective) = (vec![0usize; classes], vec![0usize; classes]);
    for (i, (&label, &weight)) in y.iter().zip(sample_weight).enumerate() {
        let class = label as usize;
        if !(label.fract() == 0.0 && label >= 0.0 && class < classes) {
            return Err(Error::Data(format!("label {label} of sample {i} is not a class below {classes}")));
        }
        counts[class] += 1;
        effective[class] += usize::from(weight > 0.0);
    }
    match effective.iter().position(|&count| count < FOLDS) {
        None => Ok(counts),
        Some(class) => Err(Error::Data(format!(
            "class {class} has {} training samples{}: it needs at least {FOLDS}; merge it with another or leave it out",
            effective[class],
            if effective[class] < counts[class] { " with a weight above 0" } else { "" }
        ))),
    }
}
