//! Uploads: announced, sent in chunks in any order, finished.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use axum::Json;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use tokio::time::timeout;

use super::auth::OfProject;
use super::body;
use crate::api::{NewUpload, Refusal, Upload, UploadKind, UploadState};
use crate::digest::chunk_digest;
use crate::problem::{Answer, Problem};
use crate::service::{Service, blocking};
use crate::{check, log};

/// Announce an upload: its files, and the digest of each chunk
///
/// The answer lists the chunks that are missing. The same announcement again finds the same upload, after a cut for example. A file that
/// the project has is not sent again.
#[utoipa::path(
    post, path = "/v1/projects/{project}/uploads", tag = "uploads",
    params(("project" = String, Path)),
    request_body = NewUpload,
    responses(
        (status = 201, body = Upload, description = "It is new"),
        (status = 200, body = Upload, description = "It was announced before"),
        (status = 413, body = Refusal, description = "The project has no room for it"),
        (status = 422, body = Refusal), (status = 404, body = Refusal), (status = 401, body = Refusal)
    )
)]
pub(super) async fn announce(
    of: OfProject,
    State(service): State<Arc<Service>>,
    headers: HeaderMap,
    body: Body,
) -> Answer<(StatusCode, Json<Upload>)> {
    let new: NewUpload = body::json(&service, &headers, body).await?;
    blocking(&service, move |service| {
        check::expect_announcement(&new)?;
        let (upload, is_new) = service.store.announce(&of.member, &new)?;
        if is_new {
            service.note(&of.who.name, "upload announced", &of.named(&upload.id))?;
        }
        let status = if is_new { StatusCode::CREATED } else { StatusCode::OK };
        Ok((status, Json(upload)))
    })
    .await
}

/// The uploads of a project, the latest first
#[utoipa::path(
    get, path = "/v1/projects/{project}/uploads", tag = "uploads",
    params(("project" = String, Path)),
    responses((status = 200, body = Vec<Upload>), (status = 404, body = Refusal), (status = 401, body = Refusal))
)]
pub(super) async fn list(of: OfProject, State(service): State<Arc<Service>>) -> Answer<Json<Vec<Upload>>> {
    blocking(&service, move |service| service.store.uploads(&of.member)).await.map(Json)
}

/// An upload, with the chunks that are missing
#[utoipa::path(
    get, path = "/v1/projects/{project}/uploads/{upload}", tag = "uploads",
    params(("project" = String, Path), ("upload" = String, Path)),
    responses((status = 200, body = Upload), (status = 404, body = Refusal), (status = 401, body = Refusal))
)]
pub(super) async fn show(
    of: OfProject,
    Path((_, id)): Path<(String, String)>,
    State(service): State<Arc<Service>>,
) -> Answer<Json<Upload>> {
    blocking(&service, move |service| service.store.upload(&of.member, &id)).await.map(Json)
}

/// Remove an upload, with the files that belong to no other
#[utoipa::path(
    delete, path = "/v1/projects/{project}/uploads/{upload}", tag = "uploads",
    params(("project" = String, Path), ("upload" = String, Path)),
    responses(
        (status = 204), (status = 409, body = Refusal, description = "A job that has not ended needs it"),
        (status = 404, body = Refusal), (status = 401, body = Refusal)
    )
)]
pub(super) async fn remove(
    of: OfProject,
    Path((_, id)): Path<(String, String)>,
    State(service): State<Arc<Service>>,
) -> Answer<StatusCode> {
    blocking(&service, move |service| {
        let gone = service.store.remove_upload(&of.member, &id)?;
        service.remove_blobs(&gone);
        service.note(&of.who.name, "upload removed", &of.named(&id))?;
        Ok(StatusCode::NO_CONTENT)
    })
    .await
}

