//! Files of ciphertexts and keys, and where they are kept: in a folder, or in a bucket with copies in the folder.
//!
//! - this file: what both have in common;
//! - [`files`]: the folder;
//! - [`far`]: files in a bucket, each chunk an object;
//! - [`jobs`]: results and checkpoints there;
//! - [`objects`]: what the bucket must do; [`s3`] does it.
//!
//! With a bucket, what was answered lies there. The folder has copies, since jobs map and reread their files: those that were wanted least recently
//! are removed once they take more than they may.

mod far;
mod files;
mod jobs;
mod objects;
#[cfg(feature = "s3")]
mod s3;
#[cfg(test)]
mod tests;

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard};
use std::time::SystemTime;

use axum::body::Bytes;
use fhe_head::files::Digest;

use crate::options::Bucket;
use crate::place::Place;
use crate::problem::{Answer, Problem};
use crate::store::{Blob, Store};
use far::Far;
use files::Files;

pub(crate) use far::Wanted;
pub(crate) use jobs::JobName;

/// Files that are fetched at a time, as a rule.
const FETCHED: usize = 16;

/// The files.
#[derive(Debug)]
pub(crate) struct Blobs {
    files: Files,
    bucket: Option<Copied>,
}

/// A bucket, and what is known of the copies in the folder.
#[derive(Debug)]
struct Copied {
    far: Far,
    /// Bytes that copies may take; half of the disk if `None`.
    most: Option<u64>,
    /// Those who want one file wait for each other, by its digest.
    fetching: [Mutex<()>; FETCHED],
    /// Held by whoever counts on copies to stay.
    wanted: RwLock<()>,
}

impl Copied {
    fn new(far: Far, most: Option<u64>) -> Self {
        Self { far, most, fetching: Default::default(), wanted: RwLock::default() }
    }

    /// Waits for others who fetch the same file.
    fn turn(&self, digest: &Digest) -> MutexGuard<'_, ()> {
        let number = usize::from(digest.0[0]) % FETCHED;
        self.fetching[number].lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// As long as it lives, copies in the folder stay.
#[derive(Debug)]
pub(crate) struct Held<'a> {
    _wanted: Option<RwLockReadGuard<'a, ()>>,
}

impl Blobs {
    /// The files in a folder, or in a bucket if one is named.
    ///
    /// # Errors
    /// A bucket that cannot be, or that this build knows nothing of.
    pub(crate) fn open(place: &Place, bucket: Option<&Bucket>) -> Result<Self, String> {
        let copied = |bucket: &Bucket| {
            bucket.expect_usable()?;
            Ok::<_, String>(Copied::new(far(bucket)?, bucket.copies))
        };
        Ok(Self { files: Files::new(place), bucket: bucket.map(copied).transpose()? })
    }

