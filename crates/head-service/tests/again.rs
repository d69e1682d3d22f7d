//! A chunk that arrived before the server was killed is sent again, whole: the answer must reach a client that is still sending.
#![allow(clippy::unwrap_used)]

mod util;

use std::process::Command;
use std::sync::Arc;

use head_service::api::CHUNK_BYTES;
use head_service::{Task, Worker, chunk_digest};
use util::Server;

/// No job is asked for.
#[derive(Debug)]
struct NoWorker;

impl Worker for NoWorker {
    fn command(&self, _: &Task<'_>) -> Command {
        Command::new("false")
    }
}

#[test]
fn a_chunk_may_be_sent_again_to_the_end() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(util::options(folder.path()), Arc::new(NoWorker));
    let chunk = vec![7; CHUNK_BYTES as usize];
    let digest = chunk_digest(&chunk).to_hex();
    let file =
        serde_json::json!({ "name": "a.enc", "bytes": 3 * CHUNK_BYTES, "chunks": [digest, digest, digest] });
    let new = serde_json::json!({ "kind": "data", "files": [file] }).to_string();
    let announced = server.request("POST", "uploads", new.as_bytes());
    let id = announced.json()["id"].as_str().unwrap().to_owned();
    let chunk_1 = |id: &str| format!("uploads/{id}/files/a.enc/chunks/1");
    for _ in 0..3 {
        assert_eq!(server.request("PUT", &chunk_1(&id), &chunk).status, 204);
    }
    // one that is refused, likewise
    assert_eq!(server.request("PUT", &chunk_1("0"), &chunk).status, 404);
}
