//! The interface over HTTP: REST under `/v1`, the description of it, and the operator's pages.
//!
//! - this file: the routes, and what surrounds every request;
//! - [`auth`]: whose token came with it;
//! - [`body`]: bodies within bounds of size and time;
//! - [`uploads`], [`jobs`], [`events`], [`sessions`], [`accounts`]: the resources;
//! - [`download`]: files as answers;
//! - [`operator`]: health, metrics, overview;
//! - [`pages`]: the dashboard.

mod accounts;
mod auth;
mod body;
mod download;
mod events;
mod jobs;
mod operator;
mod pages;
mod sessions;
mod uploads;

use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::body::Body;
use axum::extract::{MatchedPath, Request, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use axum::routing::get;
use utoipa::OpenApi;
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::log;
use crate::problem::Problem;
use crate::service::Service;

#[derive(OpenApi)]
#[openapi(
    info(
        title = "train-head service",
        description = "The compute party of train-head: it trains classification heads on ciphertexts.",
        license(name = "MIT OR Apache-2.0")
    ),
    security(("token" = []))
)]
struct Description;

/// All routes, and their description.
fn described() -> (Router<Arc<Service>>, utoipa::openapi::OpenApi) {
    let (router, mut api) = OpenApiRouter::with_openapi(Description::openapi())
        .routes(routes!(operator::health))
        .routes(routes!(operator::metrics))
        .routes(routes!(operator::overview))
        .routes(routes!(accounts::server))
        .routes(routes!(accounts::account))
        .routes(routes!(uploads::announce, uploads::list))
        .routes(routes!(uploads::show, uploads::remove))
        .routes(routes!(uploads::chunk))
        .routes(routes!(uploads::finish))
        .routes(routes!(jobs::submit, jobs::list))
        .routes(routes!(jobs::show, jobs::remove))
        .routes(routes!(jobs::cancel))
        .routes(routes!(jobs::result))
        .routes(routes!(jobs::validation))
        .routes(routes!(jobs::scores))
        .routes(routes!(jobs::stop))
        .routes(routes!(events::events))
        .routes(routes!(sessions::list))
        .routes(routes!(sessions::show, sessions::deliver, sessions::remove))
        .routes(routes!(sessions::message))
        .split_for_parts();
    let token = SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer));
    api.components.get_or_insert_default().add_security_scheme("token", token);
    (router, api)
}

/// The description of the interface (OpenAPI), as the server serves it.
#[must_use]
pub fn openapi() -> String {
    let text = described().1.to_pretty_json().unwrap_or_default();
    format!("{text}\n")
}

/// Everything that is answered.
pub(crate) fn router(service: &Arc<Service>) -> Router {
    let (routes, _) = described();
    routes
        .merge(pages::routes())
        .route("/v1/openapi.json", get(|| async { ([(CONTENT_TYPE, "application/json")], openapi()) }))
        .fallback(|| async { Problem::absent("page") })
        .method_not_allowed_fallback(|| async {
            Problem::new(StatusCode::METHOD_NOT_ALLOWED, "this cannot be done here")
        })
        .layer(from_fn_with_state(Arc::clone(service), surround))
        .with_state(Arc::clone(service))
}

/// Logs and counts a request, and gives its answer the headers that all answers have.
async fn surround(State(service): State<Arc<Service>>, request: Request, next: Next) -> Response {
    let begun = Instant::now();
    let method = request.method().as_str().to_owned();
    // the route, not the path: ids and names are nobody's business
    let route = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned());
    let account = auth::Account::default();
    let (mut parts, body) = request.into_parts();
    parts.extensions.insert(account.clone());
    let rest = body::Rest::of(body);
    let mut response = next.run(Request::from_parts(parts, Body::new(rest.clone()))).await;
    // a chunk that had arrived is answered unread, too
    if response.status() != StatusCode::REQUEST_TIMEOUT {
        rest.discard(service.options.limits.patience).await;
    }
    let (status, took) = (response.status().as_u16(), begun.elapsed());
    service.metrics.request(status, took);
    service.traces.request(&method, route.as_deref(), status, took);
    log::request(&method, route.as_deref().unwrap_or("-"), status, account.name(), took);
    let headers = response.headers_mut();
    for (name, value) in [
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "no-referrer"),
        ("cache-control", "no-store"),
        ("cross-origin-resource-policy", "same-origin"),
        ("content-security-policy", pages::POLICY),
    ] {
        headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    response
}
