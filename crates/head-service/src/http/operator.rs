//! For whoever runs the service: health, metrics, overview.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;

use super::auth::Operator;
use crate::api::{Overview, OverviewJob, OverviewSession, Refusal};
use crate::audit::Audit;
use crate::metrics::{Measured, memory};
use crate::problem::Answer;
use crate::service::{Service, blocking};

/// Entries of the audit log in the overview.
const ENTRIES: usize = 50;

/// Whether the service works: the database answers. Needs no token
#[utoipa::path(get, path = "/health", tag = "operator", responses((status = 200, body = String), (status = 500, body = Refusal)), security(()))]
pub(super) async fn health(State(service): State<Arc<Service>>) -> Answer<&'static str> {
    blocking(&service, |service| service.store.expect_health()).await.map(|()| "ok\n")
}

/// Figures for Prometheus
#[utoipa::path(
    get, path = "/metrics", tag = "operator",
    responses((status = 200, body = String), (status = 403, body = Refusal), (status = 401, body = Refusal))
)]
pub(super) async fn metrics(_: Operator, State(service): State<Arc<Service>>) -> Answer<String> {
    blocking(&service, |service| {
        let measured = Measured {
            jobs: service.store.count_jobs()?,
            stored: service.store.stored_bytes()?,
            free: service.blobs.free_bytes(),
            memory: memory(),
        };
        Ok(service.metrics.text(&measured))
    })
    .await
}

/// What the dashboard shows
#[utoipa::path(
    get, path = "/v1/overview", tag = "operator",
    responses((status = 200, body = Overview), (status = 403, body = Refusal), (status = 401, body = Refusal))
)]
pub(super) async fn overview(_: Operator, State(service): State<Arc<Service>>) -> Answer<Json<Overview>> {
    let overview = blocking(&service, |service| {
        let [requests, refused] = service.metrics.requests();
        let shown = |found: crate::store::StoredJob| OverviewJob {
            project: found.project_name.clone(),
            job: service.shown(found),
        };
        let mut sessions = Vec::new();
        for (project, session) in service.store.sessions(None)? {
            sessions.push(OverviewSession { project: service.store.project_name(project)?, session });
        }
        Ok(Overview {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            uptime_seconds: service.started.elapsed().as_secs(),
            stored_bytes: service.store.stored_bytes()?,
            free_bytes: service.blobs.free_bytes(),
            memory_bytes: memory(),
            job_memory_bytes: service.options.limits.job_memory,
            requests,
            refused,
            jobs: service.store.jobs(None)?.into_iter().map(shown).collect(),
            sessions,
            audit: Audit::tail(&service.place.audit(), ENTRIES)?,
        })
    });
    overview.await.map(Json)
}
