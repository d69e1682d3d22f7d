//! Reads files.

use std::fs::File;
use std::io::{BufReader, ErrorKind, Read};
use std::path::Path;

use ckks_math::{Basis, Ntt, Poly};
use zerocopy::FromBytes;
use zerocopy::IntoBytes;

use super::error::FileError;
use super::format::{CHECKSUM, FileKind, Header, MAGIC, MAX_METADATA, RawHeader, VERSION, checksum};
use super::pack;
use crate::keys::KeyId;
use crate::params::Parameters;

/// Reads items from a stream, one after the other.
pub struct Reader<R: Read> {
    input: R,
    name: String,
    header: Header,
    metadata: Vec<u8>,
    read: u64,
    buffer: Vec<u8>,
    /// Digest of the checksums of all chunks so far.
    sums: blake3::Hasher,
}

/// Digest of what was read.
pub(super) type Seen = blake3::Hash;

impl Reader<BufReader<File>> {
    /// Opens a file of this kind.
    ///
    /// # Errors
    /// [`FileError`] if it cannot be read, its header or metadata are damaged, or it is of another kind.
    pub fn open(path: &Path, kind: FileKind) -> Result<Self, FileError> {
        let reader = Self::open_any(path)?;
        reader.expect_kind(kind)?;
        Ok(reader)
    }

    /// Opens a file of any kind, for a look at its header.
    ///
    /// # Errors
    /// [`FileError`] if it cannot be read or its header or metadata are damaged.
    pub fn open_any(path: &Path) -> Result<Self, FileError> {
        let file = File::open(path).map_err(|e| FileError::io_at(path, e))?;
        Self::new(BufReader::with_capacity(1 << 20, file), &path.display().to_string())
    }
}

impl<R: Read> Reader<R> {
    /// Reads header and metadata from a stream, which errors call `name`.
    ///
    /// # Errors
    /// [`FileError`] if they cannot be read or are damaged.
    pub fn new(mut input: R, name: &str) -> Result<Self, FileError> {
        let mut bytes = [0; size_of::<RawHeader>()];
        read_exact(&mut input, &mut bytes, name, "the header")?;
        let Ok(raw) = RawHeader::read_from_bytes(&bytes) else { unreachable!("a header of its own size") };
        let file = || name.to_owned();
        if raw.magic != MAGIC {
            return Err(FileError::Magic { file: file(), found: raw.magic });
        }
        if raw.version.get() != VERSION {
            return Err(FileError::Version { file: file(), expected: VERSION, found: raw.version.get() });
        }
        if raw.checksum != raw.expected_checksum() {
            return Err(FileError::Checksum { file: file(), part: "the header".into() });
        }
        let header = Header::from_raw(&raw);
        if header.metadata_length > MAX_METADATA {
            let reason = format!("{} bytes of metadata", header.metadata_length);
            return Err(FileError::Invalid { file: file(), reason });
        }
        // grows with what is there, not with what the header says
        let mut metadata = Vec::new();
        let read = (&mut input).take(header.metadata_length).read_to_end(&mut metadata);
        if (read.map_err(|error| FileError::io(name, error))? as u64) < header.metadata_length {
            return Err(FileError::Truncated { file: file(), part: "the metadata".into() });
        }
        let mut sum = [0; CHECKSUM];
        read_exact(&mut input, &mut sum, name, "the metadata")?;
        if sum != checksum(u64::MAX, 1, &metadata) {
            return Err(FileError::Checksum { file: file(), part: "the metadata".into() });
        }
        let sums = blake3::Hasher::new();
        Ok(Self { input, name: file(), header, metadata, read: 0, buffer: Vec::new(), sums })
    }

    /// Reads item `index` of a file with this header from its own beginning.
    pub(super) fn at(input: R, name: &str, header: &Header, index: u64) -> Self {
        let (header, metadata, buffer) = (header.clone(), Vec::new(), Vec::new());
        Self {
            input,
            name: name.to_owned(),
            header,
            metadata,
            read: index,
            buffer,
            sums: blake3::Hasher::new(),
        }
    }

    /// Where the first item lies.
    pub(super) fn first_item(&self) -> u64 {
        size_of::<RawHeader>() as u64 + self.header.metadata_length + CHECKSUM as u64
    }

    /// Digest of what was read of the items.
    pub(super) fn seen(&self) -> Seen {
        self.sums.finalize()
    }

    /// The name of the stream in errors.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The header.
    #[must_use]
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// The metadata, written by the layer above.
    #[must_use]
    pub fn metadata(&self) -> &[u8] {
        &self.metadata
    }

    /// Number of items that are still to be read.
    #[must_use]
    pub fn remaining(&self) -> u64 {
        self.header.items - self.read
    }

    /// Refuses a file of another kind.
    ///
    /// # Errors
    /// [`FileError::Kind`] if the kinds differ.
    pub fn expect_kind(&self, kind: FileKind) -> Result<(), FileError> {
        if self.header.kind == kind {
            return Ok(());
        }
        let (expected, found) = (kind.to_string(), self.header.kind.to_string());
        Err(FileError::Kind { file: self.name.clone(), expected, found })
    }

