//! Labelled samples to fit on, checked.

use fhe_head::{Error, Result, check_weights};
use ndarray::{Array1, Array2, ArrayView1, ArrayView2, Axis};

use crate::features::{FeatureMap, Preprocessing};
use crate::labels::{ClassWeight, Split, stratified_folds};
use fhe_head::Samples;

/// Samples, labels as class indices, and sample weights.
#[derive(Clone, Debug)]
pub struct Data<'a> {
    x: ArrayView2<'a, f64>,
    y: ArrayView1<'a, f64>,
    classes: usize,
    weights: Array1<f64>,
}

impl<'a> Data<'a> {
    /// Samples (rows) with labels `0 .. classes`, each counting the same. There are as many classes as the largest label says, at
    /// least two.
    ///
    /// # Errors
    /// [`Error::Shape`] if the numbers of samples and labels differ; [`Error::Data`] without features or samples, or on a label that is
    /// no class index.
    #[expect(clippy::needless_pass_by_value, reason = "views are handles")]
    pub fn new(x: ArrayView2<'a, f64>, y: ArrayView1<'a, f64>) -> Result<Self> {
        /// More classes than a table of one output each could hold in memory.
        const MOST_CLASSES: f64 = 65536.0;
        if x.nrows() != y.len() {
            return Err(Error::Shape { what: "labels", expected: x.nrows(), got: y.len() });
        }
        if x.ncols() == 0 {
            return Err(Error::Data("there are no features".into()));
        }
        if x.nrows() == 0 {
            return Err(Error::Data("there are no samples".into()));
        }
        let bad = y.iter().enumerate().find(|(_, y)| !(y.fract() == 0.0 && (0.0..MOST_CLASSES).contains(*y)));
        if let Some((i, label)) = bad {
            return Err(Error::Data(format!("label {label} of sample {i} is not a class index")));
        }
        let classes = (y.fold(1.0, |max: f64, y| max.max(*y)) as usize) + 1;
        Ok(Self { x, y, classes, weights: Array1::ones(y.len()) })
    }

    /// The same samples, each counting as often as its weight says (scikit-learn's `sample_weight`). Weights are relative, and multiply
    /// those of the classes. The compute party sees none of them.
    ///
    /// # Errors
    /// [`Error::Shape`] on another number of weights; [`Error::Parameter`] on a weight that is negative or not finite, or if all are
    /// zero.
    #[expect(clippy::needless_pass_by_value, reason = "views are handles")]
    pub fn weighted(self, sample_weight: ArrayView1<'_, f64>) -> Result<Self> {
        check_weights(&sample_weight, self.y.len())?;
        Ok(Self { weights: sample_weight.to_owned(), ..self })
    }

    /// The same samples of a problem with more classes than occur in them.
    ///
    /// # Errors
    /// [`Error::Data`] if a label is not below `classes`.
    pub fn with_classes(self, classes: usize) -> Result<Self> {
        if classes < self.classes {
            let label = self.classes - 1;
            return Err(Error::Data(format!("label {label} is not a class below {classes}")));
        }
        Ok(Self { classes, ..self })
    }

