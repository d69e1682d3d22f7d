//! Tables: they are uploaded to a folder for the user alone, and looked at by a process.

use std::process::{Command, Stdio};
use std::sync::Arc;

use axum::Json;
use axum::extract::{Query, Request, State};
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::Value;

use super::body;
use super::work::Named;
use crate::files;
use crate::problem::{Answer, Problem, Words};
use crate::service::{Service, blocking, now};
use crate::table::Table;

/// The name of an uploaded file.
#[derive(Debug, Deserialize)]
pub(super) struct Uploaded {
    name: String,
}

/// A column of texts and an encoder.
#[derive(Debug, Deserialize)]
pub(super) struct Texts {
    column: String,
    encoder: String,
}

/// Takes a table.
pub(super) async fn upload(
    State(service): State<Arc<Service>>,
    Query(asked): Query<Uploaded>,
    request: Request,
) -> Answer<(StatusCode, Json<Table>)> {
    let mut table = Table::announced(&asked.name, now())?;
    let arriving = service.place.arriving(&table.id);
    head_service::private_folder(&arriving)?;
    let written = body::write(request, &arriving.join(table.kept()), &service).await;
    let kept = match written {
        Ok(0) => Err(Problem::malformed("the file is empty")),
        Ok(bytes) => {
            table.bytes = bytes;
            let to = service.place.data(&table.id);
            files::write(&arriving.join("about.json"), &table)
                .and_then(|()| std::fs::rename(&arriving, to))
                .map_err(Problem::from)
        }
        Err(problem) => Err(problem),
    };
    if kept.is_err() {
        let _ = tokio::fs::remove_dir_all(&arriving).await;
    }
    kept.map(|()| (StatusCode::CREATED, Json(table)))
}

/// What a table holds.
pub(super) async fn show(State(service): State<Arc<Service>>, Named(id): Named) -> Answer<Json<Value>> {
    let _room = service.looks.acquire().await;
    blocking(&service, move |service| {
        let table = Table::read(&service.place, &id)?;
        let look = match table.looked_at(&service.place)? {
            Some(look) => look,
            None => {
                let look = told(service.commands.look(&table.path(&service.place), None))?;
                files::write(&service.place.data(&id).join("look.json"), &look)?;
                look
            }
        };
        let about = serde_json::to_value(&table)?;
        Ok(Json(serde_json::json!({ "table": about, "look": look })))
    })
    .await
}

/// How many texts of a column are longer than the window of an encoder.
pub(super) async fn texts(
    State(service): State<Arc<Service>>,
    Named(id): Named,
    Query(Texts { column, encoder }): Query<Texts>,
) -> Answer<Json<Value>> {
    let _room = service.looks.acquire().await;
    blocking(&service, move |service| {
        let table = Table::read(&service.place, &id)?;
        if !table.columns(&service.place)?.contains(&column) {
            return Err(Problem::malformed(format!("the table has no column {column:?}")));
        }
        let encoder = service.commands.encoder(&encoder).map_err(Problem::malformed)?;
        told(service.commands.look(&table.path(&service.place), Some((&column, &encoder)))).map(Json)
    })
    .await
}

/// Runs a command to its end. What it says is its answer.
fn told(mut command: Command) -> Answer<Value> {
    #[derive(Deserialize)]
    struct Failed {
        error: Words,
    }
    let output = command.stdin(Stdio::null()).output()?;
    let answer: Option<Value> = serde_json::from_slice(&output.stdout).ok();
    match answer {
        Some(answer) if output.status.success() => Ok(answer),
        answer => {
            let failed = answer.and_then(|answer| serde_json::from_value::<Failed>(answer).ok());
            let words = failed.map_or_else(
                || Words { message: "the table could not be looked at".to_owned(), help: None },
                |failed| failed.error,
            );
            Err(Problem { status: StatusCode::UNPROCESSABLE_ENTITY, words })
        }
    }
}
