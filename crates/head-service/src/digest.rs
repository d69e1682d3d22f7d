//! Digests: of chunks, of files by their chunks, of announcements, of tokens.

use fhe_head::files::{Digest, Tag};

use crate::api::NewUpload;

/// The digest of a chunk, which the client announces and the server verifies.
#[must_use]
pub fn chunk_digest(chunk: &[u8]) -> Digest {
    Tag(*blake3::hash(chunk).as_bytes())
}

/// The digest of a file as a whole, such as a head.
///
/// # Errors
/// Those of the reader.
pub fn content_digest(mut file: impl std::io::Read) -> std::io::Result<Digest> {
    let mut hasher = blake3::Hasher::new();
    hasher.update_reader(&mut file)?;
    Ok(Tag(*hasher.finalize().as_bytes()))
}

/// What names a file: a digest of its length and of the digests of its chunks, so that nobody reads a file twice to name it.
#[must_use]
pub fn file_digest(bytes: u64, chunks: &[Digest]) -> Digest {
    let mut hasher = blake3::Hasher::new_derive_key("train-head 2026-11 file of chunks");
    hasher.update(&bytes.to_le_bytes());
    chunks.iter().for_each(|chunk| {
        hasher.update(&chunk.0);
    });
    Tag(*hasher.finalize().as_bytes())
}

/// What names an upload: the same announcement has the same name.
pub(crate) fn upload_id(upload: &NewUpload) -> String {
    let mut hasher = blake3::Hasher::new_derive_key("train-head 2026-11 upload");
    hasher.update(&[upload.kind as u8]);
    for file in &upload.files {
        hasher.update(&(file.name.len() as u64).to_le_bytes()).update(file.name.as_bytes());
        hasher.update(&file_digest(file.bytes, &file.chunks).0);
    }
    let mut id = [0; 16];
    hasher.finalize_xof().fill(&mut id);
    Tag(id).to_hex()
}

/// What is kept of a token. It has 256 random bits, so that a plain hash hides it.
pub(crate) fn token_hash(token: &str) -> [u8; 32] {
    *blake3::Hasher::new_derive_key("train-head 2026-11 token").update(token.as_bytes()).finalize().as_bytes()
}
