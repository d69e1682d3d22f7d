//! Writes files.

use std::io::Write;

use ckks_math::{Ntt, Poly};
use zeroize::Zeroizing;

use super::error::FileError;
use super::format::{NewFile, checksum};
use super::pack;

/// Writes items to a stream, one after the other.
pub struct Writer<W: Write> {
    out: W,
    name: String,
    declared: u64,
    written: u64,
    /// It may hold a secret key.
    buffer: Zeroizing<Vec<u8>>,
}

impl<W: Write> Writer<W> {
    /// Starts a file, which errors call `name`.
    ///
    /// # Errors
    /// [`FileError::Io`] if writing fails.
    pub fn new(out: W, name: &str, file: NewFile<'_>) -> Result<Self, FileError> {
        let mut writer = Self::resume(out, name, file.items, 0);
        writer.put(&file.beginning())?;
        Ok(writer)
    }

    /// Goes on with a file that was begun: `out` stands behind the first `written` of `items` items. That what comes before is whole, the
    /// caller knows.
    pub fn resume(out: W, name: &str, items: u64, written: u64) -> Self {
        Self { out, name: name.to_owned(), declared: items, written, buffer: Zeroizing::default() }
    }

    /// The stream. Between two items, what was written ends with a whole one.
    pub fn stream(&mut self) -> &mut W {
        &mut self.out
    }

    /// Ends the file and returns the stream.
    ///
    /// # Errors
    /// [`FileError::Invalid`] if the number of items written is not the declared one; [`FileError::Io`] if writing
    /// fails.
    pub fn finish(mut self) -> Result<W, FileError> {
        if self.written != self.declared {
            let reason = format!("{} items written, {} declared", self.written, self.declared);
            return Err(FileError::Invalid { file: self.name, reason });
        }
        self.out.flush().map_err(|e| FileError::io(&self.name, e))?;
        Ok(self.out)
    }

    /// Writes an item: its record, then the limbs of its polynomials.
    pub(super) fn write_item(&mut self, record: &[u8], polys: &[&Poly<Ntt>]) -> Result<(), FileError> {
        self.begin_item(record)?;
        let mut chunk = 1;
        for poly in polys {
            for limb in 0..poly.basis().limbs() {
                let width = pack::bytes_per_residue(*poly.modulus(limb));
                self.buffer.clear();
                pack::pack(poly.rows(limb), width, &mut self.buffer);
                self.put_chunk(chunk)?;
                chunk += 1;
            }
        }
        Ok(())
    }

    /// Writes an item of a record and some bytes.
    #[cfg(feature = "client")]
    pub(super) fn write_bytes(&mut self, record: &[u8], bytes: &[u8]) -> Result<(), FileError> {
        self.begin_item(record)?;
        self.buffer.clear();
        self.buffer.extend_from_slice(bytes);
        self.put_chunk(1)
    }

    fn begin_item(&mut self, record: &[u8]) -> Result<(), FileError> {
        self.written += 1;
        self.put(&(record.len() as u32).to_le_bytes())?;
        self.buffer.clear();
        self.buffer.extend_from_slice(record);
        self.put_chunk(0)
    }

    fn put_chunk(&mut self, chunk: u64) -> Result<(), FileError> {
        let sum = checksum(self.written - 1, chunk, &self.buffer);
        self.out
            .write_all(&self.buffer)
            .and_then(|()| self.out.write_all(&sum))
            .map_err(|e| FileError::io(&self.name, e))
    }

    fn put(&mut self, bytes: &[u8]) -> Result<(), FileError> {
        self.out.write_all(bytes).map_err(|e| FileError::io(&self.name, e))
    }
}
