//! Ciphertexts of a file, read where they lie: one at a time, in any order, by several threads.

use std::fs::File;
use std::io::{BufReader, Read};
use std::os::unix::fs::FileExt;
use std::sync::OnceLock;

use super::error::FileError;
use super::format::{FileKind, Header};
use super::reader::{Reader, Seen};
use crate::ciphertext::Ciphertext;
use crate::params::Parameters;

/// A file of ciphertexts that stays open. Of each item only its place is kept in memory.
///
/// Every read is checked against the checksums in the file, and against what the first read of the same item saw: a file that is changed
/// or cut while it is in use is an error, whatever its checksums say.
#[derive(Debug)]
pub struct StoredCiphertexts {
    file: File,
    name: String,
    header: Header,
    parameters: Parameters,
    /// Where each item starts, and where the last one ends.
    places: Vec<u64>,
    /// The level of each item.
    levels: Vec<u32>,
    /// What the first read of each item saw.
    seen: Vec<OnceLock<Seen>>,
}

impl StoredCiphertexts {
    /// Finds the ciphertexts in the first `length` bytes of a file, which errors call `name`. Only their records are read. Also returns
    /// the metadata.
    ///
    /// # Errors
    /// [`FileError`] if the file cannot be read or is damaged, is of another kind or parameter set, holds other items than ciphertexts, or does
    /// not end after the last one.
    pub fn open(
        file: File,
        length: u64,
        name: &str,
        (kind, parameters): (FileKind, &Parameters),
    ) -> Result<(Self, Vec<u8>), FileError> {
        let start = Positioned { file: &file, position: 0, end: length };
        let reader = Reader::new(BufReader::new(start), name)?;
        reader.expect_kind(kind)?;
        reader.expect_parameters(parameters)?;
        let (header, metadata) = (reader.header().clone(), reader.metadata().to_vec());
        let mut end = reader.first_item();
        drop(reader);
        // grows with what is there, not with what the header says
        let (mut places, mut levels) = (vec![end], Vec::new());
        for item in 0..header.items {
            let rest = Positioned { file: &file, position: end, end: length };
            let (size, level) = Reader::at(rest, name, &header, item).ciphertext_size(parameters)?;
            end += size;
            levels.push(level as u32);
            if end > length {
                let part = format!("item {item}");
                return Err(FileError::Truncated { file: name.to_owned(), part });
            }
            places.push(end);
        }
        if end < length {
            let reason = "bytes after the last item".to_owned();
            return Err(FileError::Invalid { file: name.to_owned(), reason });
        }
        let seen = places[1..].iter().map(|_| OnceLock::new()).collect();
        let (name, parameters) = (name.to_owned(), parameters.clone());
        Ok((Self { file, name, header, parameters, places, levels, seen }, metadata))
    }

    /// The header.
    #[must_use]
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// The name of the file in errors.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Number of ciphertexts.
    #[must_use]
    pub fn len(&self) -> usize {
        self.seen.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.seen.is_empty()
    }

    /// Bytes that ciphertext `index` takes in memory: both halves, in whole words. 0 if there is none.
    #[must_use]
    pub fn bytes_in_memory(&self, index: usize) -> u64 {
        let limbs = self.levels.get(index).map_or(0, |&level| level as usize + 1);
        (2 * limbs * self.parameters.degree() * size_of::<u64>()) as u64
    }

    /// Reads ciphertext `index`, counted from 0.
    ///
    /// # Errors
    /// [`FileError`] if there is none, the file cannot be read, is damaged, or was changed since the first read.
    pub fn read(&self, index: usize) -> Result<Ciphertext, FileError> {
        let (Some(seen), Some(&[position, end])) = (self.seen.get(index), self.places.get(index..index + 2))
        else {
            return Err(self.invalid(format!("no item {index} among {}", self.len())));
        };
        let input = Positioned { file: &self.file, position, end };
        let mut reader = Reader::at(input, &self.name, &self.header, index as u64);
        let ciphertext = reader.read_ciphertext(&self.parameters)?;
        match *seen.get_or_init(|| reader.seen()) == reader.seen() {
            true => Ok(ciphertext),
            false => Err(self.invalid(format!("item {index} was changed while the file was in use"))),
        }
    }

    /// Asks the system to have these ciphertexts at hand soon. It may not care.
    pub fn expect_soon(&self, items: std::ops::Range<usize>) {
        let place = |index: usize| self.places.get(index).copied();
        if let (Some(from), Some(to)) = (place(items.start), place(items.end))
            && let Some(length) = std::num::NonZeroU64::new(to - from)
        {
            // advice alone: a system that does not take it reads later
            let _ = rustix::fs::fadvise(&self.file, from, Some(length), rustix::fs::Advice::WillNeed);
        }
    }

    fn invalid(&self, reason: String) -> FileError {
        FileError::Invalid { file: self.name.clone(), reason }
    }
}

/// A file from a position on, without a cursor that threads would share.
struct Positioned<'a> {
    file: &'a File,
    position: u64,
    end: u64,
}

impl Read for Positioned<'_> {
    fn read(&mut self, bytes: &mut [u8]) -> std::io::Result<usize> {
        let left = usize::try_from(self.end.saturating_sub(self.position)).unwrap_or(usize::MAX);
        let most = bytes.len().min(left);
        let count = self.file.read_at(&mut bytes[..most], self.position)?;
        self.position += count as u64;
        Ok(count)
    }
}
