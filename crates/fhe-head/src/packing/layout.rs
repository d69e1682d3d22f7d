//! The shape of packed data, and the slot vectors of samples, rows and weights.

use crate::engine::Slots;
use crate::error::{Error, Result};
use ndarray::{ArrayView2, Axis};
use serde::{Deserialize, Serialize};

/// Slots of the largest ring.
const MOST_SLOTS: usize = 1 << 15;
/// More blocks than any machine holds: each is a ciphertext at least. Products of counts stay far below the largest integer.
const MOST_BLOCKS: usize = 1 << 24;

/// Shape of packed data. Slots, columns and baby steps are powers of two; features are a sum of different ones, the chunks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Sizes", into = "Sizes")]
pub struct Packing(Sizes);

/// The free sizes of a [`Packing`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sizes {
    /// `S`: slots of a ciphertext.
    pub slots: usize,
    /// `D`: features, padded. Its binary digits are the chunks.
    #[serde(rename = "width", alias = "features")]
    pub features: usize,
    /// Whether intercepts are weights of their own. Otherwise the last padded feature is the constant 1, and they are its weights.
    #[serde(default)]
    pub separate_intercept: bool,
    /// `c`: columns.
    pub columns: usize,
    /// Baby steps of the largest chunk. A smaller one has no more than it has diagonals.
    pub baby_steps: usize,
    /// Number of blocks in all batches together. A block holds `S / c` samples, a complex one twice as many.
    pub blocks: usize,
    /// Number of batches, which all have the same number of blocks.
    #[serde(default = "one")]
    pub batches: usize,
    /// Whether two samples share each slot, as real and imaginary part.
    #[serde(default)]
    pub complex: bool,
}

fn one() -> usize {
    1
}

impl Packing {
    /// Checks the sizes and makes a packing of them.
    ///
    /// # Errors
    /// [`Error::Parameter`] unless slots (2^15 at most), columns and baby steps are powers of two, a row is no longer than the smallest chunk, the
    /// largest chunk fits into the slots, it has as many diagonals as baby steps, and the batches divide the blocks
    /// (2^24 at most).
    pub fn new(sizes: Sizes) -> Result<Self> {
        let Sizes { slots, features, columns, baby_steps, blocks, batches, .. } = sizes;
        let refuse = |name, got: usize, expected: String| {
            Err(Error::Parameter { name, got: got.to_string(), expected })
        };
        if !slots.is_power_of_two() || slots > MOST_SLOTS {
            return refuse("slots", slots, format!("a power of two of at most {MOST_SLOTS}"));
        }
        // the binary digits of the number of features
        let (largest, smallest) =
            (1 << features.checked_ilog2().unwrap_or_default(), features & features.wrapping_neg());
        if features == 0 || largest > slots {
            return refuse("features", features, format!("between 1 and {}", 2 * slots - 1));
        }
        if !columns.is_power_of_two() || columns > smallest {
            return refuse("columns", columns, format!("a power of two of at most {smallest}"));
        }
        if !baby_steps.is_power_of_two() || baby_steps > largest / columns {
            return refuse(
                "baby_steps",
                baby_steps,
                format!("a power of two of at most {}", largest / columns),
            );
        }
        if blocks == 0 || blocks > MOST_BLOCKS {
            return refuse("blocks", blocks, format!("between 1 and {MOST_BLOCKS}"));
        }
        if batches == 0 || !blocks.is_multiple_of(batches) {
            return refuse("batches", batches, format!("a divisor of the {blocks} blocks"));
        }
        Ok(Self(sizes))
    }

    /// The sizes, as given to [`Self::new`].
    pub fn sizes(&self) -> Sizes {
        self.0
    }

    /// `S`: slots of a ciphertext.
    pub fn slots(&self) -> usize {
        self.0.slots
    }

    /// `D`: features, padded.
    pub fn features(&self) -> usize {
        self.0.features
    }

    /// `c`: columns.
    pub fn columns(&self) -> usize {
        self.0.columns
    }

    /// `r = S / c`: samples of a block, or of each half of a complex block.
    pub fn rows(&self) -> usize {
        self.0.slots / self.0.columns
    }

    /// Whether two samples share each slot.
    pub fn is_complex(&self) -> bool {
        self.0.complex
    }

    /// Number of halves of a block: 2 if it is complex, otherwise 1, the block itself.
    pub fn halves(&self) -> usize {
        if self.0.complex { 2 } else { 1 }
    }

    /// How often [`finish_backward`](super::finish_backward) doubles the scale of gradients: once where it takes the real part, because
    /// samples share slots, and once where it separates two chunks that share rotations.
    pub fn gradient_doublings(&self) -> i32 {
        i32::from(self.0.complex) + i32::from(!self.0.features.is_power_of_two())
    }

    /// Samples of a block, in all its halves.
    pub fn block_samples(&self) -> usize {
        self.halves() * self.rows()
    }

    /// `m = D / c`: slot vectors of the samples of a block.
    pub fn diagonals(&self) -> usize {
        self.0.features / self.0.columns
    }

    /// The chunks of the features, the largest first.
    pub fn chunks(&self) -> Vec<Chunk> {
        let Sizes { features, columns, baby_steps, .. } = self.0;
        let digits = (0..usize::BITS).rev().map(|digit| 1 << digit).filter(|digit| features & digit != 0);
        let chunk = |size: usize| Chunk {
            // the larger digits
            first: features & !(2 * size - 1),
            features: size,
            columns,
            baby_steps: baby_steps.min(size / columns),
        };
        digits.map(chunk).collect()
    }

    /// Baby steps of the largest chunk.
    pub fn baby_steps(&self) -> usize {
        self.0.baby_steps
    }

