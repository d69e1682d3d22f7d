//! A store with the interface of S3, in memory: what the service asks of one, with the signature of every request verified.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use ring::{digest, hmac};

pub(crate) const KEY_ID: &str = "AKIDTEST";
pub(crate) const SECRET: &str = "wJalrXUtnFEMI-secret";
pub(crate) const BUCKET: &str = "heads";

/// Names in a page of a list: few, so that there are several.
const PAGE: usize = 3;

/// What the store has, and whether it answers.
#[derive(Clone, Debug, Default)]
pub(crate) struct Store {
    objects: Arc<Mutex<BTreeMap<String, Bytes>>>,
    is_out: Arc<AtomicBool>,
}

impl Store {
    /// Starts it.
    pub(crate) fn start() -> (Self, SocketAddr) {
        let store = Self::default();
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap();
        let router = Router::new().fallback(answer).with_state(store.clone());
        std::thread::spawn(move || {
            runtime.unwrap().block_on(async {
                axum::serve(tokio::net::TcpListener::from_std(listener).unwrap(), router).await
            })
        });
        (store, address)
    }

    /// Names of all objects.
    pub(crate) fn names(&self) -> Vec<String> {
        self.objects.lock().unwrap().keys().cloned().collect()
    }

    /// Lets it fail, or answer again.
    pub(crate) fn fail(&self, is_out: bool) {
        self.is_out.store(is_out, Ordering::Relaxed);
    }
}

async fn answer(State(store): State<Store>, request: Request<Body>) -> Response {
    if store.is_out.load(Ordering::Relaxed) {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, 16 << 20).await.unwrap();
    let (path, query) = (parts.uri.path(), parts.uri.query().unwrap_or_default());
    if !is_signed(&parts.method, path, query, &parts.headers, &body) {
        return (StatusCode::FORBIDDEN, "<Error><Code>SignatureDoesNotMatch</Code></Error>").into_response();
    }
    let Some(name) = path.strip_prefix(&format!("/{BUCKET}")) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let name = name.trim_start_matches('/');
    let mut objects = store.objects.lock().unwrap();
    match (parts.method, name) {
        (Method::GET, "") => list(&objects, query).into_response(),
        (Method::POST, "") => {
            let names = String::from_utf8(body.to_vec()).unwrap();
            let mut text = String::from(r#"<DeleteResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">"#);
            for name in names.split("<Key>").skip(1).filter_map(|rest| rest.split('<').next()) {
                objects.remove(name);
                text += &format!("<Deleted><Key>{name}</Key></Deleted>");
            }
            (text + "</DeleteResult>").into_response()
        }
        (Method::PUT, name) => {
            objects.insert(name.to_owned(), body);
            [("etag", "\"1\"")].into_response()
        }
        (Method::GET, name) => match objects.get(name) {
            Some(object) => {
                let headers = [("etag", "\"1\""), ("last-modified", "Tue, 01 Dec 2026 00:00:00 GMT")];
                (headers, object.clone()).into_response()
            }
            None => (StatusCode::NOT_FOUND, "<Error><Code>NoSuchKey</Code></Error>").into_response(),
        },
        _ => StatusCode::METHOD_NOT_ALLOWED.into_response(),
    }
}

fn list(objects: &BTreeMap<String, Bytes>, query: &str) -> String {
    let of = |name: &str| {
        let found = query.split('&').find_map(|part| part.strip_prefix(name)?.strip_prefix('='));
        found.unwrap_or_default().replace("%2F", "/")
    };
    let (prefix, after) = (of("prefix"), of("continuation-token"));
    let rest: Vec<_> =
        objects.iter().filter(|(name, _)| name.starts_with(&prefix) && **name > after).collect();
    let mut text = String::from(r#"<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">"#);
    for (name, object) in rest.iter().take(PAGE) {
        text += &format!(
            "<Contents><Key>{name}</Key><LastModified>2026-12-01T00:00:00.000Z</LastModified><ETag>\"1\"</ETag><Size>{}</Size></Contents>",
            object.len()
        );
    }
    if rest.len() > PAGE {
        text += &format!(
            "<IsTruncated>true</IsTruncated><NextContinuationToken>{}</NextContinuationToken>",
            rest[PAGE - 1].0
        );
    }
    text + "</ListBucketResult>"
}

/// Whether a request has the signature (AWS Signature Version 4) of the one key that there is.
fn is_signed(method: &Method, path: &str, query: &str, headers: &HeaderMap, body: &Bytes) -> bool {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let authorization = header("authorization");
    let field = |name: &str| {
        let rest = authorization.split(name).nth(1).unwrap_or_default();
        rest.split([',', ' ']).next().unwrap_or_default().to_owned()
    };
    let (credential, signed, signature) =
        (field("Credential="), field("SignedHeaders="), field("Signature="));
    let scope = credential.split_once('/').filter(|(id, _)| *id == KEY_ID).map(|(_, scope)| scope);
    let Some(scope) = scope.filter(|_| authorization.starts_with("AWS4-HMAC-SHA256 ")) else { return false };
    let of_body = header("x-amz-content-sha256");
    if of_body != "UNSIGNED-PAYLOAD" && of_body != hex(digest::digest(&digest::SHA256, body).as_ref()) {
        return false;
    }
    let mut pairs: Vec<String> = query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| if pair.contains('=') { pair.to_owned() } else { format!("{pair}=") })
        .collect();
    pairs.sort();
    let lines: String = signed.split(';').map(|name| format!("{name}:{}\n", header(name).trim())).collect();
    let canonical = format!("{method}\n{path}\n{}\n{lines}\n{signed}\n{of_body}", pairs.join("&"));
    let canonical = hex(digest::digest(&digest::SHA256, canonical.as_bytes()).as_ref());
    let to_sign = format!("AWS4-HMAC-SHA256\n{}\n{scope}\n{canonical}", header("x-amz-date"));
    let sign = |key: &[u8], text: &str| {
        hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), text.as_bytes()).as_ref().to_vec()
    };
    let key = scope.split('/').fold(format!("AWS4{SECRET}").into_bytes(), |key, part| sign(&key, part));
    hex(&sign(&key, &to_sign)) == signature
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