    /// Features: samples by features.
    pub fn features(&self) -> ArrayView2<'a, f64> {
        self.x
    }

    /// Labels.
    pub fn labels(&self) -> ArrayView1<'a, f64> {
        self.y
    }

    /// Weights of the samples.
    pub(crate) fn weights(&self) -> ArrayView1<'_, f64> {
        self.weights.view()
    }

    /// Number of classes.
    pub fn classes(&self) -> usize {
        self.classes
    }

    /// Number of samples.
    pub fn len(&self) -> usize {
        self.y.len()
    }

    /// Whether there is no sample. Never true.
    pub fn is_empty(&self) -> bool {
        self.y.is_empty()
    }

    /// Weights of the samples: their own times those of their classes.
    ///
    /// # Errors
    /// Those of [`ClassWeight::weights`].
    pub fn sample_weights(&self, class_weight: ClassWeight) -> Result<Array1<f64>> {
        Ok(class_weight.weights(&self.y.to_owned())? * &self.weights)
    }

    /// The same samples with the weights of their classes in them.
    pub(crate) fn with_class_weight(&self, class_weight: ClassWeight) -> Result<Self> {
        Ok(Self { weights: self.sample_weights(class_weight)?, ..self.clone() })
    }

    /// Refuses data with too few samples of a class, or too few that count.
    pub(crate) fn expect_members(&self, least: usize) -> Result<()> {
        let (mut counts, mut effective) = (vec![0usize; self.classes], vec![0usize; self.classes]);
        for (&label, &weight) in self.y.iter().zip(&self.weights) {
            counts[label as usize] += 1;
            effective[label as usize] += usize::from(weight > 0.0);
        }
        let Some(class) = effective.iter().position(|&count| count < least) else { return Ok(()) };
        let weighted = |fewer: bool| if fewer { " with a weight above 0" } else { "" };
        if let [negatives, positives] = effective[..] {
            let weighted = weighted(negatives + positives < self.len());
            return Err(Error::Data(format!(
                "{negatives} samples of one class and {positives} of the other{weighted}: training needs at least {least} of each"
            )));
        }
        let weighted = weighted(effective[class] < counts[class]);
        Err(Error::Data(format!(
            "class {class} has {} training samples{weighted}: it needs at least {least}; merge it with another or leave it out",
            effective[class]
        )))
    }

    /// Fits a map on all samples, and maps them.
    pub(crate) fn mapped(
        &self,
        preprocessing: Preprocessing,
        n_components: Option<usize>,
    ) -> Result<(FeatureMap, Samples)> {
        let limit = n_components.unwrap_or(usize::MAX);
        let map = FeatureMap::fit(&self.x, &self.weights.view(), preprocessing, limit)?;
        let samples = Samples::new(&map.apply(&self.x)?.view(), &self.y, &self.weights.view())?;
        Ok((map, samples))
    }

    /// Splits for a choice: stratified folds, of at most `limit` samples in all (more do not change the choice, and cost time), and
    /// several times over where samples are few, since there chance decides between methods.
    pub(crate) fn splits(&self, folds: usize, limit: usize, random_state: u64) -> Vec<Split> {
        const ENOUGH: usize = 1200;
        const MOST_REPEATS: usize = 4;
        let repeats = (ENOUGH / self.len().max(1)).clamp(1, MOST_REPEATS) as u64;
        // every n-th sample of parts that keep proportions keeps them too
        let step = self.len().div_ceil(limit);
        let thin = |part: &[usize]| part.iter().copied().step_by(step).collect();
        let y = self.y.to_owned();
        let repeat = |k: u64| stratified_folds(&y, folds, random_state.wrapping_add(k));
        let splits = (0..repeats).flat_map(repeat);
        splits.map(|split| Split { train: thin(&split.train), test: thin(&split.test) }).collect()
    }

    /// The parts of a split behind each of these maps, fitted on the training part.
    pub(crate) fn folds(
        &self,
        split: &Split,
        maps: &[Preprocessing],
        n_components: Option<usize>,
    ) -> Result<Vec<Fold>> {
        let weights = |part: &[usize]| self.weights.select(Axis(0), part);
        let x = |part: &[usize]| self.x.select(Axis(0), part);
        let limit = n_components.unwrap_or(usize::MAX);
        let (train, test) = (x(&split.train), x(&split.test));
        let fitted = FeatureMap::fit_all(&train.view(), &weights(&split.train).view(), maps, limit)?;
        let fold = |map: FeatureMap| {
            let samples = |x: &Array2<f64>, part: &[usize]| {
                let y = self.y.select(Axis(0), part);
                Samples::new(&map.apply(&x.view())?.view(), &y.view(), &weights(part).view())
            };
            let (train, test) = (samples(&train, &split.train)?, samples(&test, &split.test)?);
            Ok(Fold { map, train, test })
        };
        fitted.into_iter().map(fold).collect()
    }
}

/// Training and held-out samples behind one map.
pub(crate) struct Fold {
    pub(crate) map: FeatureMap,
    pub(crate) train: Samples,
    pub(crate) test: Samples,
}
