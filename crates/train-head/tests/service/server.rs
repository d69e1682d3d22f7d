//! A server of a test, and requests to it that no client of ours would make.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use serde_json::Value;

use crate::util::{Dir, Said};

/// A server in the folder `service` of a test. Dropped, it is killed.
pub(crate) struct Server<'a> {
    pub(crate) dir: &'a Dir,
    child: Child,
    pub(crate) address: SocketAddr,
    /// The operator's, as the first start printed it.
    pub(crate) token: String,
    pub(crate) fingerprint: String,
    /// Flags beside those that all have.
    more: Vec<String>,
    /// What stands before the program: a command that becomes the one in its last words, such as `env NAME=VALUE`.
    under: Vec<String>,
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("{self:?}"))
    }
}

impl<'a> Server<'a> {
    /// Starts a new server, and makes it known to the client of the test.
    pub(crate) fn new(dir: &'a Dir) -> Self {
        Self::with(dir, &[])
    }

    /// As [`Self::new`], with more flags.
    pub(crate) fn with(dir: &'a Dir, more: &[&str]) -> Self {
        Self::under(dir, more, &[])
    }

    /// As [`Self::with`], under another command, which becomes the server.
    pub(crate) fn under(dir: &'a Dir, more: &[&str], under: &[String]) -> Self {
        let more: Vec<String> = more.iter().map(|word| (*word).to_owned()).collect();
        let server = Self::start(dir, "127.0.0.1:0".parse().unwrap(), None, more, under.to_vec());
        dir.write("token", &server.token);
        let Self { address, fingerprint, .. } = &server;
        let client = |line: &str| server.client(line);
        assert_eq!(client(&format!("remote add here https://{address} --fingerprint {fingerprint}")).code, 0);
        assert_eq!(client("remote login --token-file token").code, 0);
        server
    }

    /// A new server with options from a file.
    pub(crate) fn of_file(dir: &'a Dir, options: &str) -> Self {
        dir.write("serve.toml", options);
        Self::begin(dir, &["--config", "serve.toml"], None, Vec::new())
    }

    fn start(
        dir: &'a Dir,
        address: SocketAddr,
        token: Option<String>,
        more: Vec<String>,
        under: Vec<String>,
    ) -> Self {
        let address = address.to_string();
        let mut flags = vec!["--folder", "service", "--listen", &address, "--memory", "2G"];
        flags.extend(more.iter().map(String::as_str));
        let mut started = Self::begin(dir, &flags, token, under);
        started.more = more;
        started
    }

    fn begin(dir: &'a Dir, flags: &[&str], token: Option<String>, under: Vec<String>) -> Self {
        let mut command = dir.command_under(&under);
        command.args(["serve", "--json"]).args(flags);
        let log = std::fs::OpenOptions::new().append(true).create(true).open(dir.path("log")).unwrap();
        let mut child = command.stdout(Stdio::piped()).stderr(log).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let said: Value = serde_json::from_str(&line)
            .unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&dir.read("log"))));
        let text = |name: &str| said[name].as_str().unwrap_or_default().to_owned();
        let address = text("url").trim_start_matches("https://").parse().unwrap();
        let token = token.unwrap_or_else(|| text("token"));
        Self { dir, child, address, token, fingerprint: text("fingerprint"), more: Vec::new(), under }
    }

    /// Kills the server (-9), and starts it again.
    pub(crate) fn kill_and_start(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        self.start_again();
    }

    /// Asks the server to stop, and waits until it has. Returns the exit code.
    pub(crate) fn stop(&mut self) -> Option<i32> {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
        self.child.wait().unwrap().code()
    }

    /// Starts a server that was stopped.
    pub(crate) fn start_again(&mut self) {
        let (more, under) = (std::mem::take(&mut self.more), std::mem::take(&mut self.under));
        *self = Self::start(self.dir, self.address, Some(self.token.clone()), more, under);
    }

    /// A command of the client, which has a home of its own for each test.
    pub(crate) fn command(&self, line: &str) -> Command {
        let mut command = self.dir.command();
        command.args(line.split_whitespace()).env("TRAIN_HEAD_HOME", self.dir.path("home"));
        command
    }

    /// Runs it.
    pub(crate) fn client(&self, line: &str) -> Said {
        Said::of(self.command(line).output().unwrap())
    }

    /// Runs it; it must succeed. Returns its JSON.
    #[track_caller]
    pub(crate) fn ok(&self, line: &str) -> Value {
        let said = self.client(&format!("{line} --json"));
        assert_eq!(said.code, 0, "{line}\n{}{}\n{}", said.stdout, said.stderr, self.log());
        said.json()
    }

    /// What the server logged.
    pub(crate) fn log(&self) -> String {
        String::from_utf8_lossy(&self.dir.read("log")).into_owned()
    }

    /// A folder of the service.
    pub(crate) fn folder(&self, name: &str) -> PathBuf {
        self.dir.path("service").join(name)
    }

    /// A connection.
    pub(crate) fn connect(&self) -> StreamOwned<ClientConnection, TcpStream> {
        let certificate = CertificateDer::from_pem_file(self.folder("tls/certificate.pem")).unwrap();
        let mut roots = RootCertStore::empty();
        roots.add(certificate).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config =
            ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        let config = config.with_root_certificates(roots).with_no_client_auth();
        let name = ServerName::try_from("127.0.0.1").unwrap();
        let socket = TcpStream::connect(self.address).unwrap();
        socket.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        StreamOwned::new(ClientConnection::new(Arc::new(config), name).unwrap(), socket)
    }

    /// Sends bytes as they are, and reads the answer. The server may end the connection before it has read all.
    pub(crate) fn raw(&self, bytes: &[u8]) -> Answer {
        let mut stream = self.connect();
        let _ = stream.write_all(bytes).and_then(|()| stream.flush());
        answer(stream)
    }

    /// A request of an account. `body` is sent as it is.
    pub(crate) fn request(&self, method: &str, path: &str, token: &str, body: &[u8]) -> Answer {
        let head = format!(
            "{method} {path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
            body.len()
        );
        self.raw(&[head.as_bytes(), body].concat())
    }
}

/// Reads an answer to the end of the connection.
pub(crate) fn answer(mut stream: impl Read) -> Answer {
    let mut bytes = Vec::new();
    // a connection that is cut ends the answer, too
    let _ = stream.read_to_end(&mut bytes);
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n").map_or(bytes.len(), |at| at + 4);
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
    Answer { status, head, body: bytes[end..].to_vec() }
}

/// Waits until something is there.
#[track_caller]
pub(crate) fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(begun.elapsed() < Duration::from_secs(300), "{what}: it did not happen");
        std::thread::sleep(Duration::from_millis(5));
    }
}

impl Drop for Server<'_> {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
