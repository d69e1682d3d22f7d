//! Bundles: what one party hands the other, in one file. A tar archive, whose first entry lists the others with their digests. Nothing
//! that is secret goes in or comes out.
//!
//! ```text
//! manifest.json    format, parameter set, key, and of every entry path, kind, size, BLAKE3 digest
//! eval/            evaluation keys
//! data.enc, ..     encrypted data, samples, heads, scores, under their own names
//! ```

mod archive;
mod contents;
mod manifest;
mod pack;
mod unpack;

pub(crate) use pack::pack;
pub(crate) use unpack::{list, unpack, verify};