    /// Makes the bucket this service's, or sees that it is. Then nobody else's files are taken for what a crash left.
    ///
    /// # Errors
    /// Another service's bucket, none where the files are in one, or one that does not answer.
    pub(crate) fn claim(&self, store: &Store, new_id: &str) -> Answer<()> {
        let refuse = |why: &str| Err(Problem::conflict(why));
        let known = store.bucket()?;
        let Some(Copied { far, .. }) = &self.bucket else {
            return match known {
                None => Ok(()),
                Some(_) => refuse("the files of this service are in one, and none is named"),
            };
        };
        let owner = match far.0.get(OWNER) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            owner => Some(owner?),
        };
        let is_empty = store.blob_names()?.is_empty() && store.job_names()?.is_empty();
        match (known, owner) {
            (Some(id), Some(owner)) if *owner == *id.as_bytes() => Ok(()),
            (_, Some(_)) => refuse("it belongs to another service; choose another prefix"),
            (_, None) if !is_empty => {
                refuse("it does not have the files of this service; a bucket is for a new service")
            }
            (known, None) => {
                let id = known.unwrap_or_else(|| new_id.to_owned());
                // first here: a bucket that is claimed and that nobody knows would be nobody's
                store.set_bucket(&id)?;
                Ok(far.0.put(OWNER, Bytes::from(id))?)
            }
        }
    }

    /// Writes a chunk that was verified. It is durable then.
    pub(crate) fn write(&self, blob: &Blob, number: u64, chunk: Vec<u8>) -> io::Result<()> {
        match &self.bucket {
            None => self.files.write(blob, number, &chunk),
            Some(Copied { far, .. }) => {
                let chunk = Bytes::from(chunk);
                far.put_chunk(blob, number, chunk.clone())?;
                self.files.write_copy(blob, number, &chunk)
            }
        }
    }

    /// Opens a file that is whole, or whose chunks have all arrived.
    pub(crate) fn open_file(
        &self,
        blob: &Blob,
        chunks: impl FnOnce() -> Answer<Vec<Digest>>,
    ) -> Answer<File> {
        if self.bucket.is_none() {
            return Ok(match blob.whole {
                true => File::open(self.files.path(blob))?,
                false => self.files.open_arriving(blob)?,
            });
        }
        let _held = self.hold();
        Ok(File::open(self.obtain(blob, chunks, &|| true)?)?)
    }

    /// Where a whole file is, which is fetched first if there is no copy. It stays there as long as somebody [holds](Self::hold) it.
    pub(crate) fn obtain(
        &self,
        blob: &Blob,
        chunks: impl FnOnce() -> Answer<Vec<Digest>>,
        wanted: Wanted<'_>,
    ) -> Answer<PathBuf> {
        let path = self.files.path(blob);
        let Some(copied) = &self.bucket else { return Ok(path) };
        let (far, _turn) = (&copied.far, copied.turn(&blob.digest));
        match File::open(&path) {
            Ok(copy) => copy.set_modified(SystemTime::now())?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                far.complete(blob, &chunks()?, &self.files.open_to_write(blob)?, wanted)?;
                self.files.settle(blob)?;
            }
            Err(error) => return Err(error.into()),
        }
        Ok(path)
    }

    /// Keeps copies where they are until the answer is dropped.
    pub(crate) fn hold(&self) -> Held<'_> {
        let Some(Copied { wanted, .. }) = &self.bucket else { return Held { _wanted: None } };
        Held { _wanted: Some(wanted.read().unwrap_or_else(PoisonError::into_inner)) }
    }

    /// Moves a file whose chunks have all arrived to its place. From then on nobody writes to it.
    pub(crate) fn settle(&self, blob: &Blob) -> io::Result<()> {
        match self.bucket {
            None => self.files.settle(blob),
            // it was when it was opened, and may be gone again
            Some(_) => Ok(()),
        }
    }

    /// Makes a file of the service's own, which nobody writes to any more, one of a project's.
    pub(crate) fn link(&self, from: &Path, blob: &Blob) -> io::Result<()> {
        if let Some(Copied { far, .. }) = &self.bucket {
            far.put_blob(blob, from)?;
        }
        self.files.link(from, blob)
    }

    /// Removes a file.
    pub(crate) fn remove(&self, blob: &Blob) -> io::Result<()> {
        self.files.remove(blob)?;
        self.bucket.as_ref().map_or(Ok(()), |copied| copied.far.remove_blob(blob))
    }

    /// Removes files that the database does not know: what a crash left between the two.
    pub(crate) fn remove_strays(&self, is_known: impl Fn(i64, &str) -> bool) -> io::Result<()> {
        self.files.remove_strays(&is_known)?;
        self.bucket.as_ref().map_or(Ok(()), |copied| copied.far.remove_strays("blobs", &is_known))
    }

    /// Makes room for copies of these files before they are fetched.
    pub(crate) fn make_room<'a>(&self, blobs: impl Iterator<Item = &'a Blob>) -> io::Result<()> {
        if self.bucket.is_none() {
            return Ok(());
        }
        let mut more = 0;
        for blob in blobs {
            match File::open(self.files.path(blob)) {
                Ok(copy) => copy.set_modified(SystemTime::now())?,
                Err(_) => more += blob.bytes,
            }
        }
        self.trim(more)
    }

    /// Removes the copies that were wanted least recently, if all and so many bytes more take more than they may. Not while somebody counts
    /// on one.
    pub(crate) fn trim(&self, more: u64) -> io::Result<()> {
        let Some(Copied { most, wanted, .. }) = &self.bucket else { return Ok(()) };
        let Ok(_alone) = wanted.try_write() else { return Ok(()) };
        let most = most.unwrap_or_else(|| self.files.room()[1] / 2);
        let mut copies = self.files.whole()?;
        copies.sort_by_key(|(_, _, time)| *time);
        let mut bytes = more + copies.iter().map(|(_, bytes, _)| bytes).sum::<u64>();
        for (path, length, _) in copies {
            if bytes <= most {
                break;
            }
            match fs::remove_file(path) {
                // its upload was removed meanwhile
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => bytes -= length,
            }
        }
        Ok(())
    }

    /// Bytes that are free where the files lie.
    pub(crate) fn free_bytes(&self) -> u64 {
        self.files.room()[0]
    }
}

/// Name of the object that tells whose the bucket is.
const OWNER: &str = "owner";

#[cfg(feature = "s3")]
fn far(bucket: &Bucket) -> Result<Far, String> {
    s3::Store::open(bucket).map(|store| Far(Box::new(store)))
}

#[cfg(not(feature = "s3"))]
fn far(bucket: &Bucket) -> Result<Far, String> {
    Err(format!("{} is out of reach", bucket.name))
}
