//! The folder of a job before its process starts: links to the files that it reads, which are fetched first where they are in a bucket, and what an
//! earlier attempt left there.

use std::path::PathBuf;

use super::{JobFolder, sessions};
use crate::api::JobKind;
use crate::blobs::Wanted;
use crate::problem::{Answer, Problem};
use crate::service::Service;
use crate::store::StoredJob;

/// Lays out the folder. It takes as long as the files take to arrive, unless nobody wants them any more.
pub(super) fn lay_out(
    service: &Service,
    job: &StoredJob,
    folder: &JobFolder,
    wanted: Wanted<'_>,
) -> Answer<()> {
    let asked = &job.job.asked;
    // copies may go once they are linked
    let _held = service.blobs.hold();
    let files = |upload: &str| -> Answer<Vec<(String, PathBuf)>> {
        let files = service.store.files(job.project, upload)?.into_iter();
        files.map(|file| Ok((file.name, service.obtain(&file.blob, wanted)?))).collect()
    };
    if asked.kind == JobKind::Joint {
        folder.lay_out_session(&sessions::files(service, job, wanted)?)?;
    } else {
        let validation = asked.validation.as_deref().map_or(Ok(Vec::new()), files)?;
        let head = asked.head.as_deref().map(|head| head_of(service, job, head)).transpose()?;
        folder.lay_out(&files(&asked.keys)?, &files(&asked.data)?, &validation, head.as_deref())?;
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

/// The head of an earlier job.
fn head_of(service: &Service, job: &StoredJob, head: &str) -> Answer<PathBuf> {
    let trained = service.store.job(&job.member(), head)?.job;
    let result = trained.result.ok_or_else(|| Problem::internal(&"the job of the head has no result"))?;
    service.obtain_result(job.project, head, &result)
}
