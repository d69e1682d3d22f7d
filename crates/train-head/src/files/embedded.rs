//! Embeddings that an interrupted command had made: beside the file that they are for, as `TARGET.resumable.partial`. Private, like the texts.
//!
//! ```text
//! length of the header, the header in JSON: the encoder
//! for each text: its digest, whether it is longer than the encoder's window, its embedding, a checksum
//! ```

use std::io::{Read, Write};
use std::path::Path;

use fhe_head::ckks::serial::ResumableFile;
use serde::{Deserialize, Serialize};
use text_encoder::EncoderInfo;

use super::remembered::{DIGEST_BYTES, Remembered, TextDigest, made_alike};
use super::{expect_no_folder, shown};
use crate::exit::{Failure, Kind, Result, write_failure};
use crate::interrupt;

const FORMAT: &str = concat!("train-head embedded texts 1, text-encoder ", env!("CARGO_PKG_VERSION"));
const CHECKSUM: &str = "train-head 2026-12 embedded text";
const CHECKSUM_BYTES: usize = 16;
/// Longest header that is read.
const MOST_HEADER: u32 = 1 << 24;

/// What an interrupted command can say.
pub(crate) const RESUME: &str = "what is embedded is kept: the same command with --resume continues";

#[derive(Serialize, Deserialize)]
struct Header {
    format: String,
    encoder: EncoderInfo,
}

/// The file that grows.
pub(crate) struct Embedded {
    file: ResumableFile,
    name: String,
}

/// Refuses to start anew where an interrupted command can be continued.
///
/// # Errors
/// It left embeddings, and the flags ask neither to continue nor to overwrite.
pub(crate) fn expect_wanted(target: &Path, resume: bool, overwrite: bool) -> Result<()> {
    let partial = ResumableFile::place(target);
    // a process that was killed before anything was kept leaves an empty file
    let left = std::fs::symlink_metadata(&partial).is_ok_and(|found| found.len() > 0);
    if resume || overwrite || !left {
        return Ok(());
    }
    let message = format!("{} holds what an interrupted command had embedded", partial.display());
    Err(Failure::usage(message).help("--resume continues it; --overwrite starts anew and removes it"))
}

impl Embedded {
    /// Starts anew. Nothing is kept before the first embeddings are.
    ///
    /// # Errors
    /// A failed write; another process that is at it.
    pub(crate) fn begin(target: &Path, encoder: &EncoderInfo) -> Result<Self> {
        expect_no_folder(target)?;
        let file = ResumableFile::begin_private(target).map_err(write_failure)?;
        let mut new = Self { file, name: shown(ResumableFile::place(target)) };
        let header = Header { format: FORMAT.to_owned(), encoder: encoder.clone() };
        let header = serde_json::to_vec(&header)
            .map_err(|error| Failure::unexpected("cannot write the encoder as JSON").because(error))?;
        new.write(&[&(header.len() as u32).to_le_bytes()[..], &header].concat())?;
        Ok(new)
    }

    /// Takes up what an interrupted command left, and begins anew if there is nothing of this encoder.
    ///
    /// # Errors
    /// As [`Self::begin`]; a file that cannot be read.
    pub(crate) fn resume(target: &Path, encoder: &EncoderInfo) -> Result<(Self, Remembered)> {
        let name = shown(ResumableFile::place(target));
        if let Some(mut file) = ResumableFile::resume(target).map_err(write_failure)? {
            let read = match file.left() {
                Some(left) => read(std::io::BufReader::new(left), encoder)
                    .map_err(|error| Failure::io("read", Path::new(&name), Kind::File, error))?,
                None => None,
            };
            if let Some((earlier, length)) = read {
                file.cut(length).map_err(write_failure)?;
                interrupt::advise(RESUME);
                return Ok((Self { file, name }, earlier));
            }
        }
        Ok((Self::begin(target, encoder)?, Remembered::default()))
    }

    /// Adds the embedding of a text.
    ///
    /// # Errors
    /// A failed write.
    pub(crate) fn add(
        &mut self,
        text: &TextDigest,
        row: impl Iterator<Item = f32>,
        long: bool,
    ) -> Result<()> {
        let mut record = text.to_vec();
        record.push(u8::from(long));
        record.extend(row.flat_map(f32::to_le_bytes));
        record.extend(checksum(&record));
        self.write(&record)
    }

    /// Keeps what was added, however the process ends.
    ///
    /// # Errors
    /// A failed write.
    pub(crate) fn keep(&mut self) -> Result<()> {
        self.file
            .flush()
            .map_err(|error| Failure::io("write", Path::new(&self.name), Kind::Unexpected, error))?;
        self.file.keep();
        interrupt::advise(RESUME);
        Ok(())
    }

    /// Removes the file, when the embeddings are where they belong.
    pub(crate) fn discard(self) {
        self.file.discard();
    }

    fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.file
            .write_all(bytes)
            .map_err(|error| Failure::io("write", Path::new(&self.name), Kind::Unexpected, error))
    }
}

fn checksum(record: &[u8]) -> [u8; CHECKSUM_BYTES] {
    let mut sum = [0; CHECKSUM_BYTES];
    blake3::Hasher::new_derive_key(CHECKSUM).update(record).finalize_xof().fill(&mut sum);
    sum
}

/// The embeddings of this encoder, up to the first that is not whole, and the bytes that they take; `None` if there are none.
fn read(mut from: impl Read, encoder: &EncoderInfo) -> std::io::Result<Option<(Remembered, u64)>> {
    let mut length = [0; 4];
    if from.by_ref().take(4).read(&mut length)? < length.len() {
        return Ok(None);
    }
    let length = u32::from_le_bytes(length);
    let mut header = Vec::new();
    if length > MOST_HEADER {
        return Ok(None);
    }
    from.by_ref().take(u64::from(length)).read_to_end(&mut header)?;
    let Ok(Header { format, encoder: found }) = serde_json::from_slice(&header) else { return Ok(None) };
    if format != FORMAT || !made_alike(&found, encoder) {
        return Ok(None);
    }
    let row = 4 * encoder.dimension;
    let size = DIGEST_BYTES + 1 + row + CHECKSUM_BYTES;
    let (mut earlier, mut whole) = (Remembered::default(), 4 + u64::from(length));
    let mut record = Vec::with_capacity(size);
    loop {
        record.clear();
        from.by_ref().take(size as u64).read_to_end(&mut record)?;
        let parts = record.split_last_chunk::<CHECKSUM_BYTES>();
        let Some((body, _)) = parts.filter(|(body, sum)| record.len() == size && checksum(body) == **sum)
        else {
            return Ok(Some((earlier, whole)));
        };
        if let Some((text, [long, values @ ..])) = body.split_first_chunk() {
            let embedding = values.as_chunks().0.iter().map(|&raw| f32::from_le_bytes(raw)).collect();
            earlier.insert(*text, embedding, *long == 1);
        }
        whole += size as u64;
    }
}
