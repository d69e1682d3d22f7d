//! Jobs: asked for, followed, cancelled; and the heads and scores that come of them.

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;

use super::auth::OfProject;
use super::{body, download};
use crate::api::{Job, JobKind, JobState, NewJob, Refusal, UploadKind, ValidationScores};
use crate::blobs::JobName;
use crate::problem::{Answer, Problem};
use crate::service::{Service, blocking, new_id};
use crate::store::Queued;
use crate::work::JobFolder;

/// Longest answer to the scores of validation samples.
const STOP_BYTES: u64 = 4096;

/// Ask for a job
///
/// The same again finds the same job, unless that one failed or was cancelled: a training is a function of its files.
#[utoipa::path(
    post, path = "/v1/projects/{project}/jobs", tag = "jobs",
    params(("project" = String, Path)),
    request_body = NewJob,
    responses(
        (status = 201, body = Job, description = "It is new"), (status = 200, body = Job, description = "It was asked for before"),
        (status = 409, body = Refusal, description = "An upload has not arrived whole, or the project has too many jobs"),
        (status = 422, body = Refusal), (status = 404, body = Refusal), (status = 401, body = Refusal)
    )
)]
pub(super) async fn submit(
    of: OfProject,
    State(service): State<Arc<Service>>,
    headers: HeaderMap,
    body: Body,
) -> Answer<(StatusCode, Json<Job>)> {
    let asked: NewJob = body::json(&service, &headers, body).await?;
    let answer = blocking(&service, move |service| {
        expect_files(service, &of, &asked)?;
        if let Some(head) = &asked.head {
            let trained = service.store.job(&of.member, head)?.job;
            if trained.state != JobState::Done || trained.asked.kind != JobKind::Train {
                return Err(Problem::conflict("the job of the head is no training that was done"));
            }
        }
        let (job, queued) = service.store.submit(&of.member, &asked, &new_id()?)?;
        if queued == Queued::Before {
            return Ok((StatusCode::OK, Json(job)));
        }
        service.note(&of.who.name, "job queued", &of.named(&job.id))?;
        Ok((StatusCode::CREATED, Json(job)))
    });
    let answer = answer.await?;
    service.work.notify_one();
    Ok(answer)
}

/// The encrypted scores of the validation samples that a training has written so far
#[utoipa::path(
    get, path = "/v1/projects/{project}/jobs/{job}/validation", tag = "jobs",
    params(("project" = String, Path), ("job" = String, Path)),
    responses((status = 200, body = Vec<ValidationScores>), (status = 404, body = Refusal), (status = 401, body = Refusal))
)]
pub(super) async fn validation(
    of: OfProject,
    Path((_, id)): Path<(String, String)>,
    State(service): State<Arc<Service>>,
) -> Answer<Json<Vec<ValidationScores>>> {
    let found = blocking(&service, move |service| {
        service.store.job(&of.member, &id)?;
        Ok(JobFolder::of(&service.place, &id).conversation().scores()?)
    });
    found.await.map(Json)
}

/// The encrypted scores after an iteration
#[utoipa::path(
    get, path = "/v1/projects/{project}/jobs/{job}/validation/{iteration}", tag = "jobs",
    params(("project" = String, Path), ("job" = String, Path), ("iteration" = u64, Path)),
    responses(
        (status = 200, body = Vec<u8>, content_type = "application/octet-stream"),
        (status = 404, body = Refusal), (status = 401, body = Refusal)
    )
)]
pub(super) async fn scores(
    of: OfProject,
    Path((_, id, iteration)): Path<(String, String, u64)>,
    State(service): State<Arc<Service>>,
) -> Answer<Response> {
    let found = blocking(&service, move |service| {
        service.store.job(&of.member, &id)?;
        let file = JobFolder::of(&service.place, &id)
            .conversation()
            .open(iteration)?
            .ok_or_else(|| Problem::absent("validation"))?;
        let bytes = file.metadata()?.len();
        Ok((file, bytes))
    });
    let (file, bytes) = found.await?;
    Ok(download::response(file, bytes, None))
}

/// End a training with the head of an iteration: the data party's signed answer to the scores of its validation samples
#[utoipa::path(
    put, path = "/v1/projects/{project}/jobs/{job}/stop", tag = "jobs",
    params(("project" = String, Path), ("job" = String, Path)),
    request_body(content = Object, content_type = "application/json"),
    responses(
        (status = 204, description = "The training reads it after its next iteration, and checks the signature"),
        (status = 409, body = Refusal, description = "The job is no training with validation that runs, or has another answer"),
        (status = 422, body = Refusal), (status = 404, body = Refusal), (status = 401, body = Refusal)
    )
)]
pub(super) async fn stop(
    of: OfProject,
    Path((_, id)): Path<(String, String)>,
    State(service): State<Arc<Service>>,
    headers: HeaderMap,
    body: Body,
) -> Answer<StatusCode> {
    let answer = body::read(&service, &headers, body, STOP_BYTES).await?;
    blocking(&service, move |service| {
        let job = service.store.job(&of.member, &id)?.job;
        if job.asked.validation.is_none() || job.state.is_over() {
            return Err(Problem::conflict("the job is no training with validation that goes on"));
        }
        if !serde_json::from_slice(&answer).is_ok_and(|value: serde_json::Value| value.is_object()) {
            return Err(Problem::malformed("an answer of `train-head watch` is expected"));
        }
        if !JobFolder::of(&service.place, &id).conversation().stop(&answer)? {
            return Err(Problem::conflict("the training has another answer"));
        }
        service.blobs.keep_stop(&JobName { project: of.member.project, id: id.clone() }, &answer)?;
        service.note(&of.who.name, "stop asked for", &of.named(&id))?;
        Ok(StatusCode::NO_CONTENT)
    })
    .await
}

