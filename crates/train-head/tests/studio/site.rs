//! A studio for a test, and what is asked of it.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::util::Dir;

/// A studio that runs. Dropped, it is killed.
pub(crate) struct Studio<'a> {
    dir: &'a Dir,
    child: Child,
    /// `127.0.0.1:PORT`.
    pub(crate) host: String,
    /// The first part of every path.
    pub(crate) base: String,
    /// The link, without its host.
    pub(crate) link: String,
    /// The cookie, once the link was opened.
    pub(crate) cookie: String,
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("{self:?}"))
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

impl<'a> Studio<'a> {
    /// Starts one, and opens its link.
    pub(crate) fn new(dir: &'a Dir) -> Self {
        let mut studio = Self::unopened(dir);
        let opened = studio.request("GET", &studio.link.clone(), &[], b"");
        assert_eq!(opened.status, 200, "{opened:?}");
        let set = opened.head.lines().find_map(|line| line.strip_prefix("set-cookie: ")).unwrap();
        studio.cookie = set.split(';').next().unwrap().to_owned();
        studio
    }

    /// Starts one, whose link nobody has opened.
    pub(crate) fn unopened(dir: &'a Dir) -> Self {
        let mut command = dir.command();
        command.args(["studio", "--out", "studio", "--no-open", "--json", "--threads", "2"]);
        command.env("TRAIN_HEAD_HOME", dir.path("home"));
        let log = std::fs::OpenOptions::new().append(true).create(true).open(dir.path("log")).unwrap();
        let mut child = command.stdout(Stdio::piped()).stderr(log).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let said: Value = serde_json::from_str(&line)
            .unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&dir.read("log"))));
        let url = said["url"].as_str().unwrap().strip_prefix("http://").unwrap().to_owned();
        let (host, link) = url.split_once('/').unwrap();
        let base = format!("/{}", link.split('/').next().unwrap());
        Self { dir, child, host: host.to_owned(), base, link: format!("/{link}"), cookie: String::new() }
    }

    /// Kills it (-9), and starts another one in its folder.
    pub(crate) fn kill_and_start(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        *self = Self::new(self.dir);
    }

    /// Asks it to stop, and waits until it has. Returns the exit code.
    pub(crate) fn stop(&mut self) -> Option<i32> {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
        self.child.wait().unwrap().code()
    }

    /// Sends bytes as they are, and reads the answer to the end of the connection.
    pub(crate) fn raw(&self, bytes: &[u8]) -> Answer {
        let mut stream = TcpStream::connect(&self.host).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        // it may end the connection before it has read all
        let _ = stream.write_all(bytes).and_then(|()| stream.flush());
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        let end = answer.windows(4).position(|four| four == b"\r\n\r\n").map_or(answer.len(), |at| at + 4);
        let head = String::from_utf8_lossy(&answer[..end]).into_owned();
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
        Answer { status, head, body: answer[end..].to_vec() }
    }

    /// A request with these fields of its head beside its length. The connection ends with it.
    pub(crate) fn request(&self, method: &str, path: &str, fields: &[(&str, &str)], body: &[u8]) -> Answer {
        let mut head = format!("{method} {path} HTTP/1.0\r\ncontent-length: {}\r\n", body.len());
        if !fields.iter().any(|(name, _)| *name == "host") {
            head += &format!("host: {}\r\n", self.host);
        }
        fields.iter().for_each(|(name, value)| head += &format!("{name}: {value}\r\n"));
        self.raw(&[head.as_bytes(), b"\r\n", body].concat())
    }

    /// A request of the page.
    pub(crate) fn ask(&self, method: &str, path: &str, body: &[u8]) -> Answer {
        let origin = format!("http://{}", self.host);
        let fields =
            [("origin", origin.as_str()), ("cookie", &self.cookie), ("sec-fetch-site", "same-origin")];
        self.request(method, &format!("{}/{path}", self.base), &fields, body)
    }

    /// A request that must succeed. Returns its JSON.
    #[track_caller]
    pub(crate) fn ok(&self, method: &str, path: &str, body: &Value) -> Value {
        let body = if body.is_null() { Vec::new() } else { body.to_string().into_bytes() };
        let answer = self.ask(method, path, &body);
        assert!((200..300).contains(&answer.status), "{method} {path}: {answer:?}");
        if answer.body.is_empty() { Value::Null } else { answer.json() }
    }

    /// Uploads a table, and looks at it. Returns its name and what it holds.
    #[track_caller]
    pub(crate) fn upload(&self, name: &str, table: &[u8]) -> (String, Value) {
        let answer = self.ask("POST", &format!("api/data?name={name}"), table);
        assert_eq!(answer.status, 201, "{answer:?}");
        let id = answer.json()["id"].as_str().unwrap().to_owned();
        let look = self.ok("GET", &format!("api/data/{id}"), &Value::Null);
        (id, look["look"].clone())
    }

    /// Waits until a piece of work is no longer under way.
    #[track_caller]
    pub(crate) fn wait(&self, id: &str) -> Value {
        self.until(id, |work| work["state"] != "running")
    }

    /// Waits until something is so.
    #[track_caller]
    pub(crate) fn until(&self, id: &str, so: impl Fn(&Value) -> bool) -> Value {
        let begun = Instant::now();
        loop {
            let work = self.ok("GET", &format!("api/work/{id}"), &Value::Null);
            if so(&work) {
                return work;
            }
            assert!(begun.elapsed() < Duration::from_secs(300), "it did not happen: {work}");
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

impl Drop for Studio<'_> {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
