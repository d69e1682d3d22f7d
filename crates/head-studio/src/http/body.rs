//! Bodies within bounds of size and time.

use std::path::Path;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::{FromRequest, Request};
use axum::http::header::CONTENT_LENGTH;
use axum::http::{HeaderMap, StatusCode};
use http_body_util::BodyExt;
use serde::de::DeserializeOwned;
use tokio::io::AsyncWriteExt;
use tokio::time::timeout;

use crate::problem::{Answer, Problem};
use crate::service::Service;

/// A small body of JSON.
#[derive(Debug)]
pub(super) struct Small<T>(pub(super) T);

impl<T: DeserializeOwned> FromRequest<Arc<Service>> for Small<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, service: &Arc<Service>) -> Answer<Self> {
        let limits = &service.options.limits;
        let mut parts = Parts::of(request, limits.body_bytes as u64)?;
        let mut bytes = Vec::new();
        while let Some(part) = parts.next(limits.patience).await? {
            bytes.extend_from_slice(&part);
        }
        serde_json::from_slice(&bytes)
            .map(Self)
            .map_err(|error| Problem::malformed(format!("the request is malformed: {error}")))
    }
}

/// Writes a body to a new file as it comes. Returns its length. Nothing stays of one that is too large or does not arrive whole: its folder is the
/// caller's to remove.
///
/// # Errors
/// It is too large or does not come; a failure of the operating system.
pub(super) async fn write(request: Request, path: &Path, service: &Service) -> Answer<u64> {
    let limits = &service.options.limits;
    let mut parts = Parts::of(request, limits.table_bytes)?;
    let mut options = tokio::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    options.mode(0o600);
    let mut file = options.open(path).await?;
    while let Some(part) = parts.next(limits.patience).await? {
        file.write_all(&part).await?;
    }
    file.flush().await?;
    Ok(parts.read)
}

/// The parts of a body.
struct Parts {
    body: Body,
    read: u64,
    most: u64,
}

impl Parts {
    /// Refuses a body that says it is too large before anything is read.
    fn of(request: Request, most: u64) -> Answer<Self> {
        let parts = Self { read: 0, most, body: Body::empty() };
        match announced(request.headers()) {
            Some(length) if length > most => Err(parts.too_large()),
            _ => Ok(Self { body: request.into_body(), ..parts }),
        }
    }

    async fn next(&mut self, patience: std::time::Duration) -> Answer<Option<axum::body::Bytes>> {
        loop {
            let frame = timeout(patience, self.body.frame()).await.map_err(|_| {
                Problem::new(StatusCode::REQUEST_TIMEOUT, "the rest of the request did not come")
            })?;
            let Some(frame) = frame else { return Ok(None) };
            let frame = frame.map_err(|_| Problem::malformed("the request ended before it was whole"))?;
            let Ok(data) = frame.into_data() else { continue };
            self.read += data.len() as u64;
            return if self.read > self.most { Err(self.too_large()) } else { Ok(Some(data)) };
        }
    }

    fn too_large(&self) -> Problem {
        let most = self.most;
        Problem::too_large(format!("this is larger than the {} MiB that the studio takes", most >> 20))
            .help("larger tables train from the command line: `train-head run`")
    }
}

fn announced(headers: &HeaderMap) -> Option<u64> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}