/// Refuses a job whose files are not there.
fn expect_files(service: &Service, of: &OfProject, asked: &NewJob) -> Answer<()> {
    let data = match (asked.kind, &asked.head) {
        (JobKind::Train, _) => UploadKind::Data,
        (JobKind::Score, Some(_)) => UploadKind::Samples,
        (JobKind::Score, None) => {
            return Err(Problem::malformed("scoring needs a head: name the job that trained it"));
        }
        (JobKind::Joint, None) if asked.keys.is_empty() => {
            return service.store.session(&of.member, &asked.data).map(|_| ());
        }
        (JobKind::Joint, _) => {
            return Err(Problem::malformed(
                "a joint training has a session, and neither keys nor a head besides",
            ));
        }
    };
    match (&asked.validation, asked.kind) {
        (Some(samples), JobKind::Train) => {
            service.store.expect_upload(&of.member, samples, UploadKind::Samples)?;
        }
        (Some(_), _) => return Err(Problem::malformed("only a training has validation samples")),
        (None, _) => {}
    }
    service.store.expect_upload(&of.member, &asked.keys, UploadKind::Keys)?;
    service.store.expect_upload(&of.member, &asked.data, data)
}

/// The jobs of a project, the latest first
#[utoipa::path(
    get, path = "/v1/projects/{project}/jobs", tag = "jobs",
    params(("project" = String, Path)),
    responses((status = 200, body = Vec<Job>), (status = 404, body = Refusal), (status = 401, body = Refusal))
)]
pub(super) async fn list(of: OfProject, State(service): State<Arc<Service>>) -> Answer<Json<Vec<Job>>> {
    let jobs = blocking(&service, move |service| {
        let found = service.store.jobs(Some(&of.member))?;
        Ok(found.into_iter().map(|found| service.shown(found)).collect())
    });
    jobs.await.map(Json)
}

/// A job
#[utoipa::path(
    get, path = "/v1/projects/{project}/jobs/{job}", tag = "jobs",
    params(("project" = String, Path), ("job" = String, Path)),
    responses((status = 200, body = Job), (status = 404, body = Refusal), (status = 401, body = Refusal))
)]
pub(super) async fn show(
    of: OfProject,
    Path((_, id)): Path<(String, String)>,
    State(service): State<Arc<Service>>,
) -> Answer<Json<Job>> {
    blocking(&service, move |service| Ok(service.shown(service.store.job(&of.member, &id)?))).await.map(Json)
}

/// Cancel a job
#[utoipa::path(
    post, path = "/v1/projects/{project}/jobs/{job}/cancel", tag = "jobs",
    params(("project" = String, Path), ("job" = String, Path)),
    responses((status = 200, body = Job), (status = 404, body = Refusal), (status = 401, body = Refusal))
)]
pub(super) async fn cancel(
    of: OfProject,
    Path((_, id)): Path<(String, String)>,
    State(service): State<Arc<Service>>,
) -> Answer<Json<Job>> {
    let job = blocking(&service, move |service| {
        let found = service.store.job(&of.member, &id)?;
        if !found.job.state.is_over() {
            service.store.cancel(&of.member, &id)?;
            service.note(&of.who.name, "job cancelled", &of.named(&id))?;
        }
        Ok(service.shown(service.store.job(&of.member, &id)?))
    });
    let job = job.await?;
    service.work.notify_one();
    Ok(Json(job))
}

/// Remove a job that has ended, with its head or scores
#[utoipa::path(
    delete, path = "/v1/projects/{project}/jobs/{job}", tag = "jobs",
    params(("project" = String, Path), ("job" = String, Path)),
    responses(
        (status = 204), (status = 409, body = Refusal, description = "It has not ended"),
        (status = 404, body = Refusal), (status = 401, body = Refusal)
    )
)]
pub(super) async fn remove(
    of: OfProject,
    Path((_, id)): Path<(String, String)>,
    State(service): State<Arc<Service>>,
) -> Answer<StatusCode> {
    blocking(&service, move |service| {
        service.store.remove_job(&of.member, &id)?;
        service.remove_job_files(of.member.project, &id)?;
        service.note(&of.who.name, "job removed", &of.named(&id))?;
        Ok(StatusCode::NO_CONTENT)
    })
    .await
}

/// The encrypted head or scores of a job that was done
#[utoipa::path(
    get, path = "/v1/projects/{project}/jobs/{job}/result", tag = "jobs",
    params(("project" = String, Path), ("job" = String, Path)),
    responses(
        (status = 200, body = Vec<u8>, content_type = "application/octet-stream"),
        (status = 409, body = Refusal, description = "It has no result, or none yet"),
        (status = 404, body = Refusal), (status = 401, body = Refusal)
    )
)]
pub(super) async fn result(
    of: OfProject,
    Path((_, id)): Path<(String, String)>,
    State(service): State<Arc<Service>>,
) -> Answer<Response> {
    let found = blocking(&service, move |service| {
        let found = service.store.job(&of.member, &id)?;
        let (project, job) = (found.project, found.job);
        let result = job.result.ok_or_else(|| Problem::conflict("the job has no result, or none yet"))?;
        let file = std::fs::File::open(service.obtain_result(project, &id, &result)?)?;
        service.note(&of.who.name, "result fetched", &of.named(&id))?;
        Ok((result, file))
    });
    let (result, file) = found.await?;
    Ok(download::response(file, result.bytes, Some(&result.digest)))
}
