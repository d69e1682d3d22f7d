//! What came of a run: the report's sections for the page, rows worth a look, and files to keep.

use std::path::PathBuf;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};

use super::work::Named;
use crate::choices::Learn;
use crate::problem::{Answer, Problem};
use crate::rows::worth_a_look;
use crate::service::{Service, blocking};
use crate::table::Table;
use crate::work::Work;

/// What a report may do in a tab of its own: be looked at.
const REPORT_POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox";

/// Files to keep: the name, the file in the results, its type. Nothing else of a folder can be asked for, its keys above all.
const FILES: [(&str, &str, &str); 8] = [
    ("report.html", "result/report.html", "text/html; charset=utf-8"),
    ("report.json", "result/report.json", "application/json"),
    ("head.safetensors", "result/head.safetensors", "application/octet-stream"),
    ("head.json", "result/head.json", "application/json"),
    ("predictions.csv", "result/predictions.csv", "text/csv; charset=utf-8"),
    ("published-report.html", "published/report.html", "text/html; charset=utf-8"),
    ("published-head.safetensors", "published/head.safetensors", "application/octet-stream"),
    ("published-head.json", "published/head.json", "application/json"),
];

/// The report's sections.
pub(super) async fn report(State(service): State<Arc<Service>>, Named(id): Named) -> Answer<Response> {
    let text = blocking(&service, move |service| {
        let path = Work::read(&service.place, &id)?.result(&service.place).join("report.html");
        let absent = || Problem::conflict("the run has no report yet");
        let page = std::fs::read_to_string(path).map_err(|_| absent())?;
        pages::sections(&page).ok_or_else(absent)
    })
    .await?;
    Ok(([(CONTENT_TYPE, "text/html; charset=utf-8")], text).into_response())
}

/// The predictions that are most worth a look.
pub(super) async fn rows(State(service): State<Arc<Service>>, Named(id): Named) -> Answer<Response> {
    let rows = blocking(&service, move |service| {
        let work = Work::read(&service.place, &id)?;
        let table = Table::read(&service.place, &work.choices.data)?.path(&service.place);
        let texts = match &work.choices.learn {
            Learn::Texts { column, .. } => Some(column.as_str()),
            Learn::Columns { .. } => None,
        };
        worth_a_look(&work.result(&service.place), &table, texts)
    })
    .await?;
    Ok(axum::Json(rows).into_response())
}

/// A file to keep. The report may also be looked at in a tab of its own, as `view-report.html`.
pub(super) async fn file(
    State(service): State<Arc<Service>>,
    Named(id): Named,
    Path((_, asked)): Path<(String, String)>,
) -> Answer<Response> {
    let (name, view) = asked.strip_prefix("view-").map_or((asked.as_str(), false), |name| (name, true));
    let found = FILES.iter().find(|(known, ..)| *known == name && (!view || known.ends_with(".html")));
    let (name, path, kind) = found.copied().ok_or_else(|| Problem::absent("file"))?;
    let path: PathBuf = blocking(&service, move |service| {
        Work::read(&service.place, &id)?;
        Ok(service.place.work(&id).join(path))
    })
    .await?;
    // heads and tables of predictions are small beside what was trained on
    let bytes = tokio::fs::read(path).await.map_err(|_| Problem::conflict("the run has no such file yet"))?;
    let mut response = ([(CONTENT_TYPE, kind)], Body::from(bytes)).into_response();
    let headers = response.headers_mut();
    if view {
        headers.insert(CONTENT_SECURITY_POLICY, axum::http::HeaderValue::from_static(REPORT_POLICY));
    } else if let Ok(value) = format!("attachment; filename=\"{name}\"").parse() {
        headers.insert(CONTENT_DISPOSITION, value);
    }
    Ok(response)
}
