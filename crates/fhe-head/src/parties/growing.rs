//! Files of ciphertexts that the data party writes block by block, and can go on with after an interruption.
//!
//! Every ciphertext has randomness of its own, drawn when it is made. A block that was cut is encrypted anew, so that nothing is encrypted
//! twice under the same randomness.

use std::io::Write;
use std::ops::Range;

use ckks::serial::{FileKind, NewFile, Writer};
use ckks::{FreshCiphertext, KeyId, Parameters};

use super::origin::Origin;
use crate::error::{Error, Result};

/// Ciphertexts encrypted at once: enough work for every core, little memory.
const AT_ONCE: usize = 32;

/// Encrypts some ciphertexts of a block.
pub type BlockParts<'a> = Box<dyn Fn(Range<usize>) -> Result<Vec<FreshCiphertext>> + 'a>;

/// What is encrypted, block by block: [`super::client::DataEncryptor`] and [`super::client::SampleEncryptor`].
pub trait BlockSource {
    /// The kind of the file.
    fn kind(&self) -> FileKind;

    /// The parameter set.
    fn parameters(&self) -> &Parameters;

    /// Id of the secret key.
    fn key_id(&self) -> KeyId;

    /// The blocks, as the job counts them.
    fn blocks(&self) -> Range<usize>;

    /// Ciphertexts of a block.
    fn block_length(&self) -> usize;

    /// Reads what a block encrypts.
    ///
    /// # Errors
    /// Whatever prevents having it.
    fn block(&self, block: usize) -> Result<BlockParts<'_>>;

    /// What follows the blocks.
    ///
    /// # Errors
    /// Values that do not fit.
    fn behind(&self) -> Result<Vec<FreshCiphertext>>;

    /// The metadata of a file, which errors call `name`. `behind`: whether something follows the blocks.
    ///
    /// # Errors
    /// None in practice: jobs can be written as JSON.
    fn metadata(&self, origin: &Origin, behind: bool, name: &str) -> Result<Vec<u8>>;
}

/// Writes a file block by block.
pub struct BlockWriter<'a, W: Write> {
    writer: Writer<W>,
    source: &'a dyn BlockSource,
    left: Range<usize>,
    /// Ciphertexts in the file.
    written: usize,
    behind: Vec<FreshCiphertext>,
}

/// What the file of a source begins with, before its first block. A file that begins so is of the same job, origin, key and length.
///
/// # Errors
/// Those of [`BlockSource::behind`] and [`BlockSource::metadata`].
pub fn beginning(source: &dyn BlockSource, origin: &Origin, name: &str) -> Result<Vec<u8>> {
    let behind = source.behind()?.len();
    let metadata = source.metadata(origin, behind > 0, name)?;
    Ok(NewFile { metadata: &metadata, ..file(source, behind) }.beginning())
}

fn file(source: &dyn BlockSource, behind: usize) -> NewFile<'_> {
    NewFile {
        kind: source.kind(),
        parameters: source.parameters(),
        key_id: source.key_id(),
        items: (source.blocks().len() * source.block_length() + behind) as u64,
        metadata: &[],
    }
}

impl<'a, W: Write> BlockWriter<'a, W> {
    /// Starts a file, which errors call `name`.
    ///
    /// # Errors
    /// Those of [`beginning`]; [`Error::File`] if writing fails.
    pub fn begin(out: W, name: &str, source: &'a dyn BlockSource, origin: &Origin) -> Result<Self> {
        let behind = source.behind()?;
        let metadata = source.metadata(origin, !behind.is_empty(), name)?;
        let writer = Writer::new(out, name, NewFile { metadata: &metadata, ..file(source, behind.len()) })?;
        Ok(Self { writer, source, left: source.blocks(), written: 0, behind })
    }

    /// Goes on with a file: `out` stands behind the [`beginning`] and `blocks` whole blocks.
    ///
    /// # Errors
    /// [`Error::Shape`] if the source has fewer blocks; those of [`BlockSource::behind`].
    pub fn resume(out: W, name: &str, source: &'a dyn BlockSource, blocks: usize) -> Result<Self> {
        let (behind, all) = (source.behind()?, source.blocks());
        if blocks > all.len() {
            return Err(Error::Shape { what: "blocks", expected: all.len(), got: blocks });
        }
        let written = blocks * source.block_length();
        let writer = Writer::resume(out, name, file(source, behind.len()).items, written as u64);
        Ok(Self { writer, source, left: all.start + blocks..all.end, written, behind })
    }

    /// Blocks that are not written yet.
    pub fn left(&self) -> usize {
        self.left.len()
    }

    /// Ciphertexts in the file.
    pub fn written(&self) -> usize {
        self.written
    }

    /// The stream, which ends with a whole block.
    pub fn stream(&mut self) -> &mut W {
        self.writer.stream()
    }

    /// Encrypts and writes the next block, some ciphertexts at a time; false if there is none. `observe` gets the number of ciphertexts in
    /// the file, and can stop the work with an error of its own type.
    ///
    /// # Errors
    /// Those of the source and of `observe`; [`Error::File`] if writing fails.
    pub fn block<X: From<Error>>(
        &mut self,
        mut observe: impl FnMut(usize) -> Result<(), X>,
    ) -> Result<bool, X> {
        let Some(block) = self.left.next() else { return Ok(false) };
        let parts = self.source.block(block)?;
        let length = self.source.block_length();
        for start in (0..length).step_by(AT_ONCE) {
            let part = start..(start + AT_ONCE).min(length);
            let count = part.len();
            for ciphertext in parts(part)? {
                self.writer.write_fresh(&ciphertext).map_err(Error::from)?;
            }
            self.written += count;
            observe(self.written)?;
        }
        Ok(true)
    }

    /// Writes what follows the blocks, and returns the stream.
    ///
    /// # Errors
    /// [`Error::File`] if writing fails, or blocks are left.
    pub fn finish(mut self) -> Result<W> {
        for ciphertext in &self.behind {
            self.writer.write_fresh(ciphertext)?;
        }
        Ok(self.writer.finish()?)
    }

    /// Writes all that is left, and returns the stream. `observe` as for [`Self::block`].
    ///
    /// # Errors
    /// Those of [`Self::block`] and [`Self::finish`].
    pub fn rest<X: From<Error>>(mut self, mut observe: impl FnMut(usize) -> Result<(), X>) -> Result<W, X> {
        while self.block(&mut observe)? {}
        observe(self.written + self.behind.len())?;
        Ok(self.finish()?)
    }
}
