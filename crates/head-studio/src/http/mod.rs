//! The page and what it asks for.
//!
//! - this file: the routes, and what surrounds every request;
//! - [`guard`]: who may ask;
//! - [`body`]: bodies within bounds of size and time;
//! - [`start`]: what there is to choose;
//! - [`data`]: tables that come and are looked at;
//! - [`work`]: estimates and runs, and how they go on;
//! - [`results`]: what came of a run;
//! - [`assets`]: the page itself.

mod assets;
mod body;
mod data;
mod guard;
mod results;
mod start;
mod work;

use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use axum::http::{HeaderName, HeaderValue};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::Response;
use axum::routing::{get, post};

use crate::problem::Problem;
use crate::service::Service;

/// What the page may do: its own script and style, and to ask the studio. No script or style within the page, nothing from elsewhere.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; \
     base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// Everything that is answered.
pub(crate) fn router(service: &Arc<Service>) -> Router {
    let base = service.links.base();
    let at = |path: &str| format!("{base}{path}");
    let known = assets::routes(&base)
        .route(&at("/api/start"), get(start::start))
        .route(&at("/api/data"), post(data::upload))
        .route(&at("/api/data/{id}"), get(data::show))
        .route(&at("/api/data/{id}/texts"), get(data::texts))
        .route(&at("/api/estimates"), post(work::estimate))
        .route(&at("/api/runs"), get(work::list).post(work::run))
        .route(&at("/api/work/{id}"), get(work::show).delete(work::remove))
        .route(&at("/api/work/{id}/events"), get(work::events))
        .route(&at("/api/work/{id}/cancel"), post(work::cancel))
        .route(&at("/api/work/{id}/resume"), post(work::resume))
        .route(&at("/api/work/{id}/report"), get(results::report))
        .route(&at("/api/work/{id}/rows"), get(results::rows))
        .route(&at("/api/work/{id}/files/{name}"), get(results::file))
        .route_layer(from_fn_with_state(Arc::clone(service), guard::known));
    known
        .route(&at("/open/{token}"), get(guard::open))
        .fallback(|| async {
            Problem::absent("page").help("open the link that `train-head studio` printed last")
        })
        .layer(from_fn_with_state(Arc::clone(service), guard::own))
        .layer(from_fn(surround))
        .with_state(Arc::clone(service))
}

/// Gives an answer the headers that all answers have. A policy of its own stays.
async fn surround(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    let policy = HeaderName::from_static("content-security-policy");
    headers.entry(policy).or_insert(HeaderValue::from_static(POLICY));
    for (name, value) in [
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "no-referrer"),
        ("cache-control", "no-store"),
        ("cross-origin-resource-policy", "same-origin"),
        ("cross-origin-opener-policy", "same-origin"),
    ] {
        headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    response
}