    /// Refuses a file of another parameter set.
    ///
    /// # Errors
    /// [`FileError::Parameters`] if the sets differ.
    pub fn expect_parameters(&self, parameters: &Parameters) -> Result<(), FileError> {
        if self.header.parameter_hash == *parameters.hash() {
            return Ok(());
        }
        let describe =
            |name: &str, hash: &[u8; 32]| format!("{name} ({:02x}{:02x}{:02x})", hash[0], hash[1], hash[2]);
        Err(FileError::Parameters {
            file: self.name.clone(),
            expected: describe(parameters.name(), parameters.hash()),
            found: describe(&self.header.parameter_name, &self.header.parameter_hash),
        })
    }

    /// Refuses a file under another secret key.
    ///
    /// # Errors
    /// [`FileError::Key`] if the key ids differ.
    pub fn expect_key(&self, key_id: KeyId) -> Result<(), FileError> {
        if self.header.key_id == key_id {
            return Ok(());
        }
        let (expected, found) = (key_id.to_string(), self.header.key_id.to_string());
        Err(FileError::Key { file: self.name.clone(), expected, found })
    }

    /// Checks that the file ends after its last item.
    ///
    /// # Errors
    /// [`FileError::Invalid`] if items are left or bytes follow.
    pub fn finish(mut self) -> Result<(), FileError> {
        if self.remaining() > 0 {
            let reason = format!("{} items were not read", self.remaining());
            return Err(self.invalid(reason));
        }
        let mut byte = [0];
        match self.input.read(&mut byte) {
            Ok(0) => Ok(()),
            Ok(_) => Err(self.invalid("bytes after the last item".into())),
            Err(e) => Err(FileError::io(&self.name, e)),
        }
    }

    pub(super) fn invalid(&self, reason: String) -> FileError {
        FileError::Invalid { file: self.name.clone(), reason }
    }

    /// The record of the next item.
    pub(super) fn next_record(&mut self, limit: usize) -> Result<Vec<u8>, FileError> {
        if self.remaining() == 0 {
            return Err(self.invalid("no item left".into()));
        }
        let mut length = [0; 4];
        read_exact(&mut self.input, &mut length, &self.name, "an item's record")?;
        let length = u32::from_le_bytes(length) as usize;
        if length > limit {
            return Err(self.invalid(format!("an item's record of {length} bytes")));
        }
        self.read += 1;
        self.read_chunk(0, length)?;
        Ok(self.buffer.clone())
    }

    /// Reads a polynomial of the current item. Its limbs are the chunks from `first_chunk` on.
    pub(super) fn read_poly(
        &mut self,
        parameters: &Parameters,
        basis: Basis,
        first_chunk: u64,
    ) -> Result<Poly<Ntt>, FileError> {
        Poly::try_written(parameters.ring(), basis, |poly, limb| {
            let modulus = *poly.modulus(limb);
            let width = pack::bytes_per_residue(modulus);
            self.read_chunk(first_chunk + limb as u64, width * parameters.degree())?;
            match pack::unpack(&self.buffer, width, modulus, poly.rows_mut(limb)) {
                Some(()) => Ok(()),
                None => {
                    let item = self.read - 1;
                    Err(self.invalid(format!("item {item}, limb {limb}: a residue is not below its prime")))
                }
            }
        })
    }

    /// The bytes of the current item's only chunk.
    #[cfg(feature = "client")]
    pub(super) fn read_bytes(&mut self, length: usize) -> Result<&[u8], FileError> {
        self.read_chunk(1, length)?;
        Ok(&self.buffer)
    }

    fn read_chunk(&mut self, chunk: u64, length: usize) -> Result<(), FileError> {
        let item = self.read - 1;
        let part = || format!("item {item}, chunk {chunk}");
        self.buffer.resize(length, 0);
        let mut sum = [0; CHECKSUM];
        read_exact(&mut self.input, &mut self.buffer, &self.name, &part())?;
        read_exact(&mut self.input, &mut sum, &self.name, &part())?;
        if sum != checksum(item, chunk, &self.buffer) {
            return Err(FileError::Checksum { file: self.name.clone(), part: part() });
        }
        self.sums.update(&sum);
        Ok(())
    }
}

impl<R: Read> Drop for Reader<R> {
    fn drop(&mut self) {
        // The buffer may hold a secret key.
        zeroize::Zeroize::zeroize(&mut self.buffer);
    }
}

fn read_exact(input: &mut impl Read, bytes: &mut [u8], name: &str, part: &str) -> Result<(), FileError> {
    input.read_exact(bytes.as_mut_bytes()).map_err(|e| match e.kind() {
        ErrorKind::UnexpectedEof => FileError::Truncated { file: name.to_owned(), part: part.to_owned() },
        _ => FileError::io(name, e),
    })
}
