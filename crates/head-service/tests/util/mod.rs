//! A server and a client of a few lines: what tests of the service share.
#![allow(dead_code)]

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::{Arc, mpsc};

use head_service::{Limits, Options, Worker, serve};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

/// The usual options, on a free port.
pub(crate) fn options(folder: &Path) -> Options {
    Options {
        folder: folder.to_owned(),
        listen: "127.0.0.1:0".parse().unwrap(),
        certificate: None,
        client_authority: None,
        oidc: None,
        bucket: None,
        traces: None,
        identity: String::new(),
        limits: Limits::new(1 << 30),
    }
}

/// A server, as a client knows it.
#[derive(Clone, Debug)]
pub(crate) struct Server {
    pub(crate) folder: PathBuf,
    pub(crate) address: SocketAddr,
    pub(crate) token: String,
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("{}", self.text()))
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

impl Server {
    /// One that runs until the test ends.
    pub(crate) fn start(options: Options, worker: Arc<dyn Worker>) -> Self {
        let folder = options.folder.clone();
        let (said, heard) = mpsc::channel();
        std::thread::spawn(move || serve(options, worker, |started| said.send(started.clone()).unwrap()));
        let started = heard.recv().unwrap();
        Self { folder, address: started.address, token: started.token.unwrap() }
    }

    /// Asks for something of the project.
    pub(crate) fn request(&self, method: &str, place: &str, body: &[u8]) -> Answer {
        self.request_at(method, &format!("/v1/projects/operator/{place}"), body)
    }

    /// Sends a request whose body is written whole before the answer is read.
    pub(crate) fn request_at(&self, method: &str, path: &str, body: &[u8]) -> Answer {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_file(self.folder.join("tls/certificate.pem")).unwrap()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config =
            ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        let config = Arc::new(config.with_root_certificates(roots).with_no_client_auth());
        let connection = ClientConnection::new(config, ServerName::try_from("127.0.0.1").unwrap()).unwrap();
        let mut stream = StreamOwned::new(connection, TcpStream::connect(self.address).unwrap());
        let head = format!(
            "{method} {path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
            self.token,
            body.len()
        );
        stream.write_all(head.as_bytes()).unwrap();
        stream.write_all(body).unwrap();
        stream.flush().unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        let end = answer.windows(4).position(|four| four == b"\r\n\r\n").unwrap();
        let status = String::from_utf8_lossy(&answer[9..12]).parse().unwrap();
        Answer { status, body: answer.split_off(end + 4) }
    }
}
