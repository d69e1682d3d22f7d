//! Files in a bucket. Each chunk is an object of its own: chunks arrive in any order, and each must be durable before it is answered, which the
//! parts of one large object are not.
//!
//! ```text
//! owner                                  the service that the bucket, or its prefix, belongs to
//! blobs/PROJECT/DIGEST/NUMBER            chunks of uploads and messages
//! jobs/PROJECT/JOB/out/NUMBER            heads and scores
//! jobs/PROJECT/JOB/checkpoint            which state a training goes on from
//! jobs/PROJECT/JOB/states/TIME/NUMBER    that state
//! jobs/PROJECT/JOB/stop                  the answer that ends a training
//! ```

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

use axum::body::Bytes;
use fhe_head::files::{Digest, Tag};

use super::objects::Objects;
use crate::api::CHUNK_BYTES;
use crate::digest::chunk_digest;
use crate::store::Blob;

/// Chunks of a file that are fetched at a time.
const AT_ONCE: usize = 4;

/// Asks whether somebody still wants what takes long.
pub(crate) type Wanted<'a> = &'a (dyn Fn() -> bool + Sync);

/// Files in a bucket.
#[derive(Debug)]
pub(super) struct Far(pub(super) Box<dyn Objects>);

fn chunk_name(blob: &Blob, number: usize) -> String {
    format!("blobs/{}/{}/{number}", blob.project, blob.digest.to_hex())
}

impl Far {
    /// Writes a chunk.
    pub(super) fn put_chunk(&self, blob: &Blob, number: u64, chunk: Bytes) -> io::Result<()> {
        self.0.put(&chunk_name(blob, number as usize), chunk)
    }

    /// Writes a file that lies here.
    pub(super) fn put_blob(&self, blob: &Blob, file: &Path) -> io::Result<()> {
        self.put_file(file, |number| chunk_name(blob, number)).map(|_| ())
    }

    /// Fetches the chunks that a file here lacks. What it has is not trusted: after a crash, or in another folder, parts of it may be missing.
    pub(super) fn complete(
        &self,
        blob: &Blob,
        chunks: &[Digest],
        file: &File,
        wanted: Wanted<'_>,
    ) -> io::Result<()> {
        file.set_len(blob.bytes)?;
        let (next, failed) = (AtomicUsize::new(0), Mutex::new(None));
        let one_after_another = || {
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                let Some(digest) = chunks.get(number) else { return };
                let result = match wanted() {
                    true => self.complete_chunk(blob, number, digest, file),
                    false => {
                        Err(io::Error::new(io::ErrorKind::Interrupted, "nobody wants the file any more"))
                    }
                };
                if let Err(error) = result {
                    // the others end as well
                    next.store(chunks.len(), Ordering::Relaxed);
                    failed.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
                    return;
                }
            }
        };
        thread::scope(|scope| {
            for _ in 1..AT_ONCE.min(chunks.len()) {
                scope.spawn(one_after_another);
            }
            one_after_another();
        });
        failed.into_inner().unwrap_or_else(PoisonError::into_inner).map_or(Ok(()), Err)
    }

    fn complete_chunk(&self, blob: &Blob, number: usize, digest: &Digest, file: &File) -> io::Result<()> {
        let begin = number as u64 * CHUNK_BYTES;
        let mut here = vec![0; CHUNK_BYTES.min(blob.bytes.saturating_sub(begin)) as usize];
        file.read_exact_at(&mut here, begin)?;
        if chunk_digest(&here) == *digest {
            return Ok(());
        }
        let chunk = self.0.get(&chunk_name(blob, number))?;
        if chunk.len() != here.len() || chunk_digest(&chunk) != *digest {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                "the bucket has another chunk than was sent",
            ));
        }
        file.write_all_at(&chunk, begin)
    }

    /// Removes a file.
    pub(super) fn remove_blob(&self, blob: &Blob) -> io::Result<()> {
        let chunks = blob.bytes.div_ceil(CHUNK_BYTES) as usize;
        self.0.remove((0..chunks).map(|number| chunk_name(blob, number)).collect())
    }

    /// Removes what is in folders that the database does not know: what a crash left between the two. `folder` has a folder for each project.
    pub(super) fn remove_strays(&self, folder: &str, is_known: impl Fn(i64, &str) -> bool) -> io::Result<()> {
        let mut strays = Vec::new();
        self.0.list(folder, &mut |name| {
            let mut parts = name.split('/').skip(1);
            let place = (parts.next().and_then(|project| project.parse().ok()), parts.next());
            if let (Some(project), Some(object)) = place
                && !is_known(project, object)
            {
                strays.push(name.to_owned());
            }
        })?;
        self.0.remove(strays)
    }

    /// Writes a file in chunks, each under its name. Returns length and digest of the file as a whole.
    pub(super) fn put_file(&self, file: &Path, name: impl Fn(usize) -> String) -> io::Result<(u64, Digest)> {
        let (mut file, mut bytes, mut hasher) = (File::open(file)?, 0, blake3::Hasher::new());
        for number in 0.. {
            let mut chunk = Vec::new();
            (&mut file).take(CHUNK_BYTES).read_to_end(&mut chunk)?;
            if chunk.is_empty() {
                break;
            }
            bytes += chunk.len() as u64;
            hasher.update(&chunk);
            self.0.put(&name(number), Bytes::from(chunk))?;
        }
        Ok((bytes, Tag(*hasher.finalize().as_bytes())))
    }

    /// Fetches a file of this length and digest into its place, where it is once it is whole.
    pub(super) fn get_file(
        &self,
        to: &Path,
        (bytes, digest): (u64, &Digest),
        name: impl Fn(usize) -> String,
    ) -> io::Result<()> {
        use std::io::Write;
        let new = to.with_extension("fetched");
        to.parent().map_or(Ok(()), crate::place::private_folder)?;
        let (mut file, mut hasher) = (File::create(&new)?, blake3::Hasher::new());
        for number in 0..bytes.div_ceil(CHUNK_BYTES) as usize {
            let chunk = self.0.get(&name(number))?;
            hasher.update(&chunk);
            file.write_all(&chunk)?;
        }
        if hasher.count() != bytes || hasher.finalize().as_bytes() != &digest.0 {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                "the bucket has another file than was kept",
            ));
        }
        file.sync_all()?;
        std::fs::rename(new, to)?;
        to.parent().map_or(Ok(()), crate::place::sync_folder)
    }
}
