//! Blocks of samples: their slot vectors, the order of these in files, and the source of blocks.

use std::borrow::Cow;

use rayon::prelude::*;

use super::layout::Packing;
use crate::error::{Error, Result};

/// One block of packed samples.
#[derive(Clone, Debug)]
pub struct Block<V> {
    /// The slot vectors `Y_i` (see [`crate::packing`]).
    pub samples: Vec<V>,
    /// Row weights and targets of each half: a real block has one half, a complex block two.
    pub rows: Vec<Rows<V>>,
}

/// Weights and targets of the rows of half a block, zero outside column 0 of each row.
#[derive(Clone, Debug)]
pub struct Rows<V> {
    /// `s`: the weight of each row, zero for padding. It also serves as mask of column 0. The weights of a batch sum to
    /// [`Packing::capacity`], which hides the number of padding rows.
    pub weight: V,
    /// `s` times each target of the head ([`crate::Head::target`]).
    pub targets: Vec<V>,
}

/// Content of one slot vector of a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Item {
    /// One target of each row of half a block.
    Targets {
        /// 0; or 1 for the samples in the imaginary parts.
        half: usize,
        /// Index of the target.
        target: usize,
    },
    /// Row weights of half a block.
    Weights {
        /// 0; or 1 for the samples in the imaginary parts.
        half: usize,
    },
    /// Samples: the slot vector `Y_i`.
    Samples(usize),
}

/// Which slot vectors make up a block, and in which order. Everything that builds, encrypts, sends, counts or reads blocks uses it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BlockLayout {
    halves: usize,
    targets: usize,
    diagonals: usize,
}

impl BlockLayout {
    /// The layout of blocks whose rows have this number of targets.
    pub fn new(packing: &Packing, targets: usize) -> Self {
        Self { halves: packing.halves(), targets, diagonals: packing.diagonals() }
    }

    /// The slot vectors of a block in their order in files: targets and row weights of each half, then samples.
    pub fn items(&self) -> Vec<Item> {
        let targets = |half| (0..self.targets).map(move |target| Item::Targets { half, target });
        let rows = (0..self.halves).flat_map(|half| targets(half).chain([Item::Weights { half }]));
        rows.chain((0..self.diagonals).map(Item::Samples)).collect()
    }

    /// Number of slot vectors of a block.
    pub fn count(&self) -> usize {
        self.halves * (self.targets + 1) + self.diagonals
    }

    /// A block whose slot vectors `vector` makes, in parallel.
    ///
    /// # Errors
    /// An error of `vector`.
    pub fn build<V: Send>(&self, vector: impl Fn(Item) -> Result<V> + Sync + Send) -> Result<Block<V>> {
        let vectors: Vec<V> = self.items().into_par_iter().map(vector).collect::<Result<_>>()?;
        self.assemble(vectors)
    }

    /// A block from its slot vectors in the order of [`Self::items`].
    ///
    /// # Errors
    /// [`Error::Shape`] on another number of vectors.
    pub fn assemble<V>(&self, vectors: Vec<V>) -> Result<Block<V>> {
        same("ciphertexts of a block", self.count(), vectors.len())?;
        let mut vectors = vectors.into_iter();
        let mut rows = Vec::with_capacity(self.halves);
        while rows.len() < self.halves {
            let targets: Vec<V> = vectors.by_ref().take(self.targets).collect();
            rows.extend(vectors.next().map(|weight| Rows { weight, targets }));
        }
        Ok(Block { samples: vectors.collect(), rows })
    }

    /// Checks that a block has this layout.
    ///
    /// # Errors
    /// [`Error::Shape`] if it has another.
    pub fn expect<V>(&self, block: &Block<V>) -> Result<()> {
        same("slot vectors of a block", self.diagonals, block.samples.len())?;
        same("halves of a block", self.halves, block.rows.len())?;
        block.rows.iter().try_for_each(|rows| same("targets of a block", self.targets, rows.targets.len()))
    }
}

/// A source of blocks for the trainer: memory, a file, another machine. A pass asks for the blocks of a batch in order.
pub trait Blocks<V: Clone>: Sync {
    /// Number of blocks.
    fn count(&self) -> usize;

    /// Block `index`, counted from 0.
    ///
    /// # Errors
    /// Whatever prevents reading it; [`Error::Shape`] if there is no such block.
    fn block(&self, index: usize) -> Result<Cow<'_, Block<V>>>;
}

/// Blocks in memory.
impl<V: Clone + Sync> Blocks<V> for Vec<Block<V>> {
    fn count(&self) -> usize {
        self.len()
    }

    fn block(&self, index: usize) -> Result<Cow<'_, Block<V>>> {
        let block = self.get(index).ok_or(Error::Shape {
            what: "blocks of samples",
            expected: index + 1,
            got: self.len(),
        });
        block.map(Cow::Borrowed)
    }
}

fn same(what: &'static str, expected: usize, got: usize) -> Result<()> {
    if expected == got { Ok(()) } else { Err(Error::Shape { what, expected, got }) }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::packing::Sizes;

    #[test]
    fn a_block_is_assembled_in_the_order_of_its_items() {
        let sizes = Sizes {
            slots: 16,
            features: 8,
            separate_intercept: false,
            columns: 2,
            baby_steps: 1,
            blocks: 1,
            batches: 1,
            complex: true,
        };
        let layout = BlockLayout::new(&Packing::new(sizes).unwrap(), 2);
        let block = layout.build(Ok).unwrap();
        assert_eq!(layout.count(), layout.items().len());
        layout.expect(&block).unwrap();
        assert_eq!(block.samples, [0, 1, 2, 3].map(Item::Samples));
        for (half, rows) in block.rows.iter().enumerate() {
            assert_eq!(rows.weight, Item::Weights { half });
            assert_eq!(rows.targets, [0, 1].map(|target| Item::Targets { half, target }));
        }
        assert!(layout.assemble(vec![0; 3]).is_err());
    }
}
