//! The dashboard: one page with a script and a style of its own. Nothing is loaded from elsewhere, and nothing on the page is there without a
//! token, which the script asks for.

use std::sync::Arc;

use axum::Router;
use axum::http::header::CONTENT_TYPE;
use axum::routing::get;

use crate::service::Service;

/// What a page of ours may do. Answers of the interface are no pages, and may do nothing.
pub(super) const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
     img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// Its routes.
pub(super) fn routes() -> Router<Arc<Service>> {
    let file =
        |kind: &'static str, text: &'static str| get(move || async move { ([(CONTENT_TYPE, kind)], text) });
    Router::new()
        .route("/", file("text/html; charset=utf-8", include_str!("../pages/dashboard.html")))
        .route("/dashboard.js", file("text/javascript; charset=utf-8", include_str!("../pages/dashboard.js")))
        .route("/dashboard.css", file("text/css; charset=utf-8", include_str!("../pages/dashboard.css")))
}
