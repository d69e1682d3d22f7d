//! Samples to encrypt, whose features are mapped a block at a time: memory holds them as they were read, or
//! none of them if they stay in their file.

use std::ops::Range;

use fhe_head::{Features, SampleView};
use head_fit::FeatureMap;
use ndarray::{Array1, Array2, Axis, CowArray, Ix2};

use crate::exit::Result;
use crate::samples::Rows;

/// Samples to train on.
pub(crate) struct MappedSamples<'a, X> {
    features: Mapped<'a, X>,
    y: Array2<f64>,
    weight: Array1<f64>,
}

/// Features, in the order in which they are asked for.
pub(crate) struct Mapped<'a, X> {
    x: &'a X,
    map: FeatureMap,
    /// The sample at each place; that of its row if there is no list.
    order: Option<Vec<usize>>,
}

impl<'a, X: Rows> MappedSamples<'a, X> {
    /// The samples of `x` with labels (samples by columns) and weights, in this order.
    pub(super) fn new(
        (x, map): (&'a X, FeatureMap),
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

impl<'a, X: Rows> Mapped<'a, X> {
    /// Features in the order of their rows.
    pub(super) fn new(x: &'a X, map: FeatureMap) -> Self {
        Self { x, map, order: None }
    }
}

impl<X: Rows> Features for Mapped<'_, X> {
    fn samples(&self) -> usize {
        self.x.dim().0
    }

    fn columns(&self) -> usize {
        self.map.outputs()
    }

    fn rows(&self, rows: Range<usize>) -> fhe_head::Result<CowArray<'_, f64, Ix2>> {
        let failed = |error: &dyn std::fmt::Display| fhe_head::Error::Data(error.to_string());
        let mapped = match &self.order {
            Some(order) => self.map.apply(&self.x.at(&order[rows]).map_err(|error| failed(&error))?.view()),
            None => self.map.apply(&self.x.range(rows).map_err(|error| failed(&error))?.view()),
        };
        Ok(mapped.map_err(|error| failed(&error))?.into())
    }
}
