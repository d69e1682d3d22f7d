//! The folder of a job before its process starts: links to the files that it reads, which are fetched first where they are in a bucket, and what an
//! earlier attempt left there.

use std::io;
use std::path::PathBuf;

use super::{JobFolder, sessions};
use crate::api::JobKind;
use crate::blobs::Wanted;
use crate::problem::{Answer, Problem};
use crate::service::Service;
use crate::store::{Blob, StoredJob};

/// Lays out the folder. It takes as long as the files take to arrive, unless nobody wants them any more.
pub(super) fn lay_out(
    service: &Service,
    job: &StoredJob,
    folder: &JobFolder,
    wanted: Wanted<'_>,
) -> Answer<()> {
    let asked = &job.job.asked;
    let files = |upload: &str| -> Answer<Vec<(String, Blob)>> {
        let files = service.store.files(job.project, upload)?;
        Ok(files.into_iter().map(|file| (file.name, file.blob)).collect())
    };
    if asked.kind == JobKind::Joint {
        let all = [sessions::files(service, job)?];
        obtain(service, all, wanted, |[messages]| folder.lay_out_session(&messages))?;
    } else {
        let validation = asked.validation.as_deref().map_or(Ok(Vec::new()), files)?;
        let head = asked.head.as_deref().map(|head| head_of(service, job, head)).transpose()?;
        let all = [files(&asked.keys)?, files(&asked.data)?, validation];
        obtain(service, all, wanted, |[keys, data, validation]| {
            folder.lay_out(&keys, &data, &validation, head.as_deref())
        })?;
    }
    let name = job.name();
    service.blobs.obtain_state(&name, &folder.process().folder)?;
    if asked.validation.is_some()
        && let Some(answer) = service.blobs.stop(&name)?
    {
        folder.conversation().stop(&answer)?;
    }
    Ok(())
}

/// Fetches files that are not here, and links all of them before they may go again.
fn obtain<const N: usize>(
    service: &Service,
    files: [Vec<(String, Blob)>; N],
    wanted: Wanted<'_>,
    link: impl FnOnce([Vec<(String, PathBuf)>; N]) -> io::Result<()>,
) -> Answer<()> {
    service.blobs.make_room(files.iter().flatten().map(|(_, blob)| blob))?;
    let _held = service.blobs.hold();
    let mut all = [const { Vec::new() }; N];
    for (paths, files) in all.iter_mut().zip(files) {
        for (name, blob) in files {
            paths.push((name, service.obtain(&blob, wanted)?));
        }
    }
    Ok(link(all)?)
}

/// The head of an earlier job.
fn head_of(service: &Service, job: &StoredJob, head: &str) -> Answer<PathBuf> {
    let trained = service.store.job(&job.member(), head)?.job;
    let result = trained.result.ok_or_else(|| Problem::internal(&"the job of the head has no result"))?;
    service.obtain_result(job.project, head, &result)
}