/// Send a chunk of a file: 8 MiB, the last one of a file the rest
///
/// It is answered once it lies on the disk. One that has arrived may be sent again.
#[utoipa::path(
    put, path = "/v1/projects/{project}/uploads/{upload}/files/{file}/chunks/{number}", tag = "uploads",
    params(("project" = String, Path), ("upload" = String, Path), ("file" = String, Path), ("number" = u64, Path)),
    request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    responses(
        (status = 204, description = "It lies on the disk"),
        (status = 422, body = Refusal, description = "It is not what was announced, or not the start of such a file"),
        (status = 413, body = Refusal), (status = 404, body = Refusal), (status = 401, body = Refusal),
        (status = 503, body = Refusal, description = "Too many others; try again"),
        (status = 507, body = Refusal, description = "The disk is full")
    )
)]
pub(super) async fn chunk(
    of: OfProject,
    Path((_, id, file, number)): Path<(String, String, String, u64)>,
    State(service): State<Arc<Service>>,
    headers: HeaderMap,
    body: Body,
) -> Answer<StatusCode> {
    let expected = {
        let (id, file) = (id.clone(), file.clone());
        let found = blocking(&service, move |service| {
            let expected = service.store.expected(&of.member, &id, &file, number)?;
            Ok((of, expected))
        });
        found.await?
    };
    let (of, expected) = expected;
    if expected.arrived {
        return Ok(StatusCode::NO_CONTENT);
    }
    let busy = || Problem::new(StatusCode::SERVICE_UNAVAILABLE, "too many chunks at once; try again");
    let room = timeout(service.options.limits.patience, service.room.acquire());
    let _room = room.await.map_err(|_| busy())?.map_err(|_| busy())?;
    let bytes = body::read(&service, &headers, body, expected.bytes).await?;
    blocking(&service, move |service| {
        if bytes.len() as u64 != expected.bytes || chunk_digest(&bytes) != expected.digest {
            return Err(
                Problem::malformed("the chunk is not the one that was announced").help("send it again")
            );
        }
        if number == 0
            && let Err(problem) = check::expect_start(expected.kind, &file, &bytes)
        {
            // nothing of it shall stay
            let gone = service.store.remove_upload(&of.member, &id)?;
            service.remove_blobs(&gone);
            service.note(&of.who.name, "upload refused", &of.named(&id))?;
            return Err(problem);
        }
        service.blobs.write(&expected.blob, number, bytes)?;
        service.store.arrived(&expected.blob, number)?;
        service.metrics.uploaded.fetch_add(expected.bytes, Ordering::Relaxed);
        Ok(StatusCode::NO_CONTENT)
    })
    .await
}

/// Finish an upload: its files are checked, and jobs may use it from then on
///
/// The answer lists the chunks that are missing, if there are any; it has not finished then.
#[utoipa::path(
    post, path = "/v1/projects/{project}/uploads/{upload}/finish", tag = "uploads",
    params(("project" = String, Path), ("upload" = String, Path)),
    responses(
        (status = 200, body = Upload), (status = 422, body = Refusal, description = "It holds something else, and was removed"),
        (status = 404, body = Refusal), (status = 401, body = Refusal)
    )
)]
pub(super) async fn finish(
    of: OfProject,
    Path((_, id)): Path<(String, String)>,
    State(service): State<Arc<Service>>,
) -> Answer<Json<Upload>> {
    blocking(&service, move |service| {
        let upload = service.store.upload(&of.member, &id)?;
        if !upload.missing.is_empty() || upload.state == UploadState::Ready {
            return Ok(Json(upload));
        }
        if let Err(problem) = settle(service, &of, &upload) {
            if problem.is_refusal() {
                let gone = service.store.remove_upload(&of.member, &id)?;
                service.remove_blobs(&gone);
                service.note(&of.who.name, "upload refused", &of.named(&id))?;
            }
            return Err(problem);
        }
        service.store.set_ready(&of.member, &id)?;
        service.note(&of.who.name, "upload finished", &of.named(&id))?;
        log::event("upload finished", &of.named(&id));
        service.store.upload(&of.member, &id).map(Json)
    })
    .await
}

/// Checks the files of an upload that arrived whole, and moves them to their place.
fn settle(service: &Service, of: &OfProject, upload: &Upload) -> Answer<()> {
    let files = service.store.files(of.member.project, &upload.id)?;
    let (mut headers, mut list, mut schemes) = (Vec::new(), None, check::Schemes::default());
    for file in &files {
        let open = || service.open_file(&file.blob);
        match check::expect_whole(upload.kind, &file.name, open()?, &mut schemes)? {
            Some(header) => headers.push((file.name.clone(), header)),
            None if upload.kind == UploadKind::Keys => list = Some(open()?),
            None => {}
        }
    }
    if let Some(list) = list {
        check::expect_together(&check::read_list(list)?, &headers)?;
    }
    for file in files.iter().filter(|file| !file.blob.whole) {
        service.blobs.settle(&file.blob)?;
        service.store.set_whole(&file.blob)?;
    }
    Ok(())
}
