//! The page itself, with a style and scripts of its own. Nothing is loaded from elsewhere.

use std::sync::Arc;

use axum::Router;
use axum::http::header::CONTENT_TYPE;
use axum::routing::get;

use crate::service::Service;

const HTML: &str = "text/html; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";
const STYLE: &str = "text/css; charset=utf-8";

/// Its routes, below the first part of every path.
pub(super) fn routes(base: &str) -> Router<Arc<Service>> {
    let file =
        |kind: &'static str, text: &'static str| get(move || async move { ([(CONTENT_TYPE, kind)], text) });
    let at = |path: &str| format!("{base}{path}");
    Router::new()
        .route(&at("/"), file(HTML, include_str!("../pages/studio.html")))
        .route(&at("/studio.css"), file(STYLE, include_str!("../pages/studio.css")))
        // what reports look like, of which the result is made
        .route(&at("/report.css"), get(|| async { ([(CONTENT_TYPE, STYLE)], pages::style_sheet()) }))
        .route(&at("/studio.js"), file(SCRIPT, include_str!("../pages/studio.js")))
        .route(&at("/ask.js"), file(SCRIPT, include_str!("../pages/ask.js")))
        .route(&at("/choose.js"), file(SCRIPT, include_str!("../pages/choose.js")))
        .route(&at("/progress.js"), file(SCRIPT, include_str!("../pages/progress.js")))
        .route(&at("/result.js"), file(SCRIPT, include_str!("../pages/result.js")))
}
