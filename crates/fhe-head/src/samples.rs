//! Training data in the feature space that is encrypted, and its slot vectors.

use std::ops::Range;

use ndarray::{Array1, Array2, ArrayView1, ArrayView2, Axis, s};

use crate::engine::Slots;
use crate::error::{Error, Result};
use crate::heads::Head;
use crate::packing::{Item, Packing};

/// Samples with their constant feature, labels, and weights.
#[derive(Clone, Debug, PartialEq)]
pub struct Samples {
    /// Samples by `D` padded features, the last of which is the constant 1.
    x: Array2<f64>,
    /// Labels: indices of classes, or whatever numbers the head makes its targets of.
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

    /// Labels as they were given.
    pub fn labels(&self) -> ArrayView1<'_, f64> {
        self.y.view()
    }

    /// Features with padding: samples by `D`, the constant 1 last.
    pub fn features(&self) -> ArrayView2<'_, f64> {
        self.x.view()
    }

    /// Weights of the samples, with sum `n`.
    pub fn weights(&self) -> ArrayView1<'_, f64> {
        self.weight.view()
    }

    /// Some of the samples, in the order of `rows`. Their weights are not scaled again.
    ///
    /// Mini-batches take equal shares of the samples in order: shuffle before.
    #[must_use]
    pub fn select(&self, rows: &[usize]) -> Self {
        let pick = |v: &Array1<f64>| v.select(Axis(0), rows);
        Self { x: self.x.select(Axis(0), rows), y: pick(&self.y), weight: pick(&self.weight) }
    }

    /// Largest weight over the mean of its batch, if the samples are dealt into so many.
    pub fn largest_weight(&self, batches: usize) -> f64 {
        let batches = batches.max(1);
        let shares = (0..batches).map(|batch| {
            let [start, end] = [batch, batch + 1].map(|batch| batch * self.len() / batches);
            let weights = self.weight.slice(s![start..end]);
            let largest = weights.fold(0.0, |max: f64, weight| max.max(*weight));
            weights.mean().filter(|mean| *mean > 0.0).map_or(1.0, |mean| largest / mean)
        });
        shares.fold(1.0, f64::max)
    }

    /// The samples of one block. Batches take equal shares of the samples, in order.
    ///
    /// # Errors
    /// [`Error::Shape`] if the packing is for another number of features or too few samples.
    pub fn block(&self, packing: &Packing, block: usize) -> Result<PackedBlock<'_>> {
        if packing.features() != self.x.ncols() {
            return Err(Error::Shape { what: "features", expected: packing.features(), got: self.x.ncols() });
        }
        let batches = packing.batches();
        if packing.capacity() < self.len().div_ceil(batches) {
            let expected = packing.capacity() * batches;
            return Err(Error::Shape { what: "samples", expected, got: self.len() });
        }
        let (batch, place) = (block / packing.blocks_per_batch(), block % packing.blocks_per_batch());
        let [start, end] = [batch, batch + 1].map(|batch| batch * self.len() / batches);
        let from = (start + place * packing.block_samples()).min(end);
        let to = (from + packing.block_samples()).min(end);
        // weights of all rows of a batch, padding included, average to one: the mean loss needs no count of real samples
        let total = self.weight.slice(s![start..end]).sum();
        let scale = packing.capacity() as f64 / total;
        Ok(PackedBlock {
            packing: *packing,
            x: self.x.slice(s![from..to, ..]),
            weight: self.weight.slice(s![from..to]).mapv(|w| w * scale),
            y: self.y.slice(s![from..to]),
        })
    }
}

/// Refuses sample weights that cannot be trained with.
///
/// # Errors
/// [`Error::Shape`] on another number than of samples; [`Error::Parameter`] on a weight that is negative or not finite, or if all
/// are zero.
pub fn check_weights(sample_weight: &ArrayView1<'_, f64>, samples: usize) -> Result<()> {
    if sample_weight.len() != samples {
        return Err(Error::Shape { what: "sample weights", expected: samples, got: sample_weight.len() });
    }
    let refuse = |got: String, expected: &str| {
        Err(Error::Parameter { name: "sample_weight", got, expected: expected.into() })
    };
    match sample_weight.iter().enumerate().find(|(_, w)| !(w.is_finite() && **w >= 0.0)) {
        Some((i, weight)) => refuse(format!("{weight} of sample {i}"), "numbers of at least 0"),
        None if sample_weight.sum() == 0.0 => refuse("0 of every sample".into(), "some number above 0"),
        None => Ok(()),
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
    y: ArrayView1<'a, f64>,
}

impl PackedBlock<'_> {
    /// The slot vector of an item for a head.
    pub fn slots<H: Head>(&self, head: &H, item: Item) -> Slots {
        match item {
            Item::Samples(i) => self.packing.diagonal_slots(&self.x, i),
            Item::Weights { half } => {
                self.packing.row_slots(&self.weight.slice(s![self.half(half)]).to_vec()).into()
            }
            Item::Targets { half, target } => self.targets(head, half, target),
        }
    }

    /// Target `k` of each row of a half, times the row weights.
    fn targets<H: Head>(&self, head: &H, half: usize, k: usize) -> Slots {
        let mut targets = vec![0.0; head.targets()];
        let rows = self.y.slice(s![self.half(half)]);
        let weights = self.weight.slice(s![self.half(half)]);
        let weighted = rows.iter().zip(weights).map(|(&label, weight)| {
            head.target(label, &mut targets);
            weight * targets[k]
        });
        self.packing.row_slots(&weighted.collect::<Vec<_>>()).into()
    }

    /// The samples of one half: none of the second, if there are only few.
    fn half(&self, half: usize) -> Range<usize> {
        let [from, to] = [half, half + 1].map(|half| (half * self.packing.rows()).min(self.y.len()));
        from..to
    }
}

/// Samples padded to `padded` features, the last of which is the constant 1.
pub(crate) fn with_intercept(x: &ArrayView2<'_, f64>, padded: usize) -> Array2<f64> {
    let mut out = Array2::zeros((x.nrows(), padded));
    out.slice_mut(s![.., ..x.ncols()]).assign(x);
    out.column_mut(padded - 1).fill(1.0);
    out
}
