//! The archive: a tar file of plain files, written in one way alone. A reader therefore knows every byte that is not content, and refuses
//! any other: links, devices, directories, long names, padding that holds something, bytes after the end.

use std::io::{self, Read};

/// Size of a block.
const BLOCK: usize = 512;
/// Zeros at the end.
const END: usize = 2 * BLOCK;

/// The header of a plain file, the same for every machine and day, so that equal files make equal bundles.
///
/// # Errors
/// A name of more than 100 bytes.
pub(super) fn header(path: &str, bytes: u64) -> io::Result<tar::Header> {
    let mut header = tar::Header::new_gnu();
    header.set_path(path)?;
    header.set_size(bytes);
    header.set_mode(0o644);
    header.set_mtime(0);
    header.set_cksum();
    Ok(header)
}

/// Why an archive cannot be read.
#[derive(Debug)]
pub(super) enum Problem {
    /// It ends too early.
    Short,
    /// The operating system refused to read.
    Read(io::Error),
    /// A header, padding or the end is not as it is written.
    Odd,
}

/// Reads an archive from front to back.
pub(super) struct Archive<R> {
    from: R,
    /// Zeros between the contents of the entry that was read last and the next header.
    padding: usize,
}

impl From<io::Error> for Problem {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::UnexpectedEof { Self::Short } else { Self::Read(error) }
    }
}

impl<R: Read> Archive<R> {
    /// The archive in a file.
    pub(super) fn new(from: R) -> Self {
        Self { from, padding: 0 }
    }

    /// Starts an entry of this name, and of this size if that is known. Returns its size; its contents are the next bytes of
    /// [`contents`](Self::contents).
    ///
    /// # Errors
    /// Another entry, or none; a header that is not one of a plain file.
    pub(super) fn entry(&mut self, path: &str, size: Option<u64>) -> Result<u64, Problem> {
        self.zeros(self.padding)?;
        let mut found = [0; BLOCK];
        self.from.read_exact(&mut found)?;
        let found = tar::Header::from_byte_slice(&found);
        let bytes = match size {
            Some(bytes) => bytes,
            None => found.entry_size().map_err(|_| Problem::Odd)?,
        };
        let expected = header(path, bytes).map_err(|_| Problem::Odd)?;
        if found.as_bytes() != expected.as_bytes() {
            return Err(Problem::Odd);
        }
        self.padding = (BLOCK - (bytes % BLOCK as u64) as usize) % BLOCK;
        Ok(bytes)
    }

    /// The contents of the entry: exactly its size must be read.
    pub(super) fn contents(&mut self) -> &mut R {
        &mut self.from
    }

    /// Checks that nothing follows the last entry.
    ///
    /// # Errors
    /// Something does, or the end is lacking.
    pub(super) fn end(mut self) -> Result<(), Problem> {
        self.zeros(self.padding + END)?;
        match self.from.read(&mut [0])? {
            0 => Ok(()),
            _ => Err(Problem::Odd),
        }
    }

    fn zeros(&mut self, count: usize) -> Result<(), Problem> {
        let mut found = [0; BLOCK + END];
        self.from.read_exact(&mut found[..count])?;
        if found[..count].iter().all(|byte| *byte == 0) { Ok(()) } else { Err(Problem::Odd) }
    }
}
