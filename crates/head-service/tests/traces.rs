//! Spans of requests and jobs: what a collector of OpenTelemetry gets, and that a server does without one.
#![allow(clippy::unwrap_used)]

mod util;

use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::body::Bytes;
use axum::http::{HeaderMap, Uri};
use head_service::{Options, Task, Worker, chunk_digest};
use serde_json::json;
use util::Server;

/// A job is done at once.
#[derive(Debug)]
struct Quick;

impl Worker for Quick {
    fn command(&self, task: &Task<'_>) -> Command {
        let mut command = Command::new("sh");
        let script =
            r#"echo head > "$1.new" && mv "$1.new" "$1"; echo '{"iterations": 3, "bootstraps": 41}'"#;
        command.args(["-c", script, "sh"]).arg(task.out);
        command
    }
}

/// A collector: the bodies that it gets.
fn collector() -> (String, Arc<Mutex<Vec<u8>>>) {
    let (got, listener) =
        (Arc::new(Mutex::new(Vec::new())), std::net::TcpListener::bind("127.0.0.1:0").unwrap());
    listener.set_nonblocking(true).unwrap();
    let (url, bodies) = (format!("http://{}", listener.local_addr().unwrap()), Arc::clone(&got));
    let take = move |uri: Uri, headers: HeaderMap, body: Bytes| async move {
        assert_eq!(uri.path(), "/v1/traces");
        assert_eq!(headers["content-type"], "application/x-protobuf");
        bodies.lock().unwrap().extend_from_slice(&body);
    };
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let listener = tokio::net::TcpListener::from_std(listener).unwrap();
            axum::serve(listener, axum::Router::new().fallback(take)).await
        })
    });
    (url, got)
}

/// Delivers a message and has a job work on it. Returns the job's id.
fn work(server: &Server) -> String {
    let info = b"{}";
    let file = json!({ "name": "north_info.json", "bytes": 2, "chunks": [chunk_digest(info).to_hex()] });
    let new = json!({ "kind": "messages", "files": [file] }).to_string();
    let announced = server.request("POST", "uploads", new.as_bytes()).json();
    let id = announced["id"].as_str().unwrap();
    let chunk = format!("uploads/{id}/files/north_info.json/chunks/0");
    assert_eq!(server.request("PUT", &chunk, info).status, 204);
    assert_eq!(server.request("POST", &format!("uploads/{id}/finish"), b"").json()["state"], "ready");
    let delivery = json!({ "upload": id }).to_string();
    assert_eq!(server.request("POST", "sessions/trial-7", delivery.as_bytes()).status, 200);
    let asked = json!({ "kind": "joint", "keys": "", "data": "trial-7" }).to_string();
    let job = server.request("POST", "jobs", asked.as_bytes()).json()["id"].as_str().unwrap().to_owned();
    let begun = Instant::now();
    while server.request("GET", &format!("jobs/{job}"), b"").json()["state"] != "done" {
        assert!(begun.elapsed() < Duration::from_secs(60));
        std::thread::sleep(Duration::from_millis(100));
    }
    job
}

#[test]
fn a_collector_gets_routes_states_and_counts_and_nothing_else() {
    let (url, got) = collector();
    let folder = tempfile::tempdir().unwrap();
    let server =
        Server::start(Options { traces: Some(url), ..util::options(folder.path()) }, Arc::new(Quick));
    assert_eq!(server.request_at("GET", "/health", b"").status, 200);
    assert_eq!(server.request_at("BREW", "/no/such/place", b"").status, 404);
    let job = work(&server);
    // batches leave every few seconds
    let begun = Instant::now();
    let has = |body: &[u8], word: &str| body.windows(word.len()).any(|window| window == word.as_bytes());
    while !has(&got.lock().unwrap(), "job.outcome") {
        assert!(begun.elapsed() < Duration::from_secs(60));
        std::thread::sleep(Duration::from_millis(200));
    }
    let got = got.lock().unwrap().clone();
    for word in [
        "train-head",
        "GET /health",
        "_OTHER -",
        "PUT /v1/projects/{project}/uploads/{upload}/files/{file}/chunks/{number}",
        "http.request.method",
        "http.response.status_code",
        "queue",
        "run",
        "joint",
        "done",
        "job.iterations",
        "job.bootstraps",
    ] {
        assert!(has(&got, word), "{word}");
    }
    for word in [&job, &server.token, "trial-7", "north", "operator", "such", "BREW", "127.0.0.1"] {
        assert!(!has(&got, word), "{word}");
    }
}

#[test]
fn a_collector_that_is_not_there_does_no_harm() {
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let traces = Some(format!("http://{nobody}"));
    let server = Server::start(Options { traces, ..util::options(folder.path()) }, Arc::new(Quick));
    work(&server);
    let begun = Instant::now();
    (0..20).for_each(|_| assert_eq!(server.request_at("GET", "/health", b"").status, 200));
    assert!(begun.elapsed() < Duration::from_secs(10));
}
