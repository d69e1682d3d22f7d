//! Estimates and runs: begun, followed, stopped, continued, removed.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::{FromRequestParts, Path, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures_util::Stream;
use futures_util::stream::unfold;
use serde_json::{Value, json};

use super::body::Small;
use crate::choices::Choices;
use crate::id::Id;
use crate::problem::{Answer, Problem};
use crate::service::{Service, blocking};
use crate::work::{self, Kind, Shown, State as Progress, Work, brief, shown};

/// Between two looks at what goes on.
const PAUSE: Duration = Duration::from_millis(250);

/// The name in a path.
#[derive(Debug)]
pub(super) struct Named(pub(super) Id);

impl<S: Send + Sync> FromRequestParts<S> for Named {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Answer<Self> {
        let path: Result<Path<Vec<(String, String)>>, _> = Path::from_request_parts(parts, state).await;
        let found = path.ok().and_then(|path| path.0.into_iter().find(|(name, _)| name == "id"));
        found.and_then(|(_, text)| Id::parse(&text)).map(Self).ok_or_else(|| Problem::absent("thing here"))
    }
}

/// Begins an estimate.
pub(super) async fn estimate(
    State(service): State<Arc<Service>>,
    Small(choices): Small<Choices>,
) -> Answer<(StatusCode, Json<Value>)> {
    begin(&service, Kind::Estimate, choices).await
}

/// Begins a run.
pub(super) async fn run(
    State(service): State<Arc<Service>>,
    Small(choices): Small<Choices>,
) -> Answer<(StatusCode, Json<Value>)> {
    begin(&service, Kind::Run, choices).await
}

async fn begin(service: &Arc<Service>, kind: Kind, choices: Choices) -> Answer<(StatusCode, Json<Value>)> {
    let work = work::begin(service, kind, choices).await?;
    Ok((StatusCode::CREATED, Json(json!({ "id": work.id }))))
}

/// All runs.
pub(super) async fn list(State(service): State<Arc<Service>>) -> Answer<Json<Vec<Value>>> {
    blocking(&service, |service| {
        Ok(Json(Work::runs(&service.place)?.iter().map(|work| brief(service, work)).collect()))
    })
    .await
}

/// One piece of work.
pub(super) async fn show(State(service): State<Arc<Service>>, Named(id): Named) -> Answer<Json<Shown>> {
    look(&service, id).await.map(Json)
}

async fn look(service: &Arc<Service>, id: Id) -> Answer<Shown> {
    blocking(service, move |service| Ok(shown(service, &Work::read(&service.place, &id)?))).await
}

/// Removes a run that is not under way, with its keys, and the table if no other run has it.
pub(super) async fn remove(State(service): State<Arc<Service>>, Named(id): Named) -> Answer<StatusCode> {
    blocking(&service, move |service| work::remove(service, &Work::read(&service.place, &id)?)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Asks a piece of work to stop.
pub(super) async fn cancel(State(service): State<Arc<Service>>, Named(id): Named) -> Answer<StatusCode> {
    blocking(&service, move |service| work::cancel(service, &Work::read(&service.place, &id)?)).await?;
    Ok(StatusCode::ACCEPTED)
}

/// Continues a piece of work.
pub(super) async fn resume(State(service): State<Arc<Service>>, Named(id): Named) -> Answer<StatusCode> {
    let work = blocking(&service, move |service| Work::read(&service.place, &id)).await?;
    work::resume(&service, work).await?;
    Ok(StatusCode::ACCEPTED)
}

/// Follows a piece of work: an event whenever it has changed, until it is no longer under way.
pub(super) async fn events(
    State(service): State<Arc<Service>>,
    Named(id): Named,
) -> Answer<Sse<impl Stream<Item = Result<Event, Infallible>>>> {
    look(&service, id.clone()).await?;
    let begun: (Option<String>, bool) = (None, false);
    let events = unfold((begun, service, id), |((mut seen, over), service, id)| async move {
        if over {
            return None;
        }
        loop {
            // pages do not keep the studio from stopping
            if *service.stop.borrow() {
                return None;
            }
            let shown = look(&service, id.clone()).await.ok()?;
            let over = shown.state != Progress::Running;
            let now = serde_json::to_string(&shown).ok()?;
            if seen.as_ref() != Some(&now) {
                let event = Event::default().event("work").data(&now);
                seen = Some(now);
                return Some((Ok(event), ((seen, over), service, id)));
            }
            tokio::time::sleep(PAUSE).await;
        }
    });
    Ok(Sse::new(events).keep_alive(KeepAlive::new().interval(Duration::from_secs(10))))
}
