//! Encrypted data that stay in their file: blocks are read as a training asks for them.

use std::borrow::Cow;
use std::sync::OnceLock;

use ckks::Ciphertext;
use ckks::serial::StoredCiphertexts;
use ckks::threads::try_map;

use super::server::EncryptedBlock;
use crate::collective::Share;
use crate::error::{Error, Result};
use crate::packing::{BlockLayout, Blocks, Deal};

/// Blocks in a file. As many as memory allows are kept once they were read; the others are read, checked and expanded in each pass anew,
/// by all threads.
///
/// A pass asks for blocks in order and again from the first, so it is always the first ones that are kept: of those used least recently
/// none would be there when it is asked for.
#[derive(Debug)]
pub struct StoredBlocks {
    ciphertexts: StoredCiphertexts,
    layout: BlockLayout,
    count: usize,
    /// A cell for each block that may be kept.
    kept: Vec<Option<OnceLock<EncryptedBlock>>>,
    /// The blocks that this process reads.
    mine: Vec<usize>,
}

impl StoredBlocks {
    /// The first `count` blocks of this layout in a file. None are kept.
    pub(super) fn new(ciphertexts: StoredCiphertexts, layout: BlockLayout, count: usize) -> Self {
        let kept = std::iter::repeat_with(|| None).take(count).collect();
        Self { ciphertexts, layout, count, kept, mine: (0..count).collect() }
    }

    /// Takes a process's share of each batch for what will be asked for. None of them are kept.
    pub fn deal(&mut self, deal: Deal, share: Share) {
        let mine = deal.share(share);
        self.mine = (0..self.count).filter(|index| mine.contains(&(index % deal.length))).collect();
        self.kept.fill_with(|| None);
    }

    /// Keeps as many blocks as take at most this many bytes of memory, and no others. Returns their number.
    pub fn keep(&mut self, bytes: u64) -> usize {
        self.kept.fill_with(|| None);
        let mut left = bytes;
        let fits = |index: &&usize| {
            let rest = left.checked_sub(self.block_bytes(**index));
            left = rest.unwrap_or(0);
            rest.is_some()
        };
        let fitting: Vec<usize> = self.mine.iter().take_while(fits).copied().collect();
        fitting.iter().for_each(|&index| self.kept[index] = Some(OnceLock::new()));
        fitting.len()
    }

    /// Number of blocks that this process reads.
    pub fn mine(&self) -> usize {
        self.mine.len()
    }

    /// Bytes of a block in memory.
    fn block_bytes(&self, index: usize) -> u64 {
        self.items(index).map(|item| self.ciphertexts.bytes_in_memory(item)).sum()
    }

    /// Places of a block's ciphertexts in the file.
    fn items(&self, index: usize) -> std::ops::Range<usize> {
        let length = self.layout.count();
        index * length..(index + 1) * length
    }

    fn read(&self, index: usize) -> Result<EncryptedBlock> {
        let vectors = try_map(self.items(index), |item| self.ciphertexts.read(item))?;
        self.layout.assemble(vectors)
    }
}

impl Blocks<Ciphertext> for StoredBlocks {
    fn count(&self) -> usize {
        self.count
    }

    fn block(&self, index: usize) -> Result<Cow<'_, EncryptedBlock>> {
        if index >= self.count {
            return Err(Error::Shape { what: "blocks of samples", expected: index + 1, got: self.count });
        }
        // the one after it comes from the disk while this one is worked on
        let after = self.mine.partition_point(|&mine| mine <= index);
        if let Some(&next) = self.mine.get(after).or(self.mine.first())
            && self.kept[next].as_ref().is_none_or(|cell| cell.get().is_none())
        {
            self.ciphertexts.expect_soon(self.items(next));
        }
        let Some(cell) = &self.kept[index] else { return self.read(index).map(Cow::Owned) };
        if let Some(block) = cell.get() {
            return Ok(Cow::Borrowed(block));
        }
        let block = self.read(index)?;
        Ok(Cow::Borrowed(cell.get_or_init(|| block)))
    }
}
