//! Files: keys and ciphertexts, streamed, versioned, checksummed.
//!
//! ```text
//! header      152 bytes: magic, version, kind, parameter name and hash, key id, item count, metadata length, checksum
//! metadata    bytes of the layer above (JSON as a rule), then a checksum
//! item 0..    a record of purpose, level, scale and seed with its checksum, then one chunk a limb:
//!             residues of the limb, little-endian, in as few whole bytes as the prime needs, then a checksum
//! ```
//!
//! Checksums are the first 16 bytes of BLAKE3 over the chunk and its position, so chunks cannot be swapped unseen; they
//! guard against accidents, not against forgery. Residues are in the ring's NTT order (`docs/notes/ntt.md`), without the
//! padding that memory has; a residue that is not below its prime is refused.

mod atomic;
mod error;
mod format;
mod items;
mod pack;
mod reader;
mod resumable;
mod stored;
mod writer;

pub use atomic::AtomicFile;
pub use error::FileError;
pub use format::{FileKind, Header, NewFile};
pub use pack::file_bytes;
pub use reader::Reader;
pub use resumable::ResumableFile;
pub use stored::StoredCiphertexts;
pub use writer::Writer;
