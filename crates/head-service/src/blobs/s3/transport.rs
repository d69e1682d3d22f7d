//! Requests to a bucket. They wait where they are polled, which is on threads that may wait; so the program needs no second library for HTTP, TLS
//! and cryptography.

use std::io;
use std::time::Duration;

use async_trait::async_trait;
use axum::body::Bytes;
use http_body_util::BodyExt;
use object_store::ClientOptions;
use object_store::client::{
    HttpClient, HttpConnector, HttpError, HttpErrorKind, HttpRequest, HttpResponse, HttpResponseBody,
    HttpService,
};
use ureq::http::{Request, Uri};
use ureq::{Agent, Error};

use crate::web::{agent, expect_safe};

/// How long a request may take: a chunk at half a megabit a second.
const PATIENCE: Duration = Duration::from_secs(120);
/// Most bytes of an answer that are read: a chunk, or a list of a thousand names.
const MOST: u64 = 16 << 20;
/// Hosts that give credentials to machines and containers of a cloud, within the machine's own link.
const CREDENTIALS: [&str; 3] = ["169.254.169.254", "169.254.170.2", "169.254.170.23"];

/// Makes clients.
#[derive(Debug)]
pub(super) struct Connector;

impl HttpConnector for Connector {
    fn connect(&self, _: &ClientOptions) -> object_store::Result<HttpClient> {
        Ok(HttpClient::new(Transport(agent(PATIENCE))))
    }
}

/// Sends requests.
#[derive(Debug)]
struct Transport(Agent);

#[async_trait]
impl HttpService for Transport {
    async fn call(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let (parts, body) = request.into_parts();
        expect_address(&parts.uri)?;
        let body = body.collect().await?.to_bytes();
        let answer = match body.is_empty() {
            true => self.0.run(Request::from_parts(parts, ())),
            false => self.0.run(Request::from_parts(parts, &body[..])),
        };
        let (parts, mut body) = answer.map_err(failed)?.into_parts();
        let body = body.with_config().limit(MOST).read_to_vec().map_err(failed)?;
        Ok(HttpResponse::from_parts(parts, HttpResponseBody::from(Bytes::from(body))))
    }
}

/// Refuses an address without TLS that is not on this machine or its link.
fn expect_address(address: &Uri) -> Result<(), HttpError> {
    if address.host().is_some_and(|host| CREDENTIALS.contains(&host)) {
        return Ok(());
    }
    expect_safe(&address.to_string()).map_err(|why| {
        HttpError::new(HttpErrorKind::Unknown, io::Error::new(io::ErrorKind::InvalidInput, why))
    })
}

/// What failed, by what another try does about it.
fn failed(error: Error) -> HttpError {
    let kind = match &error {
        Error::Timeout(_) => HttpErrorKind::Timeout,
        Error::ConnectionFailed | Error::HostNotFound => HttpErrorKind::Connect,
        Error::Io(cause) if cause.kind() == io::ErrorKind::ConnectionRefused => HttpErrorKind::Connect,
        Error::Io(_) => HttpErrorKind::Interrupted,
        _ => HttpErrorKind::Unknown,
    };
    HttpError::new(kind, error)
}
