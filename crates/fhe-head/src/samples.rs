//! Training data, in the feature space in which they are encrypted, and their slot vectors.

use std::ops::Range;

use ndarray::{Array1, Array2, ArrayView1, ArrayView2, Axis, CowArray, Ix2, s};

use crate::engine::Slots;
use crate::error::{Error, Result};
use crate::heads::Head;
use crate::packing::{Item, Packing};

/// Samples with a constant feature, their labels and their weights.
#[derive(Clone, Debug, PartialEq)]
pub struct Samples {
    /// Samples by features, the last of which is the constant 1.
    x: Array2<f64>,
    /// Labels, samples by columns: class indices, or whatever numbers the head derives its targets from.
    y: Array2<f64>,
    /// Weights with sum `n`.
    weight: Array1<f64>,
}

impl Samples {
    /// Adds the constant feature 1 behind the others (samples by features), and scales the `n` weights to sum `n`.
    ///
    /// # Errors
    /// [`Error::Shape`] if the numbers of samples, labels and weights differ.
    pub fn new(
        x: &ArrayView2<'_, f64>,
        y: &ArrayView1<'_, f64>,
        sample_weight: &ArrayView1<'_, f64>,
    ) -> Result<Self> {
        Self::with_labels(x, &y.insert_axis(Axis(1)), sample_weight)
    }

    /// As [`Self::new`], with any number of labels for each sample: samples by columns.
    ///
    /// # Errors
    /// As [`Self::new`]; [`Error::Shape`] without a column.
    pub fn with_labels(
        x: &ArrayView2<'_, f64>,
        y: &ArrayView2<'_, f64>,
        sample_weight: &ArrayView1<'_, f64>,
    ) -> Result<Self> {
        if y.ncols() == 0 {
            return Err(Error::Shape { what: "columns of labels", expected: 1, got: 0 });
        }
        for (what, got) in [("labels", y.nrows()), ("sample weights", sample_weight.len())] {
            if got != x.nrows() {
                return Err(Error::Shape { what, expected: x.nrows(), got });
            }
        }
        let weight = sample_weight * (x.nrows() as f64 / sample_weight.sum());
        Ok(Self { x: with_intercept(x), y: y.as_standard_layout().into_owned(), weight })
    }

    /// Number of samples.
    pub fn len(&self) -> usize {
        self.weight.len()
    }

    /// Whether there is no sample.
    pub fn is_empty(&self) -> bool {
        self.weight.is_empty()
    }

    /// Features with the constant one, padded to one power of two ([`padded_features`]).
    pub fn padded_features(&self) -> usize {
        self.x.ncols().next_power_of_two()
    }

    /// The labels as given: samples by columns.
    pub fn labels(&self) -> ArrayView2<'_, f64> {
        self.y.view()
    }

    /// Samples by features, the constant 1 last.
    pub fn features(&self) -> ArrayView2<'_, f64> {
        self.x.view()
    }

    /// Weights of the samples, with sum `n`.
    pub fn weights(&self) -> ArrayView1<'_, f64> {
        self.weight.view()
    }

    /// Some of the samples, in the order of `rows`. Their weights are not scaled again.
    ///
    /// Mini-batches take equal shares of the samples in order, so the caller shuffles with this.
    #[must_use]
    pub fn select(&self, rows: &[usize]) -> Self {
        let pick = |matrix: &Array2<f64>| matrix.select(Axis(0), rows);
        Self { x: pick(&self.x), y: pick(&self.y), weight: self.weight.select(Axis(0), rows) }
    }

    /// Largest ratio of a weight to the mean weight of its batch, with the samples dealt into `batches`; at least 1.
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

    /// The samples of block `block`. Batches take equal shares of the samples, in order.
    ///
    /// # Errors
    /// [`Error::Shape`] if the packing holds fewer features or samples.
    pub fn block(&self, packing: &Packing, block: usize) -> Result<PackedBlock<'_>> {
        SampleView::from(self).block(packing, block)
    }
}

/// The features of samples, of which some are asked for at a time.
pub trait Features: Sync {
    /// Number of samples.
    fn samples(&self) -> usize;

    /// Number of features, without the constant one.
    fn columns(&self) -> usize;

    /// The features of some samples in a row, without the constant one: samples by features.
    ///
    /// # Errors
    /// Whatever prevents having them.
    fn rows(&self, rows: Range<usize>) -> Result<CowArray<'_, f64, Ix2>>;
}

impl Features for Samples {
    fn samples(&self) -> usize {
        self.len()
    }

    fn columns(&self) -> usize {
        self.x.ncols() - 1
    }

    fn rows(&self, rows: Range<usize>) -> Result<CowArray<'_, f64, Ix2>> {
        Ok(self.x.slice(s![rows, ..self.columns()]).into())
    }
}

impl Features for ArrayView2<'_, f64> {
    fn samples(&self) -> usize {
        self.nrows()
    }

    fn columns(&self) -> usize {
        self.ncols()
    }

    fn rows(&self, rows: Range<usize>) -> Result<CowArray<'_, f64, Ix2>> {
        Ok(self.slice(s![rows, ..]).into())
    }
}

