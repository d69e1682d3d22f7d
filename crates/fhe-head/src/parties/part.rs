//! The part of a training's data that is one party's, where several parties train together.

use std::ops::Range;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::packing::{Packing, Sizes};
use crate::ranges;
#[cfg(feature = "client")]
use crate::samples::{PackedBlock, SampleView};

/// Some of the blocks of a job, which hold the samples of one party and no others'. Their number is public; how many of their rows are
/// samples is not.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Part {
    /// The first block.
    pub first: usize,
    /// Number of blocks.
    pub count: usize,
    /// Total weight of the party's samples, in rows. The weights of a training's parts add up to [`Packing::capacity`], so that the mean
    /// loss needs no count of samples.
    pub weight: f64,
}

impl Part {
    /// The blocks.
    pub fn blocks(&self) -> Range<usize> {
        self.first..self.first + self.count
    }

    /// Refuses blocks that the packing does not have.
    ///
    /// # Errors
    /// [`Error::Parameter`]; also for a packing with batches, whose samples are dealt in order.
    pub fn check(&self, packing: &Packing) -> Result<()> {
        let end = self.first.checked_add(self.count).filter(|&end| self.count > 0 && end <= packing.blocks());
        if end.is_none() {
            let got = format!("blocks from {}, {} of them", self.first, self.count);
            let expected = format!("blocks of the {} of the job", packing.blocks());
            return Err(Error::Parameter { name: "part", got, expected });
        }
        ranges::require(
            "batches",
            Some(packing.batches()),
            |&batches| batches == 1,
            "1, with several data parties",
        )?;
        let fits = |&weight: &f64| weight > 0.0 && weight <= packing.capacity() as f64;
        ranges::require("weight", Some(self.weight), fits, "above 0, and at most the rows of all blocks")
    }

    /// The packing of the part alone.
    fn packing(&self, whole: &Packing) -> Result<Packing> {
        Packing::new(Sizes { blocks: self.count, ..whole.sizes() })
    }

    /// Rows of the part: the most samples that it holds.
    ///
    /// # Errors
    /// [`Error::Parameter`] if it has no blocks.
    pub fn capacity(&self, whole: &Packing) -> Result<usize> {
        Ok(self.packing(whole)?.capacity())
    }

    /// The samples of a block, which is counted in the whole job.
    #[cfg(feature = "client")]
    pub(super) fn block<'a>(
        &self,
        whole: &Packing,
        samples: SampleView<'a>,
        block: usize,
    ) -> Result<PackedBlock<'a>> {
        let packing = self.packing(whole)?;
        let packed = samples.block(&packing, block.saturating_sub(self.first))?;
        // the block's rows weigh as if there were no other part
        Ok(packed.weighted(self.weight / packing.capacity() as f64))
    }
}
