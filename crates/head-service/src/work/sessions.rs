//! A training of several data parties: its files are the messages of a session, and its head is one more.

use std::fs::File;
use std::io::Read;

use super::JobFolder;
use crate::api::{CHUNK_BYTES, Message};
use crate::digest::{chunk_digest, file_digest};
use crate::problem::Answer;
use crate::service::Service;
use crate::store::{Blob, StoredJob};

/// Name of the message that holds the head.
const HEAD: &str = "head.enc";

/// The messages of the session of a job, and the files that they are. A head that is there is none of them: it would be trained again.
pub(super) fn files(service: &Service, job: &StoredJob) -> Answer<Vec<(String, Blob)>> {
    let session = service.store.session(&job.member(), &job.job.asked.data)?;
    let blob = |Message { name, bytes, digest, .. }: Message| {
        (name, Blob { project: job.project, digest, bytes, whole: true })
    };
    Ok(session.messages.into_iter().filter(|message| message.name != HEAD).map(blob).collect())
}

/// Puts the head of a job into its session.
pub(super) fn deliver_head(service: &Service, job: &StoredJob, folder: &JobFolder) -> Answer<()> {
    let (bytes, chunks) = chunks(&folder.out())?;
    let blob = Blob { project: job.project, digest: file_digest(bytes, &chunks), bytes, whole: true };
    service.blobs.link(&folder.out(), &blob)?;
    service.store.deliver_own(job.project, &job.job.asked.data, HEAD, (&blob, &chunks))
}

/// Length of a file, and the digests of its chunks.
fn chunks(path: &std::path::Path) -> Answer<(u64, Vec<fhe_head::files::Digest>)> {
    let (mut file, mut bytes, mut digests) = (File::open(path)?, 0, Vec::new());
    loop {
        let mut chunk = Vec::new();
        let count = (&mut file).take(CHUNK_BYTES).read_to_end(&mut chunk)? as u64;
        if count == 0 {
            return Ok((bytes, digests));
        }
        bytes += count;
        digests.push(chunk_digest(&chunk));
    }
}
