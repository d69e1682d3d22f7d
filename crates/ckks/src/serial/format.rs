//! The fixed header.

use std::fmt;

use zerocopy::byteorder::little_endian::{U16, U64};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

use crate::keys::KeyId;
use crate::params::Parameters;

/// The format version that this program writes and reads.
pub(super) const VERSION: u16 = 2;

pub(super) const MAGIC: [u8; 8] = *b"ckksfile";
pub(super) const CHECKSUM: usize = 16;
/// Longest metadata in bytes. Longer ones are refused before anything is allocated.
pub(super) const MAX_METADATA: u64 = 64 << 20;

/// The kind of a file's contents: a short name, chosen by the layer that writes it.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct FileKind(pub(super) [u8; 16]);

impl FileKind {
    /// The secret key.
    pub const SECRET_KEY: Self = Self::new("secret key");
    /// The public encryption key.
    pub const PUBLIC_KEY: Self = Self::new("public key");
    /// One evaluation key.
    pub const EVALUATION_KEY: Self = Self::new("evaluation key");

    /// A kind with a name of at most 16 bytes.
    ///
    /// # Panics
    /// If the name is longer. In a constant this is a compile-time error.
    #[must_use]
    pub const fn new(name: &str) -> Self {
        let bytes = name.as_bytes();
        assert!(bytes.len() <= 16, "a file kind has at most 16 bytes");
        let mut kind = [0; 16];
        let mut i = 0;
        while i < bytes.len() {
            kind[i] = bytes[i];
            i += 1;
        }
        Self(kind)
    }
}

impl fmt::Display for FileKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&printable(&self.0))
    }
}

impl fmt::Debug for FileKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FileKind({self})")
    }
}

/// A file to be written.
#[derive(Clone, Copy)]
pub struct NewFile<'a> {
    /// Kind of the contents.
    pub kind: FileKind,
    /// The parameter set.
    pub parameters: &'a Parameters,
    /// The id of the secret key that the contents belong to.
    pub key_id: KeyId,
    /// Number of items.
    pub items: u64,
    /// Bytes for the layer above, which a [`Reader`](super::Reader) hands back.
    pub metadata: &'a [u8],
}

impl NewFile<'_> {
    /// What the file begins with, before its first item.
    #[must_use]
    pub fn beginning(&self) -> Vec<u8> {
        let header = Header::of(self).to_raw();
        [header.as_bytes(), self.metadata, &checksum(u64::MAX, 1, self.metadata)].concat()
    }
}

/// The header as bytes.
#[derive(FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned, Clone)]
#[repr(C)]
pub(super) struct RawHeader {
    pub(super) magic: [u8; 8],
    pub(super) version: U16,
    pub(super) reserved: [u8; 6],
    pub(super) kind: [u8; 16],
    pub(super) parameter_name: [u8; 40],
    pub(super) parameter_hash: [u8; 32],
    pub(super) key_id: [u8; 16],
    pub(super) items: U64,
    pub(super) metadata_length: U64,
    pub(super) checksum: [u8; CHECKSUM],
}

/// The header of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// Kind of the contents.
    pub kind: FileKind,
    /// Name of the parameter set.
    pub parameter_name: String,
    /// Hash of the parameter set.
    pub parameter_hash: [u8; 32],
    /// The id of the secret key that the contents belong to.
    pub key_id: KeyId,
    /// Number of items.
    pub items: u64,
    /// Length of the metadata in bytes.
    pub metadata_length: u64,
}

impl Header {
    pub(super) fn of(file: &NewFile<'_>) -> Self {
        Self {
            kind: file.kind,
            parameter_name: file.parameters.name().chars().take(40).collect(),
            parameter_hash: *file.parameters.hash(),
            key_id: file.key_id,
            items: file.items,
            metadata_length: file.metadata.len() as u64,
        }
    }

    pub(super) fn to_raw(&self) -> RawHeader {
        let mut parameter_name = [0; 40];
        for (to, from) in parameter_name.iter_mut().zip(self.parameter_name.bytes()) {
            *to = from;
        }
        let mut raw = RawHeader {
            magic: MAGIC,
            version: U16::new(VERSION),
            reserved: [0; 6],
            kind: self.kind.0,
            parameter_name,
            parameter_hash: self.parameter_hash,
            key_id: self.key_id.0,
            items: U64::new(self.items),
            metadata_length: U64::new(self.metadata_length),
            checksum: [0; CHECKSUM],
        };
        raw.checksum = raw.expected_checksum();
        raw
    }

    pub(super) fn from_raw(raw: &RawHeader) -> Self {
        Self {
            kind: FileKind(raw.kind),
            parameter_name: printable(&raw.parameter_name),
            parameter_hash: raw.parameter_hash,
            key_id: KeyId(raw.key_id),
            items: raw.items.get(),
            metadata_length: raw.metadata_length.get(),
        }
    }
}

impl RawHeader {
    pub(super) fn expected_checksum(&self) -> [u8; CHECKSUM] {
        let bytes = self.as_bytes();
        checksum(u64::MAX, 0, &bytes[..bytes.len() - CHECKSUM])
    }
}

/// The checksum of a chunk, which covers its position.
pub(super) fn checksum(item: u64, chunk: u64, bytes: &[u8]) -> [u8; CHECKSUM] {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&item.to_le_bytes());
    hasher.update(&chunk.to_le_bytes());
    hasher.update(bytes);
    let mut out = [0; CHECKSUM];
    out.copy_from_slice(&hasher.finalize().as_bytes()[..CHECKSUM]);
    out
}

/// Text of a zero-padded field, with unprintable characters escaped.
fn printable(field: &[u8]) -> String {
    let end = field.iter().position(|&b| b == 0).unwrap_or(field.len());
    field[..end].escape_ascii().to_string()
}
