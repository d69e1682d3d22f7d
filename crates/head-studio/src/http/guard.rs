//! Who may ask: the page in the browser that opened the link, and nothing else.

use std::sync::Arc;

use axum::extract::{Path, Request, State};
use axum::http::header::{CONTENT_TYPE, COOKIE, HOST, ORIGIN, SET_COOKIE};
use axum::http::{HeaderMap, HeaderName, Method};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::problem::{Answer, Problem};
use crate::service::Service;

/// Refuses requests that were meant for another name, or that a page from elsewhere sent.
pub(super) async fn own(State(service): State<Arc<Service>>, request: Request, next: Next) -> Response {
    match refusal(&service, request.method(), request.headers()) {
        Some(problem) => problem.into_response(),
        None => next.run(request).await,
    }
}

fn refusal(service: &Service, method: &Method, headers: &HeaderMap) -> Option<Problem> {
    let one = |name: HeaderName| {
        let mut all = headers.get_all(name).iter();
        let first = all.next().map(|value| value.to_str().unwrap_or_default());
        // two are one too many, and read as nothing that we know
        all.next().map_or(first, |_| Some(""))
    };
    if !one(HOST).is_some_and(|host| service.links.is_host(host)) {
        return Some(Problem::forbidden("this address is not the studio's"));
    }
    let reads = matches!(*method, Method::GET | Method::HEAD);
    let ours = match one(ORIGIN) {
        Some(origin) => service.links.is_origin(origin),
        // browsers name the origin of whatever changes something
        None => reads,
    };
    let site = one(HeaderName::from_static("sec-fetch-site"));
    let from_here = match site {
        None | Some("same-origin" | "none") => true,
        // a link that somebody follows: what it leads to needs the token, or the cookie that does not come with it
        Some(_) => reads && one(HeaderName::from_static("sec-fetch-mode")) == Some("navigate"),
    };
    (!(ours && from_here)).then(|| Problem::forbidden("this did not come from the studio's page"))
}

/// Refuses requests without the cookie.
pub(super) async fn known(State(service): State<Arc<Service>>, request: Request, next: Next) -> Response {
    match knows(&service, request.headers()) {
        true => next.run(request).await,
        false => Problem::forbidden("the studio does not know this browser")
            .help("open the link that `train-head studio` printed last; each is good once")
            .into_response(),
    }
}

fn knows(service: &Service, headers: &HeaderMap) -> bool {
    headers.get_all(COOKIE).iter().any(|value| value.to_str().is_ok_and(|text| service.links.knows(text)))
}

/// Exchanges the token of the link for the cookie, and leads to the page. The page leads on by itself, and not by a redirection: a browser that came
/// from elsewhere would not send the cookie there.
pub(super) async fn open(
    State(service): State<Arc<Service>>,
    Path(token): Path<String>,
    method: Method,
    headers: HeaderMap,
) -> Answer<Response> {
    let onward = || {
        let base = service.links.base();
        format!(
            "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><link rel=\"icon\" href=\"data:,\"><meta http-equiv=\"refresh\" content=\"0; url={base}/\">\
             <title>train-head studio</title></head><body><p><a href=\"{base}/\">To the studio</a></p></body></html>\n"
        )
    };
    let page = |cookie: Option<String>| {
        let mut response = ([(CONTENT_TYPE, "text/html; charset=utf-8")], onward()).into_response();
        if let Some(cookie) = cookie.and_then(|cookie| cookie.parse().ok()) {
            response.headers_mut().insert(SET_COOKIE, cookie);
        }
        response
    };
    if knows(&service, &headers) {
        return Ok(page(None));
    }
    // whoever looks ahead at a link does not use it up
    if method == Method::GET && service.links.take(&token)? {
        (service.announce)(&service.links.url());
        return Ok(page(Some(service.links.cookie())));
    }
    Err(Problem::forbidden("this link was used, or is not the studio's")
        .help("open the link that `train-head studio` printed last; each is good once"))
}
