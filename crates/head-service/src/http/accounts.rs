//! The server and the account of the token.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;

use super::auth::Anyone;
use crate::api::{Account, CHUNK_BYTES, Refusal, ServerFacts};
use crate::problem::Answer;
use crate::service::{Service, blocking};

/// What the server is
#[utoipa::path(
    get, path = "/v1/server", tag = "server",
    responses((status = 200, body = ServerFacts), (status = 401, body = Refusal))
)]
pub(super) async fn server(_: Anyone, State(service): State<Arc<Service>>) -> Json<ServerFacts> {
    Json(ServerFacts {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        identity: service.options.identity.clone(),
        chunk_bytes: CHUNK_BYTES,
    })
}

/// Whose token it is, with projects and what they take
#[utoipa::path(
    get, path = "/v1/account", tag = "server",
    responses((status = 200, body = Account), (status = 401, body = Refusal))
)]
pub(super) async fn account(
    Anyone(who): Anyone,
    State(service): State<Arc<Service>>,
) -> Answer<Json<Account>> {
    blocking(&service, move |service| service.store.account(&who)).await.map(Json)
}
