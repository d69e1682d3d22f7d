//! Training data in the feature space that is encrypted, and its slot vectors.

use ndarray::{Array1, Array2, ArrayView1, ArrayView2, s};

use crate::dense::Problem;
use crate::error::{Error, Result};
use crate::features::with_intercept;
use crate::packing::Packing;

/// Samples with their constant feature, labels, and weights.
#[derive(Clone, Debug, PartialEq)]
pub struct Samples {
    /// Samples by `D` padded features, the last of which is the constant 1.
    x: Array2<f64>,
    /// Labels, 0 or 1.
    y: Array1<f64>,
    /// Weights with sum `n`.
    weight: Array1<f64>,
}

impl Samples {
    /// Pads mapped features to a power of two with the constant feature last, and scales the weights to sum `n`.
    ///
    /// # Errors
    /// [`Error::Shape`] if the numbers of samples, labels and weights differ.
    pub fn new(
        x: &ArrayView2<'_, f64>,
        y: &ArrayView1<'_, f64>,
        sample_weight: &ArrayView1<'_, f64>,
    ) -> Result<Self> {
        for (what, got) in [("labels", y.len()), ("sample weights", sample_weight.len())] {
            if got != x.nrows() {
                return Err(Error::Shape { what, expected: x.nrows(), got });
            }
        }
        let weight = sample_weight * (x.nrows() as f64 / sample_weight.sum());
        Ok(Self { x: with_intercept(x, padded_features(x.ncols())), y: y.to_owned(), weight })
    }

    /// Number of samples.
    pub fn len(&self) -> usize {
        self.y.len()
    }

    /// Whether there is no sample.
    pub fn is_empty(&self) -> bool {
        self.y.is_empty()
    }

    /// `D`: features with padding and the constant one.
    pub fn padded_features(&self) -> usize {
        self.x.ncols()
    }

    /// Labels, 0 or 1.
    pub fn labels(&self) -> ArrayView1<'_, f64> {
        self.y.view()
    }

    /// The same problem for training on dense matrices.
    pub fn problem(&self) -> Problem<'_> {
        Problem {
            x: self.x.view(),
            y: self.y.view(),
            sample_weight: self.weight.view(),
            intercept: self.x.ncols() - 1,
        }
    }

    /// The samples of one block.
    ///
    /// # Errors
    /// [`Error::Shape`] if the packing is for another number of features or too few samples.
    pub fn block(&self, packing: &Packing, block: usize) -> Result<PackedBlock<'_>> {
        if packing.features() != self.x.ncols() {
            return Err(Error::Shape { what: "features", expected: packing.features(), got: self.x.ncols() });
        }
        if packing.capacity() < self.len() {
            return Err(Error::Shape { what: "samples", expected: packing.capacity(), got: self.len() });
        }
        let from = (block * packing.rows()).min(self.len());
        let to = (from + packing.rows()).min(self.len());
        // weights of all rows, padding included, average to one: the mean loss needs no count of real samples
        let scale = packing.capacity() as f64 / self.len() as f64;
        let weight = self.weight.slice(s![from..to]).mapv(|w| w * scale);
        let label = &weight * &self.y.slice(s![from..to]).mapv(|y| y - 0.5);
        Ok(PackedBlock { packing: *packing, x: self.x.slice(s![from..to, ..]), weight, label })
    }
}

/// Features with the constant one, padded to a power of two.
pub fn padded_features(features: usize) -> usize {
    (features + 1).next_power_of_two()
}

/// One block of samples, as slot vectors.
#[derive(Clone, Debug)]
pub struct PackedBlock<'a> {
    packing: Packing,
    x: ArrayView2<'a, f64>,
    weight: Array1<f64>,
    label: Array1<f64>,
}

impl PackedBlock<'_> {
    /// Slot vector `Y_i` of the samples.
    pub fn diagonal(&self, i: usize) -> Vec<f64> {
        self.packing.diagonal_slots(&self.x, i)
    }

    /// Slots of the row weights.
    pub fn weights(&self) -> Vec<f64> {
        self.packing.row_slots(&self.weight.to_vec())
    }

    /// Slots of the labels, `s (y - 1/2)`.
    pub fn labels(&self) -> Vec<f64> {
        self.packing.row_slots(&self.label.to_vec())
    }
}
