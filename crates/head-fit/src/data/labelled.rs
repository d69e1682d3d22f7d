//! Labelled samples to fit on, checked.

use fhe_head::{Error, Result, check_weights};
use ndarray::{Array1, ArrayView1, ArrayView2, Axis, CowArray, Ix2};

use crate::features::FeatureMap;
use crate::labels::{ClassWeight, Targets, group_count};
use crate::units::TargetUnits;

/// Samples, their labels, and sample weights.
#[derive(Clone, Debug)]
pub struct Data<'a> {
    pub(super) x: ArrayView2<'a, f64>,
    /// Samples by columns, whose meaning `targets` says.
    pub(super) y: CowArray<'a, f64, Ix2>,
    pub(super) targets: Targets,
    pub(super) weights: Array1<f64>,
    /// The group of each sample, if groups stay whole in splits.
    pub(super) groups: Option<Vec<usize>>,
    /// The feature map, if it is not fitted on the samples.
    pub(super) map: Option<FeatureMap>,
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
        let bad = y.iter().enumerate().find(|(_, y)| !(y.fract() == 0.0 && (0.0..MOST_CLASSES).contains(*y)));
        if let Some((i, label)) = bad {
            return Err(Error::Data(format!("label {label} of sample {i} is not a class index")));
        }
        let classes = (y.fold(1.0, |max: f64, y| max.max(*y)) as usize) + 1;
        Self::checked(x, y.insert_axis(Axis(1)), Targets::Classes(classes))
    }

    /// Samples (rows) with any number of labels: `y` holds a row of zeros and ones for each sample.
    ///
    /// # Errors
    /// As [`Self::new`]; [`Error::Data`] on another number than 0 and 1.
    #[expect(clippy::needless_pass_by_value, reason = "views are handles")]
    pub fn multi_label(x: ArrayView2<'a, f64>, y: ArrayView2<'a, f64>) -> Result<Self> {
        if let Some(((i, label), value)) = y.indexed_iter().find(|(_, y)| **y != 0.0 && **y != 1.0) {
            return Err(Error::Data(format!("label {label} of sample {i} is {value}, neither 0 nor 1")));
        }
        Self::checked(x, y, Targets::Labels(y.ncols()))
    }

    /// Samples (rows) with numbers to predict: samples by numbers.
    ///
    /// # Errors
    /// As [`Self::new`]; [`Error::Data`] on a number that is not finite.
    #[expect(clippy::needless_pass_by_value, reason = "views are handles")]
    pub fn regression(x: ArrayView2<'a, f64>, y: ArrayView2<'a, f64>) -> Result<Self> {
        if let Some(((i, k), value)) = y.indexed_iter().find(|(_, y)| !y.is_finite()) {
            return Err(Error::Data(format!(
                "number {k} of sample {i} is {value}: every one must be finite"
            )));
        }
        Self::checked(x, y, Targets::Numbers(y.ncols()))
    }

    #[expect(clippy::needless_pass_by_value, reason = "views are handles")]
    fn checked(x: ArrayView2<'a, f64>, y: ArrayView2<'a, f64>, targets: Targets) -> Result<Self> {
        if x.nrows() != y.nrows() {
            return Err(Error::Shape { what: "labels", expected: x.nrows(), got: y.nrows() });
        }
        if x.ncols() == 0 {
            return Err(Error::Data("there are no features".into()));
        }
        if x.nrows() == 0 {
            return Err(Error::Data("there are no samples".into()));
        }
        if y.ncols() == 0 {
            return Err(Error::Data("there is nothing to predict: the labels have no column".into()));
        }
        Ok(Self { x, weights: Array1::ones(y.nrows()), y: y.into(), targets, groups: None, map: None })
    }

    /// The same samples, each counting as often as its weight says (scikit-learn's `sample_weight`). Weights are relative, and multiply
    /// those of the classes. The compute party sees none of them.
    ///
    /// # Errors
    /// [`Error::Shape`] on another number of weights; [`Error::Parameter`] on a weight that is negative or not finite, or if all are
    /// zero.
    #[expect(clippy::needless_pass_by_value, reason = "views are handles")]
    pub fn weighted(self, sample_weight: ArrayView1<'_, f64>) -> Result<Self> {
        check_weights(&sample_weight, self.len())?;
        Ok(Self { weights: sample_weight.to_owned(), ..self })
    }

    /// The same samples in groups, say of one patient each: the samples of a group, which tell about each other, stay together in every
    /// fold of the cross-validation.
    ///
    /// # Errors
    /// [`Error::Shape`] on another number of groups; [`Error::Data`] on fewer than two.
    pub fn grouped(self, groups: &[usize]) -> Result<Self> {
        if groups.len() != self.len() {
            return Err(Error::Shape { what: "groups", expected: self.len(), got: groups.len() });
        }
        if group_count(groups) < 2 {
            return Err(Error::Data(
                "all samples are of one group: cross-validation needs another to test on".into(),
            ));
        }
        Ok(Self { groups: Some(groups.to_vec()), ..self })
    }

    /// The same samples behind a feature map that was made elsewhere: from public constants, or from sums over the samples of several
    /// parties. Whatever is chosen is chosen behind this map.
    ///
    /// # Errors
    /// [`Error::Shape`] if the map is for another number of features.
    pub fn behind(self, map: &FeatureMap) -> Result<Self> {
        if map.inputs() != self.x.ncols() {
            return Err(Error::Shape { what: "features", expected: map.inputs(), got: self.x.ncols() });
        }
        Ok(Self { map: Some(map.clone()), ..self })
    }

    /// The feature map to which the samples are bound, if it is not fitted on them.
    pub(crate) fn given_map(&self) -> Option<&FeatureMap> {
        self.map.as_ref()
    }

    /// The same samples of a problem with more classes than occur in them.
    ///
    /// # Errors
    /// [`Error::Data`] if a label is not below `classes`, or the samples have no classes.
    pub fn with_classes(self, classes: usize) -> Result<Self> {
        match self.targets {
            Targets::Classes(found) if found <= classes => {
                Ok(Self { targets: Targets::Classes(classes), ..self })
            }
            Targets::Classes(found) => {
                Err(Error::Data(format!("label {} is not a class below {classes}", found - 1)))
            }
            other => Err(Error::Data(format!("{} have no classes", other.described()))),
        }
    }

    /// Features: samples by features.
    pub fn features(&self) -> ArrayView2<'a, f64> {
        self.x
    }

    /// Labels: samples by columns.
    pub fn labels(&self) -> ArrayView2<'_, f64> {
        self.y.view()
    }

    /// What the labels mean.
    pub fn targets(&self) -> Targets {
        self.targets
    }

    /// The class index of each sample.
    pub(crate) fn class_indices(&self) -> ArrayView1<'_, f64> {
        self.y.column(0)
    }

    /// Weights of the samples.
    pub(crate) fn weights(&self) -> ArrayView1<'_, f64> {
        self.weights.view()
    }

    /// Number of classes, if the samples have one each.
    pub fn classes(&self) -> Option<usize> {
        match self.targets {
            Targets::Classes(classes) => Some(classes),
            Targets::Labels(_) | Targets::Numbers(_) => None,
        }
    }

    /// Number of samples.
    pub fn len(&self) -> usize {
        self.y.nrows()
    }

    /// Whether there is no sample. Never true.
    pub fn is_empty(&self) -> bool {
        self.y.nrows() == 0
    }

    /// Weights of the samples: their own times those of their classes.
    ///
    /// # Errors
    /// Those of [`ClassWeight::weights`]; [`Error::Parameter`] on weights of classes where samples have none: the outputs of a training
    /// share one weight of each sample.
    pub fn sample_weights(&self, class_weight: ClassWeight) -> Result<Array1<f64>> {
        match self.targets {
            Targets::Classes(_) => {
                Ok(class_weight.weights(&self.class_indices().to_owned())? * &self.weights)
            }
            _ if class_weight == ClassWeight::Uniform => Ok(self.weights.clone()),
            other => Err(Error::Parameter {
                name: "class_weight",
                got: match class_weight {
                    ClassWeight::Uniform => "the same for all".into(),
                    ClassWeight::Balanced => "balanced".into(),
                    ClassWeight::Given(negative, positive) => format!("{negative}, {positive}"),
                },
                expected: match other {
                    Targets::Numbers(_) => "only classes have weights, and numbers are predicted here".into(),
                    _ => "only classes have weights; of labels the threshold can be moved instead".into(),
                },
            }),
        }
    }

    /// The same samples with the weights of their classes in them.
    pub(crate) fn with_class_weight(&self, class_weight: ClassWeight) -> Result<Self> {
        Ok(Self { weights: self.sample_weights(class_weight)?, ..self.clone() })
    }

    /// The same samples with numbers in these units.
    pub(crate) fn in_units(&self, units: &TargetUnits) -> Self {
        Self { y: units.standardise(&self.y.view()).into(), ..self.clone() }
    }
}
