//! Why a request was refused or failed.

use std::io;

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use crate::api::Refusal;
use crate::log;

/// A refusal, or a failure of ours.
#[derive(Debug)]
pub(crate) struct Problem {
    status: StatusCode,
    title: String,
    help: Option<String>,
    /// What went wrong here, for the log alone.
    cause: Option<String>,
}

/// `Result` with [`Problem`].
pub(crate) type Answer<T> = Result<T, Problem>;

impl Problem {
    pub(crate) fn new(status: StatusCode, title: impl Into<String>) -> Self {
        Self { status, title: title.into(), help: None, cause: None }
    }

    /// What is asked for is malformed, or cannot be.
    pub(crate) fn malformed(title: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, title)
    }

    /// There is no such thing, or it is another account's, which is the same to whoever asks.
    pub(crate) fn absent(what: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, format!("there is no such {what}"))
    }

    /// It cannot be done now.
    pub(crate) fn conflict(title: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, title)
    }

    /// No token, or none that is valid.
    pub(crate) fn unauthorised() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "a valid token is needed")
            .help("`train-head remote login` takes one")
    }

    /// It is larger than allowed.
    pub(crate) fn too_large(title: impl Into<String>) -> Self {
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, title)
    }

    /// Something failed here. The client learns no more than that.
    pub(crate) fn internal(cause: &impl ToString) -> Self {
        let status = StatusCode::INTERNAL_SERVER_ERROR;
        Self { cause: Some(cause.to_string()), ..Self::new(status, "the server failed; its log says why") }
    }

    /// The disk is full.
    fn full(cause: String) -> Self {
        let title = "the server's disk is full; nothing was stored";
        Self { cause: Some(cause), ..Self::new(StatusCode::INSUFFICIENT_STORAGE, title) }
            .help("remove what is not needed (`train-head remote rm`), or ask the operator")
    }

    /// The bucket does not answer, or refuses us.
    fn unreachable(cause: String) -> Self {
        let title = "the server cannot reach its files; try again";
        Self { cause: Some(cause), ..Self::new(StatusCode::SERVICE_UNAVAILABLE, title) }
    }

    /// Whether it passes, as a rule, and another try may help.
    pub(crate) fn passes(&self) -> bool {
        matches!(self.status, StatusCode::SERVICE_UNAVAILABLE | StatusCode::INSUFFICIENT_STORAGE)
    }

    /// Adds advice.
    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Whether it is the fault of whoever asked.
    pub(crate) fn is_refusal(&self) -> bool {
        self.status.is_client_error()
    }

    /// In words, for the operator.
    pub(crate) fn words(&self) -> String {
        self.cause.clone().unwrap_or_else(|| self.title.clone())
    }
}

impl From<rusqlite::Error> for Problem {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(rusqlite::ErrorCode::DiskFull) => Self::full(error.to_string()),
            _ => Self::internal(&error),
        }
    }
}

impl From<io::Error> for Problem {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::HostUnreachable => Self::unreachable(error.to_string()),
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::full(error.to_string()),
            _ => Self::internal(&error),
        }
    }
}

impl From<serde_json::Error> for Problem {
    fn from(error: serde_json::Error) -> Self {
        Self::internal(&error)
    }
}

impl From<tokio::task::JoinError> for Problem {
    fn from(error: tokio::task::JoinError) -> Self {
        Self::internal(&error)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        if let Some(cause) = &self.cause {
            log::failure(&self.title, cause);
        }
        let refusal = Refusal { status: self.status.as_u16(), title: self.title, help: self.help };
        let mut response = (self.status, axum::Json(refusal)).into_response();
        let headers = response.headers_mut();
        headers.insert("content-type", axum::http::HeaderValue::from_static("application/problem+json"));
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert("www-authenticate", axum::http::HeaderValue::from_static("Bearer"));
        }
        response
    }
}
