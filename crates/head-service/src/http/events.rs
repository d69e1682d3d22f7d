//! A job as it goes on: server-sent events.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Path, State};
use axum::response::sse::{Event, KeepAlive, Sse};
use futures_util::Stream;
use futures_util::stream::unfold;

use super::auth::OfProject;
use crate::api::{Job, Refusal};
use crate::problem::Answer;
use crate::service::{Service, blocking};

/// Between two looks at the job.
const PAUSE: Duration = Duration::from_millis(300);

/// What is followed, and how it was last seen.
struct Following {
    of: OfProject,
    id: String,
    service: Arc<Service>,
    seen: Option<Job>,
}

/// Follow a job: an event whenever it has changed, each the whole job, until it has ended
#[utoipa::path(
    get, path = "/v1/projects/{project}/jobs/{job}/events", tag = "jobs",
    params(("project" = String, Path), ("job" = String, Path)),
    responses(
        (status = 200, body = Job, content_type = "text/event-stream"),
        (status = 404, body = Refusal), (status = 401, body = Refusal)
    )
)]
pub(super) async fn events(
    of: OfProject,
    Path((_, id)): Path<(String, String)>,
    State(service): State<Arc<Service>>,
) -> Answer<Sse<impl Stream<Item = Result<Event, Infallible>>>> {
    let following = Following { of, id, service, seen: None };
    // refused before the stream begins
    following.look().await?;
    let events = unfold(following, |mut following| async move {
        let job = following.changed().await?;
        let event = Event::default().event("job").json_data(&job).ok()?;
        following.seen = Some(job);
        Some((Ok(event), following))
    });
    Ok(Sse::new(events).keep_alive(KeepAlive::new().interval(Duration::from_secs(10))))
}

impl Following {
    async fn look(&self) -> Answer<Job> {
        let (member, id) = (self.of.member.clone(), self.id.clone());
        blocking(&self.service, move |service| Ok(service.shown(service.store.job(&member, &id)?))).await
    }

    /// The job when it has changed; `None` after its end, or if it was removed.
    async fn changed(&self) -> Option<Job> {
        if self.seen.as_ref().is_some_and(|job| job.state.is_over()) {
            return None;
        }
        loop {
            let job = self.look().await.ok()?;
            if self.seen.as_ref() != Some(&job) {
                return Some(job);
            }
            tokio::time::sleep(PAUSE).await;
        }
    }
}
