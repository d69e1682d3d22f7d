//! The shape of packed data, and the slot vectors of samples, rows and weights.

use crate::engine::Slots;
use crate::error::{Error, Result};
use ndarray::{ArrayView2, Axis};
use serde::{Deserialize, Serialize};

/// Shape of packed data. All sizes except the numbers of blocks and batches are powers of two.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Sizes", into = "Sizes")]
pub struct Packing(Sizes);

/// The free sizes of a [`Packing`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sizes {
    /// `S`: slots of a ciphertext.
    pub slots: usize,
    /// `D`: features, padded.
    pub features: usize,
    /// `c`: columns.
    pub columns: usize,
    /// `m1`: baby steps.
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
    /// [`Error::Parameter`] unless sizes are powers of two, `c <= D <= S`, `m1 <= D / c`, and the batches divide the blocks.
    pub fn new(sizes: Sizes) -> Result<Self> {
        let Sizes { slots, features, columns, baby_steps, blocks, batches, .. } = sizes;
        let refuse = |name, got: usize, expected: String| {
            Err(Error::Parameter { name, got: got.to_string(), expected })
        };
        if !slots.is_power_of_two() {
            return refuse("slots", slots, "a power of two".into());
        }
        if !features.is_power_of_two() || features > slots {
            return refuse("features", features, format!("a power of two of at most {slots}"));
        }
        if !columns.is_power_of_two() || columns > features {
            return refuse("columns", columns, format!("a power of two of at most {features}"));
        }
        if !baby_steps.is_power_of_two() || baby_steps > features / columns {
            return refuse(
                "baby_steps",
                baby_steps,
                format!("a power of two of at most {}", features / columns),
            );
        }
        if blocks == 0 {
            return refuse("blocks", blocks, "at least one".into());
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

    /// Samples of a block, in all its halves.
    pub fn block_samples(&self) -> usize {
        self.halves() * self.rows()
    }

    /// `m = D / c`: slot vectors of the samples of a block.
    pub fn diagonals(&self) -> usize {
        self.0.features / self.0.columns
    }

    /// `m1`: baby steps.
    pub fn baby_steps(&self) -> usize {
        self.0.baby_steps
    }

    /// `m2 = m / m1`: giant steps.
    pub fn giant_steps(&self) -> usize {
        self.diagonals() / self.0.baby_steps
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

    /// Index of the constant feature: the last one, behind features and padding.
    pub fn intercept(&self) -> usize {
        self.0.features - 1
    }

    /// Index of `Y_{g,b}` among the slot vectors of a block.
    pub fn diagonal(&self, giant: usize, baby: usize) -> usize {
        baby + giant * self.0.baby_steps
    }

    /// Slot vector `Y_i` of the block whose samples are the rows of `x`, at most [`Self::block_samples`] by `D`; the rest is zero. The
    /// first `r` rows lie in the real parts, further ones in the imaginary parts.
    pub fn diagonal_slots(&self, x: &ArrayView2<'_, f64>, i: usize) -> Slots {
        let (first, second) = x.split_at(Axis(0), self.rows().min(x.nrows()));
        let real = self.half_diagonal(&first, i);
        if self.is_complex() { Slots::complex(real, self.half_diagonal(&second, i)) } else { real.into() }
    }

    fn half_diagonal(&self, x: &ArrayView2<'_, f64>, i: usize) -> Vec<f64> {
        let Sizes { slots, features, columns, baby_steps, .. } = self.0;
        let baby = i % baby_steps;
        let mut packed = vec![0.0; slots];
        for (row, sample) in x.outer_iter().enumerate() {
            for column in 0..columns {
                let slot = row * columns + column;
                let feature = (slot + i * columns) % features;
                if feature < sample.len() {
                    packed[(slot + baby * columns) % slots] = sample[feature];
                }
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
