//! Samples to encrypt, whose features are mapped a block at a time: memory holds them once, as they were read.

use std::ops::Range;

use fhe_head::{Features, SampleView};
use head_fit::FeatureMap;
use ndarray::{Array1, Array2, Axis, CowArray, Ix2, s};

use crate::exit::Result;

/// Samples to train on.
pub(crate) struct MappedSamples<'a> {
    features: Mapped<'a>,
    y: Array2<f64>,
    weight: Array1<f64>,
}

/// Features, in the order in which they are asked for.
struct Mapped<'a> {
    x: &'a Array2<f64>,
    map: FeatureMap,
    /// The sample at each place; that of its row if there is no list.
    order: Option<Vec<usize>>,
}

impl<'a> MappedSamples<'a> {
    /// The samples of `x` with labels (samples by columns) and weights, in this order.
    pub(super) fn new(
        (x, map): (&'a Array2<f64>, FeatureMap),
        y: Array2<f64>,
        weight: Array1<f64>,
        order: Option<Vec<usize>>,
    ) -> Self {
        let (y, weight) = match &order {
            Some(order) => (y.select(Axis(0), order), weight.select(Axis(0), order)),
            None => (y, weight),
        };
        Self { features: Mapped { x, map, order }, y, weight }
    }

    /// What is encrypted.
    ///
    /// # Errors
    /// The numbers of samples, labels and weights differ.
    pub(crate) fn view(&self) -> Result<SampleView<'_>> {
        Ok(SampleView::new(&self.features, &self.y.view(), &self.weight.view())?)
    }
}

impl Features for Mapped<'_> {
    fn samples(&self) -> usize {
        self.x.nrows()
    }

    fn columns(&self) -> usize {
        self.map.outputs()
    }

    fn rows(&self, rows: Range<usize>) -> fhe_head::Result<CowArray<'_, f64, Ix2>> {
        let mapped = match &self.order {
            Some(order) => self.map.apply(&self.x.select(Axis(0), &order[rows]).view()),
            None => self.map.apply(&self.x.slice(s![rows, ..])),
        };
        Ok(mapped.map_err(|error| fhe_head::Error::Data(error.to_string()))?.into())
    }
}
