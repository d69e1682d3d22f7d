//! What there is to choose: encoders, servers, earlier tables and runs.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};

use crate::problem::Answer;
use crate::service::{Service, blocking};
use crate::table::Table;
use crate::work::{Work, brief};

/// Everything that the page needs at its start.
pub(super) async fn start(State(service): State<Arc<Service>>) -> Answer<Json<Value>> {
    blocking(&service, |service| {
        let mut tables: Vec<Table> = service.place.all_data()?.iter().filter_map(|id| Table::read(&service.place, id).ok()).collect();
        tables.sort_by_key(|table| std::cmp::Reverse(table.created));
        let runs: Vec<Value> = Work::runs(&service.place)?.iter().map(|work| brief(service, work)).collect();
        Ok(Json(json!({
            "program": service.commands.program(), "encoders": service.commands.encoders(),
            "servers": service.commands.servers(), "tables": tables, "runs": runs,
            "folder": service.place.root().display().to_string(), "table_bytes": service.options.limits.table_bytes,
        })))
    })
    .await
}