    /// The giant steps of all chunks, in the order of the diagonals.
    pub(super) fn giants(&self) -> Vec<Giant> {
        let of_chunk = |chunk: Chunk| {
            let first = chunk.first / chunk.columns;
            let giant = move |g| Giant { first: first + g * chunk.baby_steps, baby_steps: chunk.baby_steps };
            (0..chunk.giant_steps()).map(giant)
        };
        self.chunks().into_iter().flat_map(of_chunk).collect()
    }

    /// Number of blocks, in all batches together.
    pub fn blocks(&self) -> usize {
        self.0.blocks
    }

    /// Number of batches. Iteration `t` works on batch `t mod batches`.
    pub fn batches(&self) -> usize {
        self.0.batches
    }

    /// Blocks of a batch.
    pub fn blocks_per_batch(&self) -> usize {
        self.0.blocks / self.0.batches
    }

    /// Samples that fit into a batch, padding included.
    pub fn capacity(&self) -> usize {
        self.blocks_per_batch() * self.block_samples()
    }

    /// The same packing for another number of samples, in one batch, as scoring needs it.
    #[must_use]
    pub fn for_samples(&self, samples: usize) -> Self {
        Self(Sizes { blocks: samples.div_ceil(self.block_samples()).max(1), batches: 1, ..self.0 })
    }

    /// Whether intercepts are weights of their own, beside those of the features.
    pub fn has_separate_intercept(&self) -> bool {
        self.0.separate_intercept
    }

    /// Index of the constant feature, the last one, behind features and padding; `None` if intercepts are weights of their own.
    pub fn constant_feature(&self) -> Option<usize> {
        (!self.0.separate_intercept).then_some(self.0.features - 1)
    }

    /// The most features that samples may have, without the constant one.
    pub fn most_features(&self) -> usize {
        self.constant_feature().unwrap_or(self.0.features)
    }

    /// Slot vector `Y_i` of the block whose samples are the rows of `x`, at most [`Self::block_samples`] with at most
    /// [`Self::most_features`] features, without the constant one; the rest is zero. The first `r` rows lie in the real parts, further
    /// ones in the imaginary parts.
    pub fn diagonal_slots(&self, x: &ArrayView2<'_, f64>, i: usize) -> Slots {
        let (first, second) = x.split_at(Axis(0), self.rows().min(x.nrows()));
        let real = self.half_diagonal(&first, i);
        if self.is_complex() { Slots::complex(real, self.half_diagonal(&second, i)) } else { real.into() }
    }

    fn half_diagonal(&self, x: &ArrayView2<'_, f64>, i: usize) -> Vec<f64> {
        let Sizes { slots, columns, .. } = self.0;
        let mut packed = vec![0.0; slots];
        let Some(chunk) = self.chunks().into_iter().rev().find(|chunk| chunk.first <= i * columns) else {
            return packed;
        };
        let i = i - chunk.first / columns;
        let baby = i % chunk.baby_steps;
        let constant = self.constant_feature();
        // slot `row * columns + column` holds the feature `i * columns` further on, and goes `baby * columns` places further on; both turn
        let mut feature = i * columns % chunk.features;
        let mut slot = baby * columns % slots;
        for sample in x.outer_iter() {
            for _ in 0..columns {
                let number = chunk.first + feature;
                let otherwise = if constant == Some(number) { 1.0 } else { 0.0 };
                packed[slot] = sample.get(number).copied().unwrap_or(otherwise);
                feature = if feature + 1 == chunk.features { 0 } else { feature + 1 };
                slot = if slot + 1 == slots { 0 } else { slot + 1 };
            }
        }
        packed
    }

    /// Slots with one number for each row of half a block, in column 0, and zero elsewhere.
    pub fn row_slots(&self, values: &[f64]) -> Vec<f64> {
        let mut slots = vec![0.0; self.slots()];
        for (slot, value) in slots.iter_mut().step_by(self.columns()).zip(values) {
            *slot = *value;
        }
        slots
    }

    /// Weights repeated over the slots. Their number divides that of the slots.
    pub fn tile(&self, weights: &[f64]) -> Vec<f64> {
        weights.iter().copied().cycle().take(self.slots()).collect()
    }
}

/// A power of two of the padded features, which has weight vectors of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chunk {
    /// Index of its first feature.
    pub first: usize,
    /// Number of features.
    pub features: usize,
    /// `c`: columns.
    pub columns: usize,
    /// `m1`: baby steps.
    pub baby_steps: usize,
}

impl Chunk {
    /// `m2`: giant steps.
    pub fn giant_steps(&self) -> usize {
        self.features / self.columns / self.baby_steps
    }

    /// Slots by which a giant step rotates.
    pub(super) fn giant_rotation(&self) -> isize {
        (self.baby_steps * self.columns) as isize
    }
}

/// A giant step of a chunk.
#[derive(Clone, Copy, Debug)]
pub(super) struct Giant {
    /// Index of its first diagonal, `Y_{g,0}`.
    pub(super) first: usize,
    /// Its baby steps, one for each diagonal.
    pub(super) baby_steps: usize,
}

/// One period of tiled slots: the mean over the tiles, which averages independent noise.
pub fn untile(slots: &[f64], period: usize) -> Vec<f64> {
    let tiles = (slots.len() / period) as f64;
    (0..period).map(|d| slots[d..].iter().step_by(period).sum::<f64>() / tiles).collect()
}

impl TryFrom<Sizes> for Packing {
    type Error = Error;

    fn try_from(sizes: Sizes) -> Result<Self> {
        Self::new(sizes)
    }
}

impl From<Packing> for Sizes {
    fn from(packing: Packing) -> Self {
        packing.0
    }
}
