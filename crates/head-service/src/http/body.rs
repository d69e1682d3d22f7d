//! Bodies of requests, read within bounds of size and time.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use axum::http::{HeaderMap, StatusCode};
use http_body_util::BodyExt;
use hyper::body::Frame;
use serde::de::DeserializeOwned;
use tokio::time::timeout;

use crate::problem::{Answer, Problem};
use crate::service::Service;

/// Longest body that is no chunk: the announcement of some hundred gigabytes.
const LONGEST: u64 = 4 << 20;

/// Parts of a body after which a client that sends them as slowly as it may is given up.
const SLOWEST_BYTES: u64 = 64 << 10;

/// Reads a body of at most `most` bytes. Each part must come in time, and all of them no slower than 64 KiB for each time that a part may take.
pub(super) async fn read(service: &Service, headers: &HeaderMap, body: Body, most: u64) -> Answer<Vec<u8>> {
    let too_large = || Problem::too_large(format!("the body may have {most} bytes"));
    let announced = headers.get("content-length").and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    let patience = service.options.limits.patience;
    if announced.is_some_and(|announced| announced > most) {
        return Err(too_large());
    }
    let whole = patience * (1 + u32::try_from(most / SLOWEST_BYTES).unwrap_or(u32::MAX));
    let slow = |_| Problem::new(StatusCode::REQUEST_TIMEOUT, "the body came too slowly");
    // memory for what was announced, once there is some of it
    let mut bytes = Vec::new();
    let parts = async {
        let mut body = body;
        while let Some(frame) = timeout(patience, body.frame()).await.map_err(slow)? {
            let cut = |_| Problem::new(StatusCode::BAD_REQUEST, "the body was cut short");
            let Ok(part) = frame.map_err(cut)?.into_data() else { continue };
            if (bytes.len() + part.len()) as u64 > most {
                return Err(too_large());
            }
            if bytes.is_empty() {
                bytes.reserve_exact(announced.unwrap_or(0).min(most) as usize);
            }
            bytes.extend_from_slice(&part);
        }
        Ok(())
    };
    timeout(whole, parts).await.map_err(slow)??;
    Ok(bytes)
}

/// Reads a body of JSON.
pub(super) async fn json<T: DeserializeOwned>(
    service: &Service,
    headers: &HeaderMap,
    body: Body,
) -> Answer<T> {
    let bytes = read(service, headers, body, LONGEST).await?;
    serde_json::from_slice(&bytes)
        .map_err(|error| Problem::malformed(format!("the body is not what is expected: {error}")))
}

/// Most bytes of an unread body that are taken in.
const MOST_DISCARDED: usize = 64 << 20;

/// A body whose rest can be taken in after its request was answered: a client that is still sending would not get to read the answer.
#[derive(Clone, Debug)]
pub(super) struct Rest(Arc<Mutex<Body>>);

impl Rest {
    pub(super) fn of(body: Body) -> Self {
        Self(Arc::new(Mutex::new(body)))
    }

    /// Takes in what nobody read, as far as it comes in time.
    pub(super) async fn discard(mut self, patience: Duration) {
        let mut taken = 0;
        let all = async {
            while let Some(Ok(frame)) = self.frame().await {
                taken += frame.data_ref().map_or(0, Bytes::len);
                if taken > MOST_DISCARDED {
                    break;
                }
            }
        };
        let _ = timeout(patience, all).await;
    }
}

impl HttpBody for Rest {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner)).poll_frame(cx)
    }
}