/// Samples whose features come from elsewhere, a block at a time.
#[derive(Clone, Copy)]
pub struct SampleView<'a> {
    features: &'a dyn Features,
    y: ArrayView2<'a, f64>,
    weight: ArrayView1<'a, f64>,
}

impl<'a> From<&'a Samples> for SampleView<'a> {
    fn from(samples: &'a Samples) -> Self {
        Self { features: samples, y: samples.y.view(), weight: samples.weight.view() }
    }
}

impl<'a> SampleView<'a> {
    /// Samples with these features, labels (samples by columns) and weights, of which only the ratios count.
    ///
    /// # Errors
    /// [`Error::Shape`] if their numbers differ.
    pub fn new(
        features: &'a dyn Features,
        y: &ArrayView2<'a, f64>,
        weight: &ArrayView1<'a, f64>,
    ) -> Result<Self> {
        for (what, got) in [("labels", y.nrows()), ("sample weights", weight.len())] {
            if got != features.samples() {
                return Err(Error::Shape { what, expected: features.samples(), got });
            }
        }
        Ok(Self { features, y: *y, weight: *weight })
    }

    /// The samples of block `block`. Batches take equal shares of the samples, in order.
    ///
    /// # Errors
    /// [`Error::Shape`] if the packing holds fewer features or samples; errors of [`Features::rows`].
    pub fn block(&self, packing: &Packing, block: usize) -> Result<PackedBlock<'a>> {
        let (samples, features, most) =
            (self.features.samples(), self.features.columns(), packing.most_features());
        if features > most {
            return Err(Error::Shape { what: "features", expected: most, got: features });
        }
        let batches = packing.batches();
        if packing.capacity() < samples.div_ceil(batches) {
            let expected = packing.capacity() * batches;
            return Err(Error::Shape { what: "samples", expected, got: samples });
        }
        let (batch, place) = (block / packing.blocks_per_batch(), block % packing.blocks_per_batch());
        let [start, end] = [batch, batch + 1].map(|batch| batch * samples / batches);
        let from = (start + place * packing.block_samples()).min(end);
        let to = (from + packing.block_samples()).min(end);
        // the weights of all rows of a batch, padding included, have mean 1, so the mean loss needs no count of real samples
        let total = self.weight.slice(s![start..end]).sum();
        let scale = packing.capacity() as f64 / total;
        Ok(PackedBlock {
            packing: *packing,
            x: self.features.rows(from..to)?,
            weight: self.weight.slice(s![from..to]).mapv(|w| w * scale),
            y: self.y.slice_move(s![from..to, ..]),
        })
    }
}

/// Checks sample weights.
///
/// # Errors
/// [`Error::Shape`] if their number is not `samples`; [`Error::Parameter`] if one is negative or not finite, or if all are zero.
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

/// The features and the constant one, padded to one power of two: the most that a packing pads them to.
pub fn padded_features(features: usize) -> usize {
    (features + 1).next_power_of_two()
}

/// One block of samples, ready to be laid out in slots.
#[derive(Clone, Debug)]
pub struct PackedBlock<'a> {
    packing: Packing,
    /// Without the constant feature.
    x: CowArray<'a, f64, Ix2>,
    weight: Array1<f64>,
    y: ArrayView2<'a, f64>,
}

impl PackedBlock<'_> {
    /// The same block, with all row weights times a factor.
    #[cfg(feature = "client")]
    pub(crate) fn weighted(self, factor: f64) -> Self {
        Self { weight: self.weight * factor, ..self }
    }

    /// The slot vector of one item of the block. The head gives the targets.
    pub fn slots<H: Head>(&self, head: &H, item: Item) -> Slots {
        match item {
            Item::Samples(i) => self.packing.diagonal_slots(&self.x.view(), i),
            Item::Weights { half } => {
                self.packing.row_slots(&self.weight.slice(s![self.half(half)]).to_vec()).into()
            }
            Item::Targets { half, target } => self.targets(head, half, target),
        }
    }

    /// Target `k` of each row of a half, times the row's weight.
    fn targets<H: Head>(&self, head: &H, half: usize, k: usize) -> Slots {
        let mut targets = vec![0.0; head.targets()];
        let rows = self.y.slice(s![self.half(half), ..]);
        let weights = self.weight.slice(s![self.half(half)]);
        let mut labels = vec![0.0; rows.ncols()];
        let weighted = rows.outer_iter().zip(weights).map(|(row, weight)| {
            labels.iter_mut().zip(row).for_each(|(label, value)| *label = *value);
            head.target(&labels, &mut targets);
            weight * targets[k]
        });
        self.packing.row_slots(&weighted.collect::<Vec<_>>()).into()
    }

    /// The samples of one half. The second half is empty if the first holds them all.
    fn half(&self, half: usize) -> Range<usize> {
        let [from, to] = [half, half + 1].map(|half| (half * self.packing.rows()).min(self.y.nrows()));
        from..to
    }
}

/// Samples with the constant 1 as last feature.
fn with_intercept(x: &ArrayView2<'_, f64>) -> Array2<f64> {
    let mut out = Array2::ones((x.nrows(), x.ncols() + 1));
    out.slice_mut(s![.., ..x.ncols()]).assign(x);
    out
}
