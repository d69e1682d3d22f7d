//! A chunk that arrived before the server was killed is sent again, whole: the answer must reach a client that is still sending.
#![allow(clippy::unwrap_used)]

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, mpsc};

use head_service::api::CHUNK_BYTES;
use head_service::{Limits, Options, Started, Task, Worker, chunk_digest, serve};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

/// No job is asked for.
#[derive(Debug)]
struct NoWorker;

impl Worker for NoWorker {
    fn command(&self, _: &Task<'_>) -> Command {
        Command::new("false")
    }
}

/// A server that runs until the test ends.
fn start(folder: &Path) -> Started {
    let options = Options {
        folder: folder.to_owned(),
        listen: "127.0.0.1:0".parse().unwrap(),
        certificate: None,
        client_authority: None,
        oidc: None,
        bucket: None,
        traces: None,
        identity: String::new(),
        limits: Limits::new(1 << 30),
    };
    let (said, heard) = mpsc::channel();
    std::thread::spawn(move || {
        serve(options, Arc::new(NoWorker), |started| said.send(started.clone()).unwrap())
    });
    heard.recv().unwrap()
}

/// Sends a request whose body is written whole before the answer is read.
fn request(folder: &Path, server: &Started, line: &str, body: &[u8]) -> String {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(folder.join("tls/certificate.pem")).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let config = Arc::new(config.with_root_certificates(roots).with_no_client_auth());
    let connection = ClientConnection::new(config, ServerName::try_from("127.0.0.1").unwrap()).unwrap();
    let mut stream = StreamOwned::new(connection, TcpStream::connect(server.address).unwrap());
    let token = server.token.as_deref().unwrap();
    let head = format!(
        "{line} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).unwrap();
    stream.write_all(body).unwrap();
    stream.flush().unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn a_chunk_may_be_sent_again_to_the_end() {
    let folder = tempfile::tempdir().unwrap();
    let server = start(folder.path());
    let chunk = vec![7; CHUNK_BYTES as usize];
    let digest = chunk_digest(&chunk).to_hex();
    let file =
        serde_json::json!({ "name": "a.enc", "bytes": 3 * CHUNK_BYTES, "chunks": [digest, digest, digest] });
    let new = serde_json::json!({ "kind": "data", "files": [file] }).to_string();
    let announced = request(folder.path(), &server, "POST /v1/projects/operator/uploads", new.as_bytes());
    let upload: serde_json::Value =
        serde_json::from_str(announced.split("\r\n\r\n").nth(1).unwrap()).unwrap();
    let id = upload["id"].as_str().unwrap();
    let line =
        |number: u64, id: &str| format!("PUT /v1/projects/operator/uploads/{id}/files/a.enc/chunks/{number}");
    for _ in 0..3 {
        assert!(request(folder.path(), &server, &line(1, id), &chunk).starts_with("HTTP/1.1 204"));
    }
    // one that is refused, likewise
    assert!(request(folder.path(), &server, &line(1, "0"), &chunk).starts_with("HTTP/1.1 404"));
}
