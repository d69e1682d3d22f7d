//! HTTP requests to the hub.

use super::settings::{HubSettings, Token};
use crate::error::{Error, Result};
use std::fmt::Display;
use std::time::Duration;
use ureq::http::{HeaderMap, Response, StatusCode};
use ureq::tls::{RootCerts, TlsConfig};
use ureq::{Agent, Body};

/// Redirects that are followed: the hub, its storage, and one to spare for renamed models.
const MAX_REDIRECTS: usize = 5;
/// How long to wait for an answer, and for each next piece of it.
const PATIENCE: Duration = Duration::from_secs(60);

pub(super) struct Client<'a> {
    agent: Agent,
    settings: &'a HubSettings,
}

/// A file being downloaded.
pub(super) struct File {
    pub(super) body: Body,
    /// Identity of the content: the SHA-256 of large files.
    pub(super) etag: String,
    pub(super) size: Option<u64>,
}

impl<'a> Client<'a> {
    pub(super) fn new(settings: &'a HubSettings) -> Self {
        // Redirects are followed by hand: the hub's own headers come with the first answer, and the token may not go to
        // another server.
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .timeout_connect(Some(PATIENCE))
            .timeout_recv_response(Some(PATIENCE))
            .timeout_per_read(Some(PATIENCE))
            .tls_config(TlsConfig::builder().root_certs(RootCerts::PlatformVerifier).build())
            .build();
        Self { agent: config.into(), settings }
    }

    /// The body of a small answer.
    pub(super) fn text(&self, path: &str) -> Result<String> {
        let url = format!("{}{path}", self.settings.endpoint);
        let (_, mut response) = self.follow(&url)?;
        response.body_mut().read_to_string().map_err(|error| failed(&url, &error))
    }

    /// Starts the download of a file.
    pub(super) fn file(&self, path: &str) -> Result<File> {
        let url = format!("{}{path}", self.settings.endpoint);
        let (first, response) = self.follow(&url)?;
        let header = |name: &str| first.get(name).and_then(|value| value.to_str().ok());
        let etag = header("x-linked-etag").or_else(|| header("etag")).unwrap_or_default();
        let etag = etag.trim_start_matches("W/").trim_matches('"').to_owned();
        // The ETag becomes a file name.
        if etag.is_empty() || !etag.chars().all(|c| c.is_ascii_alphanumeric() || c == '-') {
            return Err(failed(&url, &format!("an answer without a usable ETag ('{etag}')")));
        }
        let size = header("x-linked-size").and_then(|text| text.parse().ok());
        let body = response.into_body();
        Ok(File { etag, size: size.or(body.content_length()), body })
    }

    /// Gets `url`; returns the headers of the first answer and the last answer.
    fn follow(&self, url: &str) -> Result<(HeaderMap, Response<Body>)> {
        let mut first = None;
        let mut target = url.to_owned();
        for _ in 0..=MAX_REDIRECTS {
            let mut request = self.agent.get(&target);
            if let Some(Token(token)) = self.settings.token.as_ref().filter(|_| self.is_hub(&target)) {
                request = request.header("authorization", format!("Bearer {token}"));
            }
            let response = request.call().map_err(|error| failed(&target, &error))?;
            let headers = first.get_or_insert_with(|| response.headers().clone());
            let status = response.status();
            if status.is_success() {
                return Ok((std::mem::take(headers), response));
            }
            let location = response.headers().get("location").and_then(|value| value.to_str().ok());
            match location.filter(|_| status.is_redirection()) {
                Some(path) if path.starts_with('/') && !path.starts_with("//") => {
                    // Within the same server, mostly a model that has been renamed: its headers count.
                    if !headers.contains_key("x-linked-etag") {
                        first = None;
                    }
                    target = format!("{}{path}", origin(&target));
                }
                Some(absolute) => target = absolute.to_owned(),
                None => return Err(failed(&target, &reason(status))),
            }
        }
        Err(failed(url, &"too many redirects"))
    }

    /// Whether an address belongs to the hub, so that the token may be sent there.
    fn is_hub(&self, url: &str) -> bool {
        origin(url) == origin(&self.settings.endpoint)
    }
}

/// Scheme and server of an address.
fn origin(url: &str) -> &str {
    let server = url.find("://").map_or(0, |at| at + 3);
    url[server..].find('/').map_or(url, |end| &url[..server + end])
}

fn reason(status: StatusCode) -> String {
    let hint = match status.as_u16() {
        401 | 403 => ": the model is private, gated or unknown; accept its terms on the hub and set HF_TOKEN",
        404 => ": there is no such model, revision or file",
        429 => ": too many requests, try again later",
        _ => "",
    };
    format!("status {status}{hint}")
}

fn failed(url: &str, reason: &dyn Display) -> Error {
    Error::Download { url: url.into(), reason: reason.to_string() }
}

#[cfg(test)]
mod tests {
    use super::origin;

    #[test]
    fn origins() {
        assert_eq!(origin("https://huggingface.co/api/x"), "https://huggingface.co");
        assert_eq!(origin("http://localhost:80"), "http://localhost:80");
        assert_ne!(origin("https://huggingface.co.evil.com/x"), origin("https://huggingface.co"));
    }
}
