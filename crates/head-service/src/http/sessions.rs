//! Sessions of several data parties: what one delivers, the others fetch. Who must have signed a message, and what it says, they check.

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;

use super::auth::OfProject;
use super::{body, download};
use crate::api::{Delivery, Refusal, Session, UploadKind};
use crate::problem::{Answer, Problem};
use crate::service::{Service, blocking};

/// The sessions of a project, the latest first
#[utoipa::path(
    get, path = "/v1/projects/{project}/sessions", tag = "sessions",
    params(("project" = String, Path)),
    responses((status = 200, body = Vec<Session>), (status = 404, body = Refusal), (status = 401, body = Refusal))
)]
pub(super) async fn list(of: OfProject, State(service): State<Arc<Service>>) -> Answer<Json<Vec<Session>>> {
    let all = blocking(&service, move |service| service.store.sessions(Some(&of.member)));
    Ok(Json(all.await?.into_iter().map(|(_, session)| session).collect()))
}

/// A session: what has come from whom
#[utoipa::path(
    get, path = "/v1/projects/{project}/sessions/{session}", tag = "sessions",
    params(("project" = String, Path), ("session" = String, Path)),
    responses((status = 200, body = Session), (status = 404, body = Refusal), (status = 401, body = Refusal))
)]
pub(super) async fn show(
    of: OfProject,
    Path((_, name)): Path<(String, String)>,
    State(service): State<Arc<Service>>,
) -> Answer<Json<Session>> {
    blocking(&service, move |service| service.store.session(&of.member, &name)).await.map(Json)
}

/// Deliver the files of an upload of messages, all or none
///
/// A session begins with its first message. What was delivered is not changed any more; the same file again is nothing new. The account that
/// delivers something of a party delivers all of it.
#[utoipa::path(
    post, path = "/v1/projects/{project}/sessions/{session}", tag = "sessions",
    params(("project" = String, Path), ("session" = String, Path)),
    request_body = Delivery,
    responses(
        (status = 200, body = Session),
        (status = 409, body = Refusal, description = "Another file of this name, or another account's party; or the upload has not arrived whole"),
        (status = 422, body = Refusal), (status = 404, body = Refusal), (status = 401, body = Refusal)
    )
)]
pub(super) async fn deliver(
    of: OfProject,
    Path((_, name)): Path<(String, String)>,
    State(service): State<Arc<Service>>,
    headers: HeaderMap,
    body: Body,
) -> Answer<Json<Session>> {
    let delivery: Delivery = body::json(&service, &headers, body).await?;
    blocking(&service, move |service| {
        expect_name(&name)?;
        service.store.expect_upload(&of.member, &delivery.upload, UploadKind::Messages)?;
        service.store.deliver(&of.member, &name, &of.who.name, &delivery.upload)?;
        service.note(&of.who.name, "messages delivered", &of.named(&name))?;
        service.store.session(&of.member, &name)
    })
    .await
    .map(Json)
}

/// A message
#[utoipa::path(
    get, path = "/v1/projects/{project}/sessions/{session}/messages/{message}", tag = "sessions",
    params(("project" = String, Path), ("session" = String, Path), ("message" = String, Path)),
    responses(
        (status = 200, body = Vec<u8>, content_type = "application/octet-stream"),
        (status = 404, body = Refusal), (status = 401, body = Refusal)
    )
)]
pub(super) async fn message(
    of: OfProject,
    Path((_, session, name)): Path<(String, String, String)>,
    State(service): State<Arc<Service>>,
) -> Answer<Response> {
    let found = blocking(&service, move |service| {
        let blob = service.store.message(&of.member, &session, &name)?;
        let file = service.open_file(&blob)?;
        Ok((blob, file))
    });
    let (blob, file) = found.await?;
    Ok(download::response(file, blob.bytes, Some(&blob.digest)))
}

/// Remove a session with all its messages
#[utoipa::path(
    delete, path = "/v1/projects/{project}/sessions/{session}", tag = "sessions",
    params(("project" = String, Path), ("session" = String, Path)),
    responses(
        (status = 204), (status = 409, body = Refusal, description = "A job that has not ended works on it"),
        (status = 404, body = Refusal), (status = 401, body = Refusal)
    )
)]
pub(super) async fn remove(
    of: OfProject,
    Path((_, name)): Path<(String, String)>,
    State(service): State<Arc<Service>>,
) -> Answer<StatusCode> {
    blocking(&service, move |service| {
        let gone = service.store.remove_session(&of.member, &name)?;
        service.remove_blobs(&gone);
        service.note(&of.who.name, "session removed", &of.named(&name))?;
        Ok(StatusCode::NO_CONTENT)
    })
    .await
}

/// Names that may stand in paths and logs as they are.
fn expect_name(name: &str) -> Answer<()> {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    match !name.is_empty() && name.len() <= 64 && name.chars().all(plain) {
        true => Ok(()),
        false => {
            Err(Problem::malformed("the name of a session has 1 to 64 of the characters a-z, 0-9 and -"))
        }
    }
}
