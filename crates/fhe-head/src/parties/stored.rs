//! Encrypted data that stay in their file: blocks are read as a training asks for them.

use std::borrow::Cow;
use std::sync::OnceLock;

use ckks::Ciphertext;
use ckks::serial::StoredCiphertexts;
use ckks::threads::try_map;

use super::server::EncryptedBlock;
use crate::error::{Error, Result};
use crate::packing::{BlockLayout, Blocks};

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
    /// One cell for each block that may be kept.
    kept: Vec<OnceLock<EncryptedBlock>>,
}

impl StoredBlocks {
    /// The first `count` blocks of this layout in a file. None are kept.
    pub(super) fn new(ciphertexts: StoredCiphertexts, layout: BlockLayout, count: usize) -> Self {
        Self { ciphertexts, layout, count, kept: Vec::new() }
    }

    /// Keeps as many blocks as take at most this many bytes of memory. Returns their number.
    pub fn keep(&mut self, bytes: u64) -> usize {
        let mut left = bytes;
        let fits = |&index: &usize| {
            let rest = left.checked_sub(self.block_bytes(index));
            left = rest.unwrap_or(0);
            rest.is_some()
        };
        let fitting = (0..self.count).take_while(fits).count();
        self.kept = (0..fitting).map(|_| OnceLock::new()).collect();
        fitting
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
        let next = (index + 1) % self.count;
        if self.kept.get(next).is_none_or(|cell| cell.get().is_none()) {
            self.ciphertexts.expect_soon(self.items(next));
        }
        let Some(cell) = self.kept.get(index) else { return self.read(index).map(Cow::Owned) };
        if let Some(block) = cell.get() {
            return Ok(Cow::Borrowed(block));
        }
        let block = self.read(index)?;
        Ok(Cow::Borrowed(cell.get_or_init(|| block)))
    }
}
